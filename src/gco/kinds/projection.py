"""The values of an object under a field set, in canonical form: what ownership compares.

Thousands of objects have the same few field sets, so each is compiled once into steps that ask an
object for its fields by name. What a step does not expect, such as text where the schema has a map,
goes the general way, which gives the same for what it does expect.
"""

import functools
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

import orjson

from gco.kinds.canonical import canonical_quantity
from gco.kinds.fieldset import MEMBER, FieldSet, child_type, is_leaf
from gco.kinds.schema import schema_of
from gco.kinds.types import ListOf, Scalar, Struct, Type, Untyped

_MOST_COMPILED: Final = 512
"""Field sets kept compiled; thousands of endpoints have some tens."""
_ATOM_DEFAULTS: Final[Mapping[str, Mapping[str, Any]]] = {
    "ObjectFieldSelector": {"apiVersion": "v1"},
    "ResourceFieldSelector": {"divisor": "0"},
    "ServiceAccountTokenProjection": {"expirationSeconds": 3600},
}
"""What the API server adds inside values that are owned as one."""
_ABSENT: Final[tuple[None, Type]] = (None, Untyped.ANY)
_PLAIN: Final = (str, int)
_NOWHERE: Final = object()
"""No object has a field of this name."""


class _Step(NamedTuple):
    """How one field's value is found and written."""

    key: str
    """Its path element."""
    name: object
    """What it is found under: the field's name, or the path element of a list's item."""
    of: Type
    plain: bool
    """A text or a number there is written as it is, unless it counts as absent."""
    below: "_Compiled | None"
    """What is owned below it; None where it is owned as one."""
    absent: Any
    """What is written where there is none."""


class _Compiled(NamedTuple):
    fields: FieldSet
    of: Type
    steps: tuple[_Step, ...]


_known: dict[tuple[Type, bytes], _Compiled] = {}


def project(obj: Mapping[str, Any], fields: FieldSet) -> dict[str, Any]:
    """Return the values of `obj` under `fields`, in the shape of `fields` and in canonical form.

    Quantities are canonical. What the API server does not write (null, false, 0, an empty string,
    list or map) counts as absent, as does null: the field set tells whether it is owned.
    """
    return _run(obj, _compiled(fields, schema_of(obj)))


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


def _compiled(fields: FieldSet, of: Type) -> _Compiled:
    key = (of, orjson.dumps(fields))
    found = _known.get(key)
    if found is None:
        if len(_known) >= _MOST_COMPILED:
            del _known[next(iter(_known))]
        found = _known[key] = _compile(fields, of)
    return found


def _compile(fields: FieldSet, of: Type) -> _Compiled:
    return _Compiled(fields, of, tuple(_step(key, sub, of) for key, sub in fields.items()))


def _step(key: str, sub: FieldSet, of: Type) -> _Step:
    if key == MEMBER:
        return _Step(key, _NOWHERE, of, plain=False, below=None, absent=True)
    absent = project_value(None, sub, Untyped.ANY)
    if isinstance(of, ListOf):
        name, child_of = key, of.elements
    elif key.startswith("f:"):
        name = key.removeprefix("f:")
        child_of = child_type(of, name)[0]
    else:
        return _Step(key, _NOWHERE, of, plain=False, below=None, absent=absent)
    plain = isinstance(child_of, Scalar | Untyped) and child_of is not Scalar.QUANTITY
    below = _compile(sub, child_of) if sub else None
    return _Step(key, name, child_of, plain, below, absent)


def _run(value: Any, compiled: _Compiled) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    fields, of, steps = compiled
    found: Mapping[Any, Any]
    if isinstance(value, dict) and not isinstance(of, ListOf):
        found = value
    elif isinstance(value, list) and isinstance(of, ListOf):
        found = {of.element(item): item for item in value}
    else:
        return _below(value, fields, of)
    out: dict[str, Any] = {}
    for key, name, child_of, plain, below, absent in steps:
        child = found.get(name, _NOWHERE)
        if child is _NOWHERE:
            out[key] = absent
        elif below is not None:
            out[key] = _run(child, below)
        elif plain and isinstance(child, _PLAIN):
            out[key] = child or None
        else:
            out[key] = project_value(child, {}, child_of)
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
        case (dict(), Untyped()):
            return _untyped(value)
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


def _untyped(value: dict[str, Any]) -> dict[str, Any]:
    children = ((k, _untyped(v) if isinstance(v, dict) else v) for k, v in value.items())
    return {key: child for key, child in children if child}


@functools.lru_cache(maxsize=1024, typed=True)
def _quantity(value: str | float) -> str:
    try:
        return canonical_quantity(value)
    except ValueError:
        return str(value)  # the API server refuses it; here it only has to differ
