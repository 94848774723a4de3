"""Enum values that this version does not know, in what processes of several versions report.

A report (a status, a region's record) describes what is. Its reader keeps a value that a newer version
wrote, shows it as it is, and treats it as none of the values that it knows; the rest of the report
still counts. Desired state is another matter: a spec or a target that asks for something unknown is not
carried out in part, so its enums stay strict and the record as a whole is reported as unreadable.
"""

import enum
from functools import partial
from typing import Any, Final, TypeVar

import pydantic
from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, core_schema

_E = TypeVar("_E", bound=enum.StrEnum)

LONGEST: Final = 100
"""Characters of a value; a longer text is damage, not a word of a newer version."""


class _KeepsUnknown:
    """The annotation behind `KEEPS_UNKNOWN`."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler, /
    ) -> CoreSchema:
        """Wrap the field's own schema: JSON Schema, and so the CRD, still lists the known values."""
        kind = source if isinstance(source, type) and issubclass(source, enum.StrEnum) else None
        return core_schema.no_info_wrap_validator_function(
            partial(_read, kind),
            handler(source),
            # A Literal's own serializer warns of a text that it does not list.
            serialization=None if kind else core_schema.simple_ser_schema("str"),
        )


KEEPS_UNKNOWN: Final = _KeepsUnknown()
"""Marks a field whose value may be one of a newer version: `Annotated[RegionState, KEEPS_UNKNOWN]`."""


def is_known(value: enum.StrEnum) -> bool:
    """Return whether `value` is one that this version lists."""
    return value in type(value).__members__.values()


def _read(
    kind: type[enum.StrEnum] | None,
    value: object,
    known: pydantic.ValidatorFunctionWrapHandler,
) -> Any:  # noqa: ANN401 -- a member of `kind`, or one of the texts of a Literal
    try:
        return known(value)
    except pydantic.ValidationError:
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST:
            raise
    return value if kind is None else _unlisted(kind, value)


def _unlisted(kind: type[_E], value: str) -> _E:
    """Return an instance of `kind` beside its members: equal to none of them, and to its own text."""
    found = str.__new__(kind, value)
    found._name_ = found._value_ = value
    return found
