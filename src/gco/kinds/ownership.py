"""Whether an object is in sync with a manifest, as far as the fields that we own go.

Only what our own managedFields entry covers is looked at, so that defaults, injected sidecars and
autoscalers never read as drift.
"""

from collections.abc import Mapping
from typing import Any, Final

from gco.kinds.canonical import canonical_quantity, digest
from gco.kinds.fieldset import MEMBER, FieldSet, child_type, fieldset, is_leaf, owned_fields
from gco.kinds.memo import Memo
from gco.kinds.schema import schema_of
from gco.kinds.types import ListOf, Scalar, Struct, Type, Untyped

_HASH_LENGTH: Final = 32
_REMEMBERED: Final = 8192
"""Hashes kept, a quarter of a KiB each: of most changes to an object, none is to what we own."""
_RENDERED: Final = 65_536
"""As many for what is rendered at each look: of 10,000 endpoints, each object's."""
_ATOM_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ObjectFieldSelector": {"apiVersion": "v1"},
    "ResourceFieldSelector": {"divisor": "0"},
    "ServiceAccountTokenProjection": {"expirationSeconds": 3600},
}
"""What the API server adds inside values that are owned as one."""


_ABSENT: Final[tuple[None, Type]] = (None, Untyped.ANY)
_owned = Memo(_REMEMBERED)
_expected = Memo(_RENDERED)


def owned_hash(obj: Mapping[str, Any], manager: str) -> str | None:
    """Return a hash over what `manager` owns by apply and the live values; None for nothing.

    Equal to `expected_owned_hash` of a manifest exactly when the object is in sync with it.
    """
    fields = owned_fields(obj, manager)
    if fields is None:
        return None
    return _owned.get([fields, _below_names(obj, fields)], lambda: _hash(obj, fields))


def expected_owned_hash(manifest: Mapping[str, Any], content: str | None = None) -> str:
    """Return the `owned_hash` of an object to which `manifest` was just applied.

    `content` is a digest, in hex, that no other manifest has, where one is at hand.
    """

    def compute() -> str:
        return _hash(manifest, fieldset(manifest))

    if content is None:
        return _expected.get(manifest, compute)
    return _expected.get_by(bytes.fromhex(content), compute)


def _hash(obj: Mapping[str, Any], fields: FieldSet) -> str:
    return digest([fields, project(obj, fields)], length=_HASH_LENGTH)


def _below_names(obj: Mapping[str, Any], fields: FieldSet) -> dict[str, Any]:
    """Return all of `obj` that its projection can depend on: its type, and what `fields` name.

    Status and resourceVersion, which change most, are not ours and stay out.
    """
    named = {key: obj.get(key) for key in ("apiVersion", "kind", *_names(fields))}
    owned = _names(fields.get("f:metadata", {}))
    metadata = obj.get("metadata") or {}
    return {**named, "metadata": {name: metadata.get(name) for name in owned}}


def _names(fields: FieldSet) -> list[str]:
    return [key.removeprefix("f:") for key in fields if key.startswith("f:")]


def project(obj: Mapping[str, Any], fields: FieldSet) -> dict[str, Any]:
    """Return the values of `obj` under `fields`, in the shape of `fields` and in canonical form.

    Quantities are canonical. What the API server does not write (null, false, 0, an empty string,
    list or map) counts as absent, as does null: the field set tells whether it is owned.
    """
    return _below(obj, fields, schema_of(obj))


def project_value(value: Any, fields: FieldSet, of: Type) -> Any:  # noqa: ANN401 - any JSON value
    """Return the canonical form of a value of type `of` under `fields`; None counts as absent."""
    if fields:
        return _below(value, fields, of)
    if is_leaf(value, of):
        return _canonical(value, of) or None
    return value is not None


def _below(value: Any, fields: FieldSet, of: Type) -> dict[str, Any]:  # noqa: ANN401
    out = {}
    children = children_of(value, of)
    for key, sub in fields.items():
        if key == MEMBER:
            out[key] = value is not None
            continue
        child, child_of = children.get(key, _ABSENT)
        out[key] = project_value(child, sub, child_of)
    return out


def children_of(value: Any, of: Type) -> dict[str, tuple[Any, Type]]:  # noqa: ANN401
    """Return what stands below a value that is not owned as one, by path element, with its type."""
    if isinstance(of, ListOf) and isinstance(value, list):
        return {of.element(item): (item, of.elements) for item in value}
    if isinstance(value, Mapping):
        return {f"f:{name}": (child, child_type(of, name)[0]) for name, child in value.items()}
    return {}


def _canonical(value: Any, of: Type) -> Any:  # noqa: ANN401 - any JSON value
    match value, of:
        case (str() | int() | float(), Scalar.QUANTITY):
            return _quantity(value)
        case (dict(), _):
            defaults = _ATOM_DEFAULTS.get(of.name, {}) if isinstance(of, Struct) else {}
            fields = {**defaults, **value}
            canonical = {k: _canonical(v, child_type(of, k)[0]) for k, v in fields.items()}
            return {key: child for key, child in canonical.items() if child}
        case (list(), ListOf()):
            return [_canonical(item, of.elements) for item in value]
        case _:
            return value


def _quantity(value: str | float) -> str:
    try:
        return canonical_quantity(value)
    except ValueError:
        return str(value)  # the API server refuses it; here it only has to differ
