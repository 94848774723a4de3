"""Validation errors as problems that a person can act on: path, what was given, what is allowed.

What is allowed is read off the model's own JSON Schema, so that it cannot disagree with the model.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Final

import pydantic
from pydantic_core import ErrorDetails

from gco.core.model.allowed import Path, Schema
from gco.core.model.base import Model
from gco.core.model.shown import shown
from gco.errors import InvalidSpecError, Problem

_ABSENT: Final = object()
_PLAIN: Final = re.compile(r"[A-Za-z0-9][-_A-Za-z0-9]*")


def path_text(path: Path) -> str:
    """Return `path` as a person writes it: `spec.regions[1].name`."""
    text = ""
    for step in path:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f'["{step}"]'
    return text


def value_at(data: object, path: Path) -> object:
    """Return what stands at `path` in `data`, or None where nothing does."""
    found = _value_at(data, path)
    return None if found is _ABSENT else found


def invalid(
    error: pydantic.ValidationError, model: type[Model], data: object, root: Path = ()
) -> InvalidSpecError:
    """Return `error`, which `model` raised on `data`, in words; `root` is where `data` stands."""
    return InvalidSpecError([problem for _, problem in translate(error, model, data, root)])


def translate(
    error: pydantic.ValidationError, model: type[Model], data: object, root: Path = ()
) -> tuple[tuple[Path, Problem], ...]:
    """Return every problem of `error` with its path below `root`, in the order of the fields."""
    schema = Schema(model)
    details = error.errors(include_url=False, include_context=True)
    return tuple(
        (path, _problem(found, path, schema, data, root))
        for found in details
        for path in [_path(found["loc"])]
    )


def _path(loc: Sequence[str | int]) -> Path:
    """Drop what pydantic adds to tell keys from values: the problem is at the key."""
    return tuple(step for step in loc if step != "[key]")


def _problem(found: ErrorDetails, path: Path, schema: Schema, data: object, root: Path) -> Problem:
    given = _value_at(data, path)
    if given is _ABSENT and found["type"] != "missing":
        given = found["input"]  # what a validator made of it, such as a region's bare name
    name = next((step for step in reversed(path) if isinstance(step, str)), "")
    text = "" if given is _ABSENT else shown(given, _called(data, path) or name)
    return Problem(path_text((*root, *path)), text, _allowed(found, path, schema, given))


def _called(data: object, path: Path) -> str:
    """Return the name of the variable whose value is at `path`, as it may say what that is."""
    beside = _value_at(data, (*path[:-1], "name")) if path[-1:] == ("value",) else None
    return beside if isinstance(beside, str) else ""


def _allowed(found: ErrorDetails, path: Path, schema: Schema, given: object) -> str:
    match found["type"]:
        case "extra_forbidden":
            return schema.instead_of(path)
        case "missing":
            return f"required: {schema.meaning(path)}"
        case "value_error":
            return str(found["ctx"]["error"])
        case "string_too_long":
            return f"at most {found['ctx']['max_length']} characters"
        case "string_type" if isinstance(given, bool | int | float):
            return f'{schema.words(path)}; in quotes, "{_as_written(given)}", it is text'
        case _:
            return schema.words(path) + schema.suggestion(path, given)


def _as_written(given: object) -> str:
    return str(given).lower() if isinstance(given, bool) else str(given)


def _value_at(data: object, path: Path) -> object:
    for step in path:
        match data, step:
            case Mapping(), str() if step in data:
                data = data[step]
            case list() | tuple(), int() if step < len(data):
                data = data[step]
            case _:
                return _ABSENT
    return data
