"""Strategic merge: an overlay that changes what it names and leaves the rest, as `kubectl patch` has it.

Maps are merged field by field, lists as the API server's own documents say (containers and volumes
by name, ports by number; any other list is replaced). A map may carry the directive `$patch`:
`replace` puts it in the place of what was there, `delete` takes that away. An item of a list that
holds nothing but `$patch: replace` replaces the whole list by the items beside it.

Two things are simpler than in a patch: a volume that names another source loses the one it had
(kubectl computes `$retainKeys` for that), and what is new comes behind what was there.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from gco.kinds.canonical import canonical_quantity
from gco.kinds.directives import DELETE, PATCH, REPLACE
from gco.kinds.fieldset import child_type
from gco.kinds.types import ListOf, MapOf, Merge, Scalar, Struct, Type


def strategic_merge(original: Mapping[str, Any], patch: Mapping[str, Any], of: Type) -> Any:  # noqa: ANN401 - any JSON value
    """Return `original`, of type `of`, with `patch` over it; neither is changed."""
    if patch.get(PATCH) == REPLACE:
        return _plain(patch)
    merged = dict(original)
    for field, value in patch.items():
        if _directive(value) == DELETE:
            merged.pop(field, None)
        elif field != PATCH:
            how = of.merge(field) if isinstance(of, Struct) else None
            merged[field] = _joined(merged.get(field), value, child_type(of, field)[0], how)
    return merged


def normal(value: Any, of: Type) -> Any:  # noqa: ANN401 - any JSON value
    """Return a value of type `of` as it may be applied: quantities canonical, no map that is empty.

    A map whose keys are owned one by one is never empty in what is applied (see `fieldset`).
    """
    match value, of:
        case (str() | int() | float(), Scalar.QUANTITY):
            return canonical_quantity(value)
        case (list(), ListOf()):
            return [normal(item, of.elements) for item in value]
        case (dict(), _):
            children = {name: (child, child_type(of, name)[0]) for name, child in value.items()}
            return {
                name: normal(child, below)
                for name, (child, below) in children.items()
                if child != {} or not isinstance(below, MapOf) or below.atomic
            }
        case _:
            return value


def _joined(there: Any, value: Any, of: Type, how: Merge | None) -> Any:  # noqa: ANN401
    match there, value:
        case dict(), dict() if how is None or not how.replaced:
            return strategic_merge(_retained(there, value, how), value, of)
        case list(), list() if how is not None and how.merged and isinstance(of, ListOf):
            return _joined_lists(there, value, of, how)
        case _:
            return _plain(value)


def _joined_lists(there: Sequence[Any], value: Sequence[Any], of: ListOf, how: Merge) -> Any:  # noqa: ANN401 - any JSON value
    if not how.key:
        return [*there, *(item for item in value if item not in there)]
    if any(item == {PATCH: REPLACE} for item in value):
        return _plain(value)
    items = {item[how.key]: item for item in there}
    for item in value:
        key = item[how.key]
        if _directive(item) == DELETE:
            items.pop(key, None)
        else:
            before = _retained(items.get(key, {}), item, how)
            items[key] = strategic_merge(before, item, of.elements)
    return list(items.values())


def _retained(
    there: Mapping[str, Any], patch: Mapping[str, Any], how: Merge | None
) -> Mapping[str, Any]:
    if how is None or not how.retain_keys:
        return there
    return {field: value for field, value in there.items() if field in patch}


def _plain(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    """Return `value` without directives, and without what they delete."""
    match value:
        case dict():
            kept = {k: v for k, v in value.items() if k != PATCH and _directive(v) != DELETE}
            return {field: _plain(child) for field, child in kept.items()}
        case list():
            return [_plain(v) for v in value if _directive(v) != DELETE and v != {PATCH: REPLACE}]
        case _:
            return value


def _directive(value: Any) -> str | None:  # noqa: ANN401 - any JSON value
    return value.get(PATCH) if isinstance(value, dict) else None
