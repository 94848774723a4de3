"""JSON values as every store and API server can hold them: what is checked of free-form parts."""

import math
from collections.abc import Mapping
from typing import Any, Final

from gco.kinds.directives import DELETE, PATCH

_INT64: Final = range(-(2**63), 2**63)
_ALLOWED: Final = "values that JSON can carry: text, numbers of 64 bits, lists, mappings"


def plain_object(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return `value` without its nulls, which mean absent in a Kubernetes object.

    Raises ValueError where it holds what JSON cannot carry: a number beyond 64 bits, NaN, text
    that is not Unicode, or anything but text as a key.
    """
    return {_key(k): _plain(v) for k, v in value.items() if v is not None}


def plain_overlay(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return an overlay whose nulls are said in words: a field that is null is taken away.

    A null would be lost where records are written without what is absent. Raises ValueError as
    :func:`plain_object` does.
    """
    return plain_object(_with_deletions(value))


def _with_deletions(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    match value:
        case Mapping():
            return {
                k: {PATCH: DELETE} if v is None else _with_deletions(v) for k, v in value.items()
            }
        case list():
            return [_with_deletions(item) for item in value]
        case _:
            return value


def _plain(value: object) -> object:
    match value:
        case Mapping():
            return plain_object(value)
        case list() | tuple():
            return [_plain(item) for item in value]
        case str():
            return _text(value)
        case bool() | None:
            return value
        case int() | float():
            return _number(value)
        case _:
            raise ValueError(_ALLOWED)


def _number(value: float) -> float:
    """Return a whole number without a fraction, as an API server does."""
    if math.isfinite(value):
        if value == int(value) and int(value) in _INT64:
            return int(value)
        if isinstance(value, float):
            return value
    raise ValueError(_ALLOWED)


def _key(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError("keys that are text: put them in quotes")  # noqa: TRY004 - pydantic's way
    return _text(value)


def _text(value: str) -> str:
    if not value.isascii() and any("\ud800" <= char <= "\udfff" for char in value):
        raise ValueError("text that is valid Unicode")
    return value
