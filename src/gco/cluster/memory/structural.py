"""A custom resource against the OpenAPI schema of its CRD."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gco.errors import RejectedError

_TYPES: Final[Mapping[str, tuple[type, ...]]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
}
_BOUNDS: Final = (
    ("minimum", lambda value, bound: value >= bound),
    ("maximum", lambda value, bound: value <= bound),
    ("minLength", lambda value, bound: len(value) >= bound),
    ("maxLength", lambda value, bound: len(value) <= bound),
    ("minItems", lambda value, bound: len(value) >= bound),
    ("maxItems", lambda value, bound: len(value) <= bound),
    ("pattern", lambda value, bound: re.search(bound, value) is not None),
    ("enum", lambda value, bound: value in bound),
)


def check_structural(manifest: Mapping[str, Any], schema: Mapping[str, Any]) -> None:
    """Raise RejectedError with everything in which `manifest` is not of `schema`."""
    problems = list(_problems(manifest, schema, ""))
    if problems:
        name = manifest["metadata"].get("name", "")
        raise RejectedError(f'{manifest["kind"]} "{name}" is invalid: {"; ".join(problems)}')


def _problems(value: Any, schema: Mapping[str, Any], path: str) -> Iterator[str]:  # noqa: ANN401
    if value is None and schema.get("nullable"):
        return
    wanted = schema.get("type")
    if wanted and not _is(value, wanted):
        yield f"{path}: Invalid value: {value!r}: must be of type {wanted}"
        return
    for name, fits in _BOUNDS:
        if name in schema and not fits(value, schema[name]):
            yield f"{path}: Invalid value: {value!r}: {name} is {schema[name]}"
    if isinstance(value, dict):
        yield from _object(value, schema, path)
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _problems(item, schema.get("items", {}), f"{path}[{position}]")


def _object(value: Mapping[str, Any], schema: Mapping[str, Any], path: str) -> Iterator[str]:
    for name in schema.get("required", ()):
        if name not in value:
            yield f"{path}.{name}".lstrip(".") + ": Required value"
    properties, others = schema.get("properties", {}), schema.get("additionalProperties")
    for name, child in value.items():
        below = properties.get(name, others)
        if isinstance(below, Mapping):
            yield from _problems(child, below, f"{path}.{name}".lstrip("."))


def _is(value: Any, wanted: str) -> bool:  # noqa: ANN401 - any JSON value
    if isinstance(value, bool):
        return wanted == "boolean"
    return isinstance(value, _TYPES[wanted])
