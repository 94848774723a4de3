"""YAML and JSON text as documents of plain data; what cannot be read is told by line and column.

JSON is read as the part of YAML that it is.
"""

import re
from collections.abc import Iterator
from typing import Final

import yaml

from gco.core.model.reader import Document, Reader
from gco.core.model.shown import shown
from gco.errors import InvalidSpecError, Problem

_PARSER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""libyaml's where PyYAML was built with it."""
MOST_BYTES: Final = 32_000_000
"""The longest text that is read: 5,000 endpoints of 6 kB each. Characters where it is decoded."""
_SURROGATES: Final = re.compile(
    r"(?<!\\)((?:\\\\)*)\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})"
)
_JSON_ONLY: Final = re.compile("[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""May stand in a JSON string as they are, but not in YAML's."""


def read_documents(text: bytes | str, source: str) -> tuple[Document, ...]:
    """Return the documents in `text` that are not empty; a list at the top is several documents.

    Raises InvalidSpecError, with line and column where the text cannot be read.
    """
    if len(text) > MOST_BYTES:
        raise InvalidSpecError([Problem("", "", f"at most {MOST_BYTES} bytes of text", source)])
    try:
        return tuple(_documents(decoded(text, source), source))
    except yaml.YAMLError as error:
        raise InvalidSpecError([_unreadable(error, _as_text(text), source)]) from error


def _documents(text: str, source: str) -> Iterator[Document]:
    reader = Reader(source)
    for event in yaml.parse(_json_as_yaml(text), Loader=_PARSER):
        yield from reader.take(event)


def decoded(text: bytes | str, source: str, *, first_line: int = 1) -> str:
    """Return `text`, without a byte order mark; raises InvalidSpecError where it is not UTF-8."""
    if isinstance(text, str):
        return text.removeprefix("\ufeff")
    try:
        return text.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = text.count(b"\n", 0, error.start) + first_line
        where = f"line {line}, byte {error.start + 1} of the text"
        problem = Problem(where, f"0x{text[error.start]:02x}", "UTF-8 text", f"{source}:{line}")
        raise InvalidSpecError([problem]) from error


def _as_text(text: bytes | str) -> str:
    return text if isinstance(text, str) else text.decode("utf-8", "replace")


def _json_as_yaml(text: str) -> str:
    """Escape what JSON may hold as it is, and join the pairs in which it writes characters."""
    if not text.lstrip().startswith(("{", "[")):
        return text
    joined = _SURROGATES.sub(_joined, text)
    return _JSON_ONLY.sub(lambda found: f"\\u{ord(found[0]):04x}", joined)


def _joined(pair: re.Match[str]) -> str:
    high, low = int(pair[2], 16), int(pair[3], 16)
    return f"{pair[1]}\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _unreadable(error: yaml.YAMLError, text: str, source: str) -> Problem:
    line, column, why = 1, 1, "text that can be read as YAML"
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        line, column = error.problem_mark.line + 1, error.problem_mark.column + 1
        why = f"readable YAML: {error.problem}"
    elif isinstance(error, yaml.reader.ReaderError):
        before = text[: error.position]
        line, column = before.count("\n") + 1, error.position - before.rfind("\n")
        why = f"readable YAML: {error.reason}"
    lines = text.splitlines() or [""]
    given = shown(lines[min(line, len(lines)) - 1].strip())
    return Problem(f"line {line}, column {column}", given, why, f"{source}:{line}")
