"""Whether an object has only fields that its kind knows, with values of their types."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from gco.errors import RejectedError
from gco.kinds.canonical import canonical_quantity
from gco.kinds.types import ListOf, MapOf, Scalar, Struct, Type

Path: TypeAlias = tuple[()] | tuple[Any, str | int]
"""A path as its parent and its last step, so that going down copies nothing."""


def check_fields(
    manifest: Mapping[str, Any], of: Type, *, known: Mapping[str, Any] | None = None
) -> None:
    """Raise RejectedError that names every unknown field, or the first value of a wrong type.

    `known` is an object that passed this check: a part that equals its part is not checked again.
    """
    found: list[tuple[Path, str]] = []
    if known:
        manifest = {name: part for name, part in manifest.items() if known.get(name) != part}
    _look(manifest, of, (), found)
    unknown = [f'unknown field "{_text(path)}"' for path, problem in found if problem == "unknown"]
    if unknown:
        raise RejectedError(f"strict decoding error: {', '.join(unknown)}")
    if found:
        path, problem = found[0]
        raise RejectedError(f"{_text(path)}: Invalid value: {problem}")


def _look(value: Any, of: Type, path: Path, found: list[tuple[Path, str]]) -> None:  # noqa: ANN401
    """Append each problem below `value`; most objects have none, so no path is put into words."""
    if value is None:
        return
    if isinstance(of, Scalar):
        if not _fits(value, of):
            found.append((path, f"{value!r}: must be of type {of.value}"))
    elif isinstance(of, ListOf):
        if not isinstance(value, list):
            found.append((path, "must be a list"))
            return
        for position, item in enumerate(value):
            _look(item, of.elements, (path, position), found)
    elif isinstance(of, Struct | MapOf):
        _look_into(value, of, path, found)


def _look_into(
    value: Any,  # noqa: ANN401
    of: Struct | MapOf,
    path: Path,
    found: list[tuple[Path, str]],
) -> None:
    if not isinstance(value, dict):
        found.append((path, "must be a map"))
        return
    fields: Mapping[str, Type] = of.fields if isinstance(of, Struct) else {}
    others = of.others if isinstance(of, Struct) else of.elements
    for name, child in value.items():
        below = fields.get(name, others)
        if below is None:
            found.append(((path, name), "unknown"))
        elif below is not Scalar.STRING or type(child) is not str:  # most values are strings
            _look(child, below, (path, name), found)


def _text(path: Path) -> str:
    if not path:
        return ""
    parent, name = _text(path[0]), path[1]
    if isinstance(name, int):
        return f"{parent}[{name}]"
    return f"{parent}.{name}" if parent else name


def _fits(value: Any, of: Scalar) -> bool:  # noqa: ANN401
    match of:
        case Scalar.STRING:
            return isinstance(value, str)
        case Scalar.BOOLEAN:
            return isinstance(value, bool)
        case Scalar.INTEGER:
            return isinstance(value, int) and not isinstance(value, bool)
        case Scalar.NUMBER:
            return isinstance(value, int | float) and not isinstance(value, bool)
        case Scalar.QUANTITY:
            return _is_quantity(value)
        case Scalar.INT_OR_STRING:
            return isinstance(value, int | str) and not isinstance(value, bool)


def _is_quantity(value: Any) -> bool:  # noqa: ANN401
    try:
        canonical_quantity(value)
    except ValueError:
        return False
    return isinstance(value, str | int | float)
