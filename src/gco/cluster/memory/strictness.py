"""Whether an object has only fields that its kind knows, with values of their types."""

from collections.abc import Mapping
from typing import Any, TypeAlias

from gco.errors import RejectedError
from gco.kinds.canonical import canonical_quantity
from gco.kinds.fieldset import child_type
from gco.kinds.types import ListOf, MapOf, Scalar, Struct, Type

Path: TypeAlias = tuple[()] | tuple[Any, str | int]
"""A path as its parent and its last step, so that going down copies nothing."""


def check_fields(manifest: Mapping[str, Any], of: Type) -> None:
    """Raise RejectedError that names every unknown field, or the first value of a wrong type."""
    found: list[tuple[Path, str]] = []
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
    for name, child in value.items():
        below = (path, name)
        if isinstance(of, Struct) and name not in of.fields and of.others is None:
            found.append((below, "unknown"))
        else:
            _look(child, child_type(of, name)[0], below, found)


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
