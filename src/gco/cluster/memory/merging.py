"""Merge, compare and prune by list types: the arithmetic below server-side apply.

The algorithms are those of sigs.k8s.io/structured-merge-diff: what merges item by item, what counts
as added, modified or removed, and what an applier that stops stating a field takes away with it.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from gco.kinds.fieldset import (
    MEMBER,
    FieldSet,
    child_type,
    difference,
    fields_of,
    intersection,
    is_leaf,
    member,
    union,
)
from gco.kinds.types import ListOf, Struct, Type, Untyped

Json: TypeAlias = Any


class _Absent:
    """Stands for no value at all, which null is not."""


ABSENT: Final = _Absent()


def merge(live: Json, stated: Json, of: Type) -> Json:
    """Return `live` with what `stated` says, item by item where the type says so."""
    if live is ABSENT or stated is ABSENT:
        return live if stated is ABSENT else stated
    if is_leaf(stated, of) or is_leaf(live, of) or not live:
        return stated
    if not stated:
        return live
    if isinstance(of, ListOf):
        return _merge_lists(live, stated, of)
    return {
        name: merge(live.get(name, ABSENT), stated.get(name, ABSENT), child_type(of, name)[0])
        for name in {**live, **stated}
    }


def _merge_lists(live: list[Json], stated: list[Json], of: ListOf) -> list[Json]:
    """Keep the order of `stated` for what it names, and what only `live` has where it was."""
    theirs = {of.element(item): item for item in live}
    ours = {of.element(item): item for item in stated}
    shared = [key for key in ours if key in theirs]
    merged: list[Json] = []
    waiting = iter(ours)
    for key, item in theirs.items():
        if key not in ours:
            merged.append(item)
        elif shared and key == shared[0]:
            merged += _until(waiting, key, ours, theirs, of)
            shared.pop(0)
    merged += _until(waiting, "", ours, theirs, of)
    return merged


def _until(
    waiting: Iterator[str],
    last: str,
    ours: Mapping[str, Json],
    theirs: Mapping[str, Json],
    of: ListOf,
) -> Iterator[Json]:
    for key in waiting:
        yield merge(theirs.get(key, ABSENT), ours[key], of.elements)
        if key == last:
            return


@dataclasses.dataclass(slots=True)
class Comparison:
    """Which paths differ between two values."""

    added: FieldSet = dataclasses.field(default_factory=dict)
    modified: FieldSet = dataclasses.field(default_factory=dict)
    removed: FieldSet = dataclasses.field(default_factory=dict)

    def without(self, fields: FieldSet) -> "Comparison":
        """Return the comparison as if everything under `fields` were equal."""
        return Comparison(*(exclude(each, fields) for each in self.parts()))

    def parts(self) -> tuple[FieldSet, FieldSet, FieldSet]:
        """Return added, modified and removed."""
        return self.added, self.modified, self.removed


def compare(old: Json, new: Json, of: Type) -> Comparison:
    """Return which paths `new` adds to, changes in or removes from `old`."""
    found = Comparison()
    _compare((), old, new, of, found)
    return found


def _compare(path: tuple[str, ...], old: Json, new: Json, of: Type, found: Comparison) -> None:
    if old is not ABSENT and old == new:
        return
    leaf = (old is not ABSENT and is_leaf(old, of)) or (new is not ABSENT and is_leaf(new, of))
    if not leaf and (_empty(old) and _empty(new)):
        leaf = True
    if not leaf:
        before, after = _children(old, of), _children(new, of)
        for key in {**before, **after}:
            left, right = before.get(key, ABSENT), after.get(key, ABSENT)
            if left is ABSENT or left != right:
                _compare((*path, key), left, right, _below(of, key), found)
    if old is ABSENT:
        insert(found.added, path)
    elif new is ABSENT:
        insert(found.removed, path)
    elif leaf and old != new:
        insert(found.modified, path)


def _empty(value: Json) -> bool:
    return value is ABSENT or not value


def _children(value: Json, of: Type) -> dict[str, Json]:
    if value is ABSENT or not value:
        return {}
    if isinstance(of, ListOf):
        return {of.element(item): item for item in value}
    return {f"f:{name}": child for name, child in value.items()}


def _below(of: Type, key: str) -> Type:
    """Return the type of the child at the path element `key`."""
    return of.elements if isinstance(of, ListOf) else child_type(of, key[2:])[0]


def insert(fields: FieldSet, path: tuple[str, ...]) -> None:
    """Make `path` a member of `fields`, in place."""
    if not path:
        return
    *parents, last = path
    for key in parents:
        below = fields.get(key)
        if below is None:
            below = fields[key] = {}
        elif not below:
            below[MEMBER] = {}
        fields = below
    if fields.get(last):
        fields[last][MEMBER] = {}
    else:
        fields[last] = {}


def exclude(fields: FieldSet, prefixes: FieldSet) -> FieldSet:
    """Return `fields` without every path at or below a leaf of `prefixes`."""
    kept = {}
    for key, below in fields.items():
        if key not in prefixes:
            kept[key] = below
        elif prefixes[key] and (rest := exclude(below, prefixes[key])):
            kept[key] = rest
    return kept


def prune(merged: Json, of: Type, last: FieldSet, owned: FieldSet) -> Json:
    """Return `merged` without what its applier stated last time, and nobody owns now.

    `last` is what the applier owned before, `owned` the union of what every manager owns with what
    the applier states now.
    """
    last = _named(last, of)
    pruned = remove(merged, of, last)
    everything = _named(fields_of(merged, of) or {}, of)
    kept = union(_named(fields_of(pruned, of) or {}, of), _named(owned, of))
    pruned = remove(merged, of, difference(everything, kept))
    gone = difference(everything, _named(fields_of(pruned, of) or {}, of))
    return remove(merged, of, intersection(gone, last))


def remove(value: Json, of: Type, fields: FieldSet) -> Json:
    """Return `value` without the paths of `fields`; a map or list that loses all is gone itself."""
    if isinstance(value, list) and isinstance(of, ListOf) and not of.atomic:
        keyed = [(of.element(item), item, of.elements) for item in value]
        return [item for _, item in _kept(keyed, fields)] or None
    if isinstance(value, dict) and not is_leaf(value, of):
        named = [(f"f:{name}", item, child_type(of, name)[0]) for name, item in value.items()]
        return {key[2:]: item for key, item in _kept(named, fields)} or None
    return value


def _kept(items: list[tuple[str, Json, Type]], fields: FieldSet) -> Iterator[tuple[str, Json]]:
    for key, item, of in items:
        below = fields.get(key)
        if below is None:
            yield key, item
        elif below and MEMBER not in below:
            rest = remove(item, of, below)
            if rest is not None:
                yield key, rest


def _named(fields: FieldSet, of: Type) -> FieldSet:
    """Return `fields` with each field that a struct names a member, if anything below it is."""
    out = {}
    for key, below in fields.items():
        if key == MEMBER or not below:
            out[key] = below
            continue
        if key.startswith("f:"):
            child, named = child_type(of, key[2:])
            named = named and isinstance(of, Struct)
        else:
            child, named = (of.elements if isinstance(of, ListOf) else Untyped.ANY), False
        deeper = _named(below, child)
        out[key] = member(deeper) if named else deeper
    return out
