"""Which fields of an object a field manager owns, in the form of managedFields (FieldsV1).

A FieldSet is a nested dict as the API server writes it: `f:NAME` is a field, `k:{...}` an item of
a list by its keys, `v:...` an item of a set. An empty dict says that the path is a member; a path
with members below it is one itself where it has the key `.`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final, TypeAlias

from gco.kinds.schema import schema_of
from gco.kinds.types import ListOf, MapOf, Scalar, Struct, Type, Untyped

FieldSet: TypeAlias = dict[str, Any]

MEMBER: Final = "."
"""The key that makes a path with members below it a member itself."""

_NOT_OWNED: Final = ("f:apiVersion", "f:kind")
_NOT_OWNED_METADATA: Final = frozenset(
    f"f:{name}"
    for name in (
        "name",
        "namespace",
        "creationTimestamp",
        "selfLink",
        "uid",
        "clusterName",
        "generation",
        "managedFields",
        "resourceVersion",
    )
)


def fieldset(manifest: Mapping[str, Any]) -> FieldSet:
    """Return what a server-side apply of `manifest` makes its manager own.

    Equal to the API server's own entry, with three exceptions that a renderer must not produce:
    a float where an integer belongs, an integer quantity, a struct that holds only empty lists.
    """
    fields = strip(fields_of(manifest, schema_of(manifest)) or {})
    fields.pop("f:status", None)  # written through its own subresource alone
    return fields


def strip(fields: FieldSet) -> FieldSet:
    """Return `fields` without those that no manager ever owns: the object's identity."""
    kept = {key: sub for key, sub in fields.items() if key not in _NOT_OWNED}
    metadata = kept.pop("f:metadata", {})
    owned = {k: sub for k, sub in metadata.items() if k not in _NOT_OWNED_METADATA and k != MEMBER}
    return {"f:metadata": owned, **kept} if owned else kept


def fields_of(value: Any, of: Type) -> FieldSet | None:  # noqa: ANN401 - any JSON value
    """Return the paths below a value of type `of`: empty where the value itself is the leaf.

    None stands for a value without any, such as an empty list of items with keys.
    """
    if is_leaf(value, of):
        return {}
    if isinstance(of, ListOf):
        return {
            of.element(item): member(fields_of(item, of.elements)) for item in value or ()
        } or None
    fields: FieldSet = {}
    for name, child in (value or {}).items():
        below, named = child_type(of, name)
        leaf = isinstance(below, Scalar) or below is Untyped.ANY
        sub = {} if leaf else _entry(child, below, named)
        if sub is not None:
            fields[f"f:{name}"] = sub
    return fields or None


def is_leaf(value: Any, of: Type) -> bool:  # noqa: ANN401 - any JSON value
    """Return whether a value of type `of` is owned as one."""
    if isinstance(of, Scalar) or of is Untyped.ANY:
        return True
    if isinstance(of, Untyped):
        return not isinstance(value, dict) and value is not None
    return of.atomic


def child_type(of: Type, name: str) -> tuple[Type, bool]:
    """Return the type of a map's or struct's field, and whether the type names that field."""
    if isinstance(of, Struct):
        named = of.fields.get(name)
        return (named, True) if named is not None else (of.others or Untyped.ANY, False)
    if isinstance(of, MapOf):
        return of.elements, False
    if isinstance(of, Untyped):
        return of, of is Untyped.OBJECT
    return Untyped.ANY, False


def _entry(value: Any, of: Type, named: bool) -> FieldSet | None:  # noqa: ANN401 - any JSON value
    below = fields_of(value, of)
    if named and value is not None and value != {}:
        return below
    return member(below)


def member(fields: FieldSet | None) -> FieldSet:
    """Return `fields` with the path that holds them a member as well."""
    return {MEMBER: {}, **fields} if fields else {}


def owned_fields(obj: Mapping[str, Any], manager: str) -> FieldSet | None:
    """Return what `manager` owns by server-side apply; None where it has no such entry."""
    for entry in obj.get("metadata", {}).get("managedFields") or ():
        if is_apply_of(entry, manager):
            fields: FieldSet = entry.get("fieldsV1") or {}
            return fields
    return None


def is_apply_of(entry: Mapping[str, Any], manager: str) -> bool:
    """Return whether an entry of managedFields is the manager's by server-side apply.

    Not through a subresource: that is another entry, which another apply keeps.
    """
    return (
        entry.get("manager") == manager
        and entry.get("operation") == "Apply"
        and not entry.get("subresource")
    )


def union(a: FieldSet, b: FieldSet) -> FieldSet:
    """Return every path that is in `a` or `b`."""
    both = {key: _either(a[key], b[key]) for key in a.keys() & b.keys()}
    return {**a, **b, **both}


def difference(a: FieldSet, b: FieldSet) -> FieldSet:
    """Return every path of `a` that is not in `b`."""
    return _difference(a, b) or {}


def intersection(a: FieldSet, b: FieldSet) -> FieldSet:
    """Return every path that is both in `a` and in `b`."""
    return _intersection(a, b) or {}


def _is_member(fields: FieldSet) -> bool:
    return not fields or MEMBER in fields


def _below(fields: FieldSet) -> Iterator[tuple[str, FieldSet]]:
    return ((key, sub) for key, sub in fields.items() if key != MEMBER)


def _either(a: FieldSet, b: FieldSet) -> FieldSet:
    return union(a, b) if a and b else member(a or b)


def _difference(a: FieldSet, b: FieldSet) -> FieldSet | None:
    kept = {}
    for key, sub in _below(a):
        rest = _minus(sub, b[key]) if key in b else sub
        if rest is not None:
            kept[key] = rest
    return kept or None


def _minus(a: FieldSet, b: FieldSet) -> FieldSet | None:
    below = _difference(a, b)
    return member(below) if _is_member(a) and not _is_member(b) else below


def _intersection(a: FieldSet, b: FieldSet) -> FieldSet | None:
    kept = {}
    for key, sub in _below(a):
        if key in b:
            common = _common(sub, b[key])
            if common is not None:
                kept[key] = common
    return kept or None


def _common(a: FieldSet, b: FieldSet) -> FieldSet | None:
    below = _intersection(a, b)
    return member(below) if _is_member(a) and _is_member(b) else below
