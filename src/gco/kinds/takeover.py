"""Taking fields over from the managers that hold them, so that our next apply decides on them.

A forced apply alone does not heal every edit: what an editor added, the editor owns, and the apply
leaves it there. Moving the editor's managedFields entries into ours makes the apply remove it.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, TypeAlias

from gco.kinds.fieldset import FieldSet, difference, intersection, is_apply_of, union
from gco.kinds.patches import replacing

FieldPath: TypeAlias = tuple[str, ...]
"""Keys of a FieldSet from its root: `("f:spec", "f:ports")`."""


def take_over(
    live: Mapping[str, Any], manager: str, paths: Collection[FieldPath]
) -> list[dict[str, Any]] | None:
    """Return a JSON patch that makes `manager` the owner of what others hold at or below `paths`.

    It is guarded by the resourceVersion of `live`. None where nobody else holds any of it; what
    was written through a subresource counts as nobody's.
    """
    return _moved(live, manager, lambda _: paths)


def take_all(
    live: Mapping[str, Any],
    manager: str,
    paths: Collection[FieldPath],
    *,
    maker: FieldPath,
    made: Collection[FieldPath],
    leave: Collection[FieldPath] = (),
) -> list[dict[str, Any]] | None:
    """As `take_over`, with `made` as well from whoever holds the field `maker`, and without `leave`."""

    def of(fields: FieldSet) -> Collection[FieldPath]:
        return (*paths, *made) if _descend(fields, maker) is not None else paths

    return _moved(live, manager, of, leave)


def _moved(
    live: Mapping[str, Any],
    manager: str,
    paths_of: Callable[[FieldSet], Collection[FieldPath]],
    leave: Collection[FieldPath] = (),
) -> list[dict[str, Any]] | None:
    taken: FieldSet = {}
    kept: list[Mapping[str, Any]] = []
    for entry in live["metadata"].get("managedFields") or ():
        fields = entry.get("fieldsV1") or {}
        foreign = not (is_apply_of(entry, manager) or entry.get("subresource"))
        common = _within(fields, paths_of(fields)) if foreign else {}
        common = difference(common, _within(common, leave)) if leave else common
        taken = union(taken, common)
        rest = difference(fields, common) if common else fields
        if rest:
            kept.append({**entry, "fieldsV1": rest})
    if not taken:
        return None
    entries = _give(kept, taken, manager, live["apiVersion"])
    return replacing(live, {"/metadata/managedFields": entries})


def held_by_others(live: Mapping[str, Any], manager: str, paths: Collection[FieldPath]) -> FieldSet:
    """Return what managers other than `manager` hold at or below `paths`, as `take_over` counts."""
    held: FieldSet = {}
    for entry in live["metadata"].get("managedFields") or ():
        if not (is_apply_of(entry, manager) or entry.get("subresource")):
            held = union(held, _within(entry.get("fieldsV1") or {}, paths))
    return held


def _within(fields: FieldSet, paths: Collection[FieldPath]) -> FieldSet:
    """Return the part of `fields` that is at or below one of `paths`."""
    found: FieldSet = {}
    for path in paths:
        below = _descend(fields, path)
        if below is not None:
            found = union(found, _nested(path, below)) if found else _nested(path, below)
    return intersection(fields, found) if found else {}


def _descend(fields: FieldSet, path: FieldPath) -> FieldSet | None:
    for step in path:
        if step not in fields:
            return None
        fields = fields[step]
    return fields


def _nested(path: FieldPath, below: FieldSet) -> FieldSet:
    for step in reversed(path):
        below = {step: below}
    return below


def _give(
    entries: list[Mapping[str, Any]], taken: FieldSet, manager: str, api_version: str
) -> list[Mapping[str, Any]]:
    """Return `entries` with `taken` in the manager's own, which is made where there is none."""
    if not any(is_apply_of(entry, manager) for entry in entries):
        own = {
            "manager": manager,
            "operation": "Apply",
            "apiVersion": api_version,
            "fieldsType": "FieldsV1",
            "fieldsV1": taken,
        }
        return [*entries, own]
    return [
        {**entry, "fieldsV1": union(entry["fieldsV1"], taken)}
        if is_apply_of(entry, manager)
        else entry
        for entry in entries
    ]
