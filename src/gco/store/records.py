"""How records become bytes and back, the same in every store that keeps them whole.

Absent fields are left out, so that a record holds what was stated and no more.
"""

from typing import TypeVar

import pydantic

from gco.core.model.base import Model
from gco.errors import UnreadableError

M = TypeVar("M", bound=Model)

SCHEMA_VERSION = 1
"""The layout of the records; a store of another version is refused, never guessed at."""


def encode(record: Model) -> bytes:
    """Return the record as compact JSON."""
    return record.model_dump_json(exclude_none=True).encode()


def decode(kind: type[M], data: bytes | str, *, where: str) -> M:
    """Return the record that `data` holds.

    Raises UnreadableError, naming `where` it was read, where this version cannot read it.
    """
    try:
        return kind.model_validate_json(data)
    except pydantic.ValidationError as error:
        first = error.errors()[0]
        path = ".".join(str(part) for part in first["loc"])
        what = f"{path}: {first['msg']}" if path else first["msg"]
        raise UnreadableError(
            f"the record {where} cannot be read ({what}): "
            "it was written by a newer gco, or damaged; upgrade gco, or restore the store"
        ) from error


def attempt(kind: type[M], data: bytes | str, *, where: str) -> M | UnreadableError:
    """As `decode`, but return what it would raise: one record is no reason to lose a listing."""
    try:
        return decode(kind, data, where=where)
    except UnreadableError as error:
        return error
