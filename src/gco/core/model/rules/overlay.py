"""An overlay as a strategic merge can read it: known fields, values of their types, directives."""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gco.core.model.allowed import Path, did_you_mean
from gco.core.model.rules.finding import Finding
from gco.kinds.canonical import canonical_quantity
from gco.kinds.directives import DELETE, PATCH, REPLACE
from gco.kinds.fieldset import child_type
from gco.kinds.types import ListOf, MapOf, Merge, Scalar, Struct, Type

_WORDS: Final[Mapping[Scalar, str]] = {
    Scalar.STRING: "text",
    Scalar.INTEGER: "a whole number",
    Scalar.NUMBER: "a number",
    Scalar.BOOLEAN: "true or false",
    Scalar.QUANTITY: "a Kubernetes quantity: `500m`, `4` or `16Gi`",
    Scalar.INT_OR_STRING: "a whole number or text",
}
_PYTHON: Final[Mapping[Scalar, type | tuple[type, ...]]] = {
    Scalar.STRING: str,
    Scalar.INTEGER: int,
    Scalar.NUMBER: (int, float),
    Scalar.BOOLEAN: bool,
    Scalar.QUANTITY: (str, int),
    Scalar.INT_OR_STRING: (str, int),
}


def overlay(path: Path, value: Any, of: Type) -> Iterator[Finding]:  # noqa: ANN401 - any JSON value
    """Yield what in `value`, at `path`, is nothing to lay over a value of type `of`."""
    if value == {PATCH: DELETE}:
        return
    match of:
        case Scalar():
            if not _fits(value, of):
                yield Finding(path, value, _WORDS[of])
        case Struct() | MapOf():
            yield from _fields(path, value, of)
        case ListOf():
            yield from _items(path, value, of)
        case _:
            return


def items(path: Path, value: Any, of: ListOf, how: Merge) -> Iterator[Finding]:  # noqa: ANN401
    """Yield what is wrong with a list whose items are told apart by a field."""
    if not isinstance(value, list):
        yield Finding(path, value, "a list")
        return
    keys = [item.get(how.key) if isinstance(item, dict) else None for item in value]
    times = Counter(map(str, keys))
    for number, (item, key) in enumerate(zip(value, keys, strict=True)):
        at = (*path, number)
        if item == {PATCH: REPLACE}:
            continue
        if isinstance(item, dict) and (key is None or isinstance(key, dict | list)):
            yield Finding((*at, how.key), "", f"required: {path[-1]} are merged by {how.key}")
        elif isinstance(item, dict) and times[str(key)] > 1:
            yield Finding((*at, how.key), key, "each once")
            times[str(key)] = 0  # said of the first
        yield from overlay(at, item, of.elements)


def _items(path: Path, value: Any, of: ListOf) -> Iterator[Finding]:  # noqa: ANN401
    if not isinstance(value, list):
        yield Finding(path, value, "a list")
        return
    for number, item in enumerate(value):
        if isinstance(item, dict) and PATCH in item:
            allowed = f"nothing: {path[-1]} are replaced as a whole, or added to"
            yield Finding((*path, number, PATCH), item[PATCH], allowed)
        else:
            yield from overlay((*path, number), item, of.elements)


def _fields(path: Path, value: Any, of: Struct | MapOf) -> Iterator[Finding]:  # noqa: ANN401
    if not isinstance(value, dict):
        yield Finding(path, value, "a mapping")
        return
    for name, child in value.items():
        at = (*path, name)
        if name.startswith("$"):
            yield from _directive(at, child)
        elif isinstance(of, Struct) and name not in of.fields and of.others is None:
            yield Finding(at, child, f"no such field{did_you_mean(name, of.fields)}")
        else:
            yield from _field(at, child, of)


def _field(path: Path, value: Any, of: Struct | MapOf) -> Iterator[Finding]:  # noqa: ANN401
    below, name = child_type(of, str(path[-1]))[0], str(path[-1])
    how = of.merge(name) if isinstance(of, Struct) else None
    if how is not None and how.key and isinstance(below, ListOf) and value != {PATCH: DELETE}:
        yield from items(path, value, below, how)
    else:
        yield from overlay(path, value, below)


def _directive(path: Path, value: object) -> Iterator[Finding]:
    if path[-1] != PATCH:
        yield Finding(path, value, f"no such directive; there is {PATCH} alone")
    elif value not in (REPLACE, DELETE):
        yield Finding(path, value, f"{REPLACE} or {DELETE}")


def _fits(value: object, of: Scalar) -> bool:
    if isinstance(value, bool) is not (of is Scalar.BOOLEAN):
        return False
    if not isinstance(value, _PYTHON[of]):
        return False
    return of is not Scalar.QUANTITY or _is_quantity(value)


def _is_quantity(value: object) -> bool:
    try:
        canonical_quantity(str(value))
    except ValueError:
        return False
    return True
