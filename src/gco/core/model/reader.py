"""From a YAML parser's events to plain data with the line of each value: strict and bounded.

Nothing is built that the limits do not allow, keys given twice are seen, and every problem that is
found later can name its line.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final, NoReturn

import yaml

from gco.core.model.allowed import Path
from gco.core.model.problems import path_text
from gco.core.model.scalars import scalar
from gco.errors import InvalidSpecError, Problem

MOST_VALUES: Final = 20_000
"""Values in one document, or in one element of a list of documents.

Each use of an alias counts with all the values and characters that it stands for, here and below.
"""
MOST_CHARACTERS: Final = 1_000_000
"""Characters of the values in one document; no store takes an endpoint half as large."""
MOST_VALUES_IN_FILE: Final = 1_000_000
"""Values in all documents of a text: 5,000 endpoints of 200 values each."""
MOST_CHARACTERS_IN_FILE: Final = 32_000_000
"""Characters of the values in all documents of a text."""
DEEPEST: Final = 50
"""Levels of nesting."""


@dataclasses.dataclass(frozen=True, slots=True)
class Document:
    """One document of a text."""

    data: Any
    source: str
    """The name of the text: a file's, or `the flags`."""
    lines: Mapping[Path, int]
    """The line of each value, from 1; without an entry for what an alias brought in."""
    repeated: tuple[Problem, ...] = ()
    """Fields that were given twice."""

    def where(self, path: Path) -> str:
        """Return the file and line of `path`, or of the nearest thing around it."""
        nearest = (path[:end] for end in range(len(path), -1, -1))
        line = next((self.lines[p] for p in nearest if p in self.lines), None)
        return f"{self.source}:{line}" if line else self.source


@dataclasses.dataclass(frozen=True, slots=True)
class _Size:
    """How much was read."""

    values: int = 0
    characters: int = 0

    def __add__(self, other: "_Size") -> "_Size":
        return _Size(self.values + other.values, self.characters + other.characters)

    def __sub__(self, other: "_Size") -> "_Size":
        return _Size(self.values - other.values, self.characters - other.characters)


_ONE: Final = _Size(values=1)
_MOST: Final = _Size(MOST_VALUES, MOST_CHARACTERS)
_MOST_IN_FILE: Final = _Size(MOST_VALUES_IN_FILE, MOST_CHARACTERS_IN_FILE)


@dataclasses.dataclass(slots=True)
class _Open:
    """A mapping or list of which the end was not seen yet."""

    value: dict[str, Any] | list[Any]
    path: Path
    anchor: str | None
    before: _Size
    """The size of the document up to its start."""
    key: str | None = None
    merged: list[Any] = dataclasses.field(default_factory=list)
    """What YAML's `<<` brings in."""


@dataclasses.dataclass(slots=True)
class Reader:
    """Builds documents out of the parser's events, without recursion."""

    source: str
    stack: list[_Open] = dataclasses.field(default_factory=list)
    anchors: dict[str, tuple[Any, _Size]] = dataclasses.field(default_factory=dict)
    """Each anchor's value, and its size."""
    lines: dict[Path, int] = dataclasses.field(default_factory=dict)
    repeated: list[Problem] = dataclasses.field(default_factory=list)
    documents: list[Document] = dataclasses.field(default_factory=list)
    """The documents that ended and were not yielded yet."""
    size: _Size = _Size()
    """Of the document, or of the element of the list of documents."""
    total: _Size = _Size()
    """Of all documents."""

    def take(self, event: yaml.Event) -> Iterator[Document]:
        """Take in `event`, and yield the documents that end with it: a list is several."""
        line = event.start_mark.line + 1 if event.start_mark else 0
        match event:
            case yaml.DocumentStartEvent():
                self.anchors = {}
                self._begin()
            case yaml.DocumentEndEvent():
                yield from self.documents
                self.documents = []
            case yaml.MappingStartEvent():
                self._open(event, {}, line)
            case yaml.SequenceStartEvent():
                self._open(event, [], line)
            case yaml.MappingEndEvent() | yaml.SequenceEndEvent():
                self._close()
            case yaml.ScalarEvent():
                self._scalar(event, line)
            case yaml.AliasEvent():
                value, size = self._anchored(event, line)
                self._count(size, line)
                self._put(value, line)
            case _:
                pass  # the stream's own start and end

    def _begin(self) -> None:
        self.lines, self.repeated, self.size = {}, [], _Size()

    def _end(self, data: Any) -> None:  # noqa: ANN401 - any JSON value
        self.documents.append(Document(data, self.source, self.lines, tuple(self.repeated)))
        self._begin()

    def _open(self, event: yaml.CollectionStartEvent, empty: Any, line: int) -> None:  # noqa: ANN401
        if self._expects_key():
            self._refuse("a list or mapping as a key", "text as a key", line)
        if len(self.stack) >= DEEPEST:
            self._refuse("", f"at most {DEEPEST} levels of nesting", line)
        before = self.size
        self._count(_ONE, line)
        path = self._next_path()
        if self.stack or isinstance(empty, dict):  # a list of documents has no line of its own
            self._note(path, line)
        self.stack.append(_Open(empty, path, event.anchor, before))

    def _close(self) -> None:
        done = self.stack.pop()
        for merged in done.merged:
            for key, value in merged.items():
                done.value.setdefault(key, value)  # type: ignore[union-attr]  # only mappings merge
        if done.anchor is not None:
            self.anchors[done.anchor] = (done.value, self.size - done.before)
        self._put(done.value, 0)

    def _scalar(self, event: yaml.ScalarEvent, line: int) -> None:
        size = _Size(values=1, characters=len(event.value))
        self._count(size, line)
        if self._expects_key():
            self._key(event, line)
            return
        try:
            value = scalar(event.value, event.tag, plain=event.implicit[0])
        except ValueError as error:
            self._refuse(event.tag or "", str(error), line)
        if event.anchor is not None:
            self.anchors[event.anchor] = (value, size)
        self._put(value, line)

    def _key(self, event: yaml.ScalarEvent, line: int) -> None:
        mapping = self.stack[-1]
        mapping.key = event.value
        path = (*mapping.path, event.value)
        if event.value in mapping.value:
            path = self._within_document(path)
            first = self.lines.get(path, line)
            allowed = f"given twice, in line {first} as well; each field once"
            self.repeated.append(Problem(path_text(path), "", allowed, f"{self.source}:{line}"))
            return
        self._note(path, line)

    def _put(self, value: Any, line: int) -> None:  # noqa: ANN401 - any JSON value
        if not self.stack:
            # Nothing stands for an empty document; the documents of a list ended one by one.
            if value is not None and not isinstance(value, list):
                self._note((), line or 1)
                self._end(value)
            return
        top = self.stack[-1]
        if isinstance(top.value, list):
            if line:
                self._note(self._next_path(), line)
            top.value.append(value)
            if len(self.stack) == 1:
                self._end(value)
            return
        if top.key == "<<":
            self._merge(top, value, line)
        elif top.key is not None:
            top.value[top.key] = value
        top.key = None

    def _merge(self, top: _Open, value: Any, line: int) -> None:  # noqa: ANN401 - any JSON value
        merged = value if isinstance(value, list) else [value]
        if not all(isinstance(item, dict) for item in merged):
            self._refuse("<<", "a mapping, or a list of mappings, to merge", line)
        top.merged.extend(merged)

    def _expects_key(self) -> bool:
        return (
            bool(self.stack)
            and isinstance(self.stack[-1].value, dict)
            and self.stack[-1].key is None
        )

    def _next_path(self) -> Path:
        if not self.stack:
            return ()
        top = self.stack[-1]
        step = len(top.value) if isinstance(top.value, list) else top.key
        return (*top.path, step if step is not None else "")

    def _within_document(self, path: Path) -> Path:
        """Return `path` without its place in a list of documents."""
        return path[1:] if self.stack and isinstance(self.stack[0].value, list) else path

    def _note(self, path: Path, line: int) -> None:
        self.lines.setdefault(self._within_document(path), line)

    def _anchored(self, event: yaml.AliasEvent, line: int) -> tuple[Any, _Size]:
        if self._expects_key():
            self._refuse(f"*{event.anchor}", "text as a key", line)
        found = self.anchors.get(event.anchor or "")
        if found is None:
            self._refuse(f"*{event.anchor}", "an alias of something that stands before it", line)
        return found

    def _count(self, size: _Size, line: int) -> None:
        self.size += size
        self.total += size
        exceeded = _exceeded(self.size, _MOST, "a document") or _exceeded(
            self.total, _MOST_IN_FILE, "a file"
        )
        if exceeded:
            self._refuse("", exceeded, line)

    def _refuse(self, given: str, allowed: str, line: int) -> NoReturn:
        path = path_text(self.stack[-1].path) if self.stack else ""
        raise InvalidSpecError(
            [Problem(path or f"line {line}", given, allowed, f"{self.source}:{line}")]
        )


def _exceeded(size: _Size, most: _Size, where: str) -> str:
    """Return the bound that `size` is over; empty where it is within both."""
    if size.values > most.values:
        return f"at most {most.values} values in {where}, aliases included"
    if size.characters > most.characters:
        return f"at most {most.characters} characters in {where}, aliases included"
    return ""
