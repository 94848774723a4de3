"""Whether an object has only fields that its kind knows, with values of their types."""

from collections.abc import Iterator, Mapping
from typing import Any

from gco.errors import RejectedError
from gco.kinds.canonical import canonical_quantity
from gco.kinds.fieldset import child_type
from gco.kinds.types import ListOf, MapOf, Scalar, Struct, Type


def check_fields(manifest: Mapping[str, Any], of: Type) -> None:
    """Raise RejectedError that names every unknown field, or the first value of a wrong type."""
    found = list(_problems(manifest, of, ""))
    unknown = [f'unknown field "{path}"' for path, problem in found if problem == "unknown"]
    if unknown:
        raise RejectedError(f"strict decoding error: {', '.join(unknown)}")
    if found:
        path, problem = found[0]
        raise RejectedError(f"{path}: Invalid value: {problem}")


def _problems(value: Any, of: Type, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    match of:
        case _ if value is None:
            return
        case Scalar():
            if not _fits(value, of):
                yield path, f"{value!r}: must be of type {of.value}"
        case ListOf():
            if not isinstance(value, list):
                yield path, "must be a list"
                return
            for position, item in enumerate(value):
                yield from _problems(item, of.elements, f"{path}[{position}]")
        case Struct() | MapOf():
            yield from _map_problems(value, of, path)
        case _:
            return


def _map_problems(value: Any, of: Struct | MapOf, path: str) -> Iterator[tuple[str, str]]:  # noqa: ANN401
    if not isinstance(value, dict):
        yield path, "must be a map"
        return
    for name, child in value.items():
        below = f"{path}.{name}" if path else name
        if isinstance(of, Struct) and name not in of.fields and of.others is None:
            yield below, "unknown"
        else:
            yield from _problems(child, child_type(of, name)[0], below)


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
