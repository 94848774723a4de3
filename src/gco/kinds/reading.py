"""Reads JSON whose shape and size nobody checked: a default for a wrong type, a part of a long text.

For the parts of an object where the API server's schema allows anything, for kinds whose schema
belongs to others, and for every text that others write: it is kept for each endpoint, and shown.
"""

from collections.abc import Mapping
from typing import Any, Final

from gco.redaction import redact_text

LONGEST_TEXT: Final = 1000
"""Bytes that a record keeps of one text of others: a message quotes less of it."""
LONGEST_NAME: Final = 256
"""Bytes that a record keeps of an annotation that is compared: no value of ours is as long."""
_ELLIPSIS: Final = "…"
_ELLIPSIS_BYTES: Final = len(_ELLIPSIS.encode())


def as_mapping(value: object) -> Mapping[str, Any]:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def as_mappings(value: object) -> list[Mapping[str, Any]]:
    """Return the objects of a list, and nothing for any other value."""
    return [each for each in value if isinstance(each, Mapping)] if isinstance(value, list) else []


def as_text(value: object) -> str:
    """Return `value` if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def as_int(value: object) -> int | None:
    """Return `value` if it is a whole number, else None."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def clip(value: object, limit: int = LONGEST_TEXT) -> str:
    """Return the beginning of a text, of `limit` bytes in UTF-8 at most; empty for other values."""
    text = as_text(value)
    if _fits(text, limit):
        return text
    kept = text[:limit].encode(errors="replace")[: limit - _ELLIPSIS_BYTES]
    return kept.decode(errors="ignore") + _ELLIPSIS


def clip_start(value: object, limit: int = LONGEST_TEXT) -> str:
    """Return the end of a text, of `limit` bytes in UTF-8 at most; empty for other values."""
    text = as_text(value)
    if _fits(text, limit):
        return text
    kept = text[-limit:].encode(errors="replace")[_ELLIPSIS_BYTES - limit :]
    return _ELLIPSIS + kept.decode(errors="ignore")


def quote(value: object, limit: int = LONGEST_TEXT) -> str:
    """Return the beginning of a text of others as it may be shown: redacted, then clipped.

    In this order: half a secret looks like none.
    """
    return clip(redact_text(as_text(value)), limit)


def quote_end(value: object, limit: int = LONGEST_TEXT) -> str:
    """Return the end of a text of others as it may be shown: redacted, then clipped."""
    return clip_start(redact_text(as_text(value)), limit)


def _fits(text: str, limit: int) -> bool:
    return len(text) <= limit and (text.isascii() or len(text.encode(errors="replace")) <= limit)
