"""Reads the documents of files, folders and stdin: all that is wrong in any of them, at once."""

import io
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, TextIO

from gco.core.model.documents import MOST_BYTES
from gco.core.model.spec import InferenceEndpoint
from gco.core.model.validation import parse_documents
from gco.errors import InvalidSpecError, Problem

SUFFIXES = (".yaml", ".yml", ".json")
"""The files that are read of a folder; its own folders are not looked into."""
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


def _texts(path: str, stdin: TextIO) -> Iterator[tuple[bytes | str, str]]:
    if path == "-":
        # Bytes, so that text in another encoding is refused by its line, as in a file.
        stream = stdin.buffer if isinstance(stdin, io.TextIOWrapper) else stdin
        yield stream.read(_ENOUGH), "stdin"
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
