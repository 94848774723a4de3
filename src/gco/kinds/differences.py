"""Which fields of ours changed, and who holds them now: the story behind a hash that differs."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import orjson

from gco.kinds.fieldset import MEMBER, FieldSet, fieldset, owned_fields
from gco.kinds.projection import children_of, project_value
from gco.kinds.schema import schema_of
from gco.kinds.types import Type, Untyped

_Path: TypeAlias = tuple[str, ...]
_PLAIN: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


class FieldDifference(NamedTuple):
    """A field of ours that is not as it should be."""

    path: str
    """As a person would write it: `spec.template.spec.containers[inference].image`."""
    manager: str | None
    """The field manager that holds it now. None where none is recorded: the field was removed, or
    changed on admission or under our own manager's name."""
    time: str | None
    """When that manager last wrote, as in managedFields."""


def differences(
    expected: Mapping[str, Any], obj: Mapping[str, Any], manager: str
) -> tuple[FieldDifference, ...]:
    """Return which fields of ours are not as `expected` states them, and who holds each now.

    Empty exactly when `owned_hash(obj, manager)` is `expected_owned_hash(expected)`. What `manager`
    owns beyond `expected` is listed as well, as held by `manager`.
    """
    wanted, actual = fieldset(expected), owned_fields(obj, manager) or {}
    found = _changed((), _Node(wanted, expected), _Node(actual, obj), schema_of(expected))
    entries: Sequence[Mapping[str, Any]] = obj.get("metadata", {}).get("managedFields") or ()
    others = [entry for entry in entries if entry.get("fieldsV1") is not actual]
    return tuple(
        FieldDifference(readable(path), *_holder(path, others if _holds(wanted, path) else entries))
        for path in found
    )


class _Node(NamedTuple):
    """What one side owns at a path (None for nothing), and the value there."""

    fields: FieldSet | None
    value: Any

    def member(self) -> bool:
        return self.fields is not None and (not self.fields or MEMBER in self.fields)


def _changed(path: _Path, wanted: _Node, actual: _Node, of: Type) -> Iterator[_Path]:
    if wanted.fields is None:
        yield path  # ours, though nobody stated it
    elif not wanted.fields:
        if not actual.member() or _value(wanted, of) != _value(actual, of):
            yield path
    elif actual.value is None:
        yield path  # gone as a whole
    else:
        if path and actual.fields is not None and wanted.member() != actual.member():
            yield path
        yield from _changed_below(path, wanted, actual, of)


def _changed_below(path: _Path, wanted: _Node, actual: _Node, of: Type) -> Iterator[_Path]:
    ours, theirs = wanted.fields or {}, actual.fields or {}
    stated, live = children_of(wanted.value, of), children_of(actual.value, of)
    for key in (*ours, *(key for key in theirs if key not in ours)):
        if key != MEMBER:
            value, child = stated.get(key, (None, Untyped.ANY))
            yield from _changed(
                (*path, key),
                _Node(ours.get(key), value),
                _Node(theirs.get(key), live.get(key, (None, child))[0]),
                child,
            )


def _value(node: _Node, of: Type) -> Any:  # noqa: ANN401 - any JSON value
    return project_value(node.value, {}, of)


def _holder(path: _Path, entries: Sequence[Mapping[str, Any]]) -> tuple[str | None, str | None]:
    holders = [entry for entry in entries if _holds(entry.get("fieldsV1") or {}, path)]
    latest = max(holders, key=lambda entry: entry.get("time") or "", default={})
    return latest.get("manager"), latest.get("time")


def _holds(fields: FieldSet, path: _Path) -> bool:
    for position, key in enumerate(path):
        if not fields:
            return position > 0  # an ancestor is owned as one value
        if key not in fields:
            return False
        fields = fields[key]
    return True


def readable(path: Sequence[str]) -> str:
    """Return a path of managedFields as a person would write it."""
    return "".join(_readable(key) for key in path).removeprefix(".")


def _readable(key: str) -> str:
    kind, _, text = key.partition(":")
    match kind:
        case "f" if _PLAIN.fullmatch(text):
            return f".{text}"
        case "f":
            return f"[{text}]"
        case "k":
            return f"[{'/'.join(str(value) for value in orjson.loads(text).values())}]"
        case _:
            return f"[{orjson.loads(text)}]"
