"""Reads files, folders and stdin: all that is wrong in any document of them, at once."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, Final, TextIO

from gco.core.model.documents import MOST_BYTES, decoded
from gco.core.model.spec import InferenceEndpoint
from gco.core.model.validation import parse_documents
from gco.errors import InvalidSpecError, Problem

SUFFIXES = (".yaml", ".yml", ".json")
"""The files that are read of a folder; its own folders are not looked into."""
STDIN: Final = "stdin"
_ENOUGH: Final = MOST_BYTES + 1
"""Bytes of a file or of stdin after which the rest is left: the text is refused as too long."""


def read_all(paths: Sequence[str], stdin: TextIO) -> list[InferenceEndpoint]:
    """Return the endpoints of every file, `-` being stdin; raises InvalidSpecError."""
    found: list[InferenceEndpoint] = []
    problems: list[Problem] = []
    for path in paths:
        try:
            for text, source in _texts(path, stdin):
                found += _parsed(text, source, problems)
        except OSError as error:
            problems.append(Problem(path, "", f"cannot be read: {error.strerror}"))
    if not found and not problems:
        told = ", ".join(paths)
        problems.append(Problem(told, "", "at least one InferenceEndpoint document"))
    if problems:
        raise InvalidSpecError(problems)
    return found


def read_prompt(stdin: TextIO) -> str:
    """Return what stdin holds, as UTF-8; raises InvalidSpecError where it is something else."""
    text = _stream(stdin).read(_ENOUGH)
    if len(text) == _ENOUGH:
        raise InvalidSpecError([Problem(STDIN, "", f"at most {MOST_BYTES:,} bytes")])
    return decoded(text, STDIN)


def read_lines(stdin: TextIO) -> Iterator[str]:
    """Yield the lines of stdin as they come; raises InvalidSpecError at one that is not UTF-8."""
    lines: Iterator[bytes | str] = iter(_stream(stdin))
    for number, line in enumerate(lines, 1):
        yield decoded(line, STDIN, first_line=number).rstrip("\n")


def _stream(stdin: TextIO) -> BinaryIO | TextIO:
    """Return stdin's bytes, so that another encoding is refused by its line, as in a file."""
    return stdin.buffer if isinstance(stdin, io.TextIOWrapper) else stdin


def _texts(path: str, stdin: TextIO) -> Iterator[tuple[bytes | str, str]]:
    if path == "-":
        yield _stream(stdin).read(_ENOUGH), STDIN
    elif (folder := Path(path)).is_dir():
        for file in sorted(f for f in folder.iterdir() if f.suffix in SUFFIXES and f.is_file()):
            yield _beginning(file), str(file)
    else:
        yield _beginning(Path(path)), path


def _beginning(file: Path) -> bytes:
    with file.open("rb") as opened:
        return opened.read(_ENOUGH)


def _parsed(
    text: bytes | str, source: str, problems: list[Problem]
) -> tuple[InferenceEndpoint, ...]:
    try:
        return parse_documents(text, source)
    except InvalidSpecError as error:
        problems += error.problems
        return ()
