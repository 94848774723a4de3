"""What S3 knows of an object's content, and which of it a copy is verified by.

S3 keeps a checksum beside an object where the upload brought one, and since the end of 2024 computes
CRC64NVME itself where it brought none; the ETag of older objects is made of MD5s, except where they are
encrypted with a key of one's own. A CRC costs a copy next to nothing and finds what goes wrong on the
way; MD5 costs more than the copy itself, and is computed only where S3 has nothing else.
"""

import base64
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple, TypeAlias

from gco.models.checksums import Algorithm, Checksum

Head: TypeAlias = Mapping[str, Any]
"""What HeadObject answers, with its checksums enabled."""


class _Kept(NamedTuple):
    """A checksum that S3 keeps under a name of its own."""

    header: str
    whole: Algorithm
    """What it is of an object as a whole."""
    pieces: Algorithm | None = None
    """What it is of an upload in pieces, over the checksum of each."""


_KEPT: Final = (
    _Kept("ChecksumSHA256", Algorithm.SHA256),
    _Kept("ChecksumCRC64NVME", Algorithm.CRC64NVME),
    _Kept("ChecksumCRC32C", Algorithm.CRC32C, Algorithm.CRC32C_PARTS),
    _Kept("ChecksumCRC32", Algorithm.CRC32, Algorithm.CRC32_PARTS),
)
"""The one to be preferred first."""
_MD5: Final = re.compile(r"[0-9a-f]{32}")
_PIECES: Final = re.compile(r"(?P<value>.+)-(?P<count>[0-9]+)")


async def best_checksum(head: Head, ask: Callable[..., Awaitable[Head]]) -> Checksum | None:
    """Return the checksum that the object's content is verified by; None where S3 has none of use.

    `ask(PartNumber=…)` answers the HeadObject of one piece of the upload.
    """
    algorithm, value = _kept(head) or _of_etag(head)
    if algorithm is None:
        return None
    pieces = _PIECES.fullmatch(value)
    if pieces is None:
        return Checksum(algorithm, value)
    piece = await _piece_size(head, int(pieces["count"]), ask)
    return Checksum(algorithm, f"{value}@{piece}") if piece else None


def _kept(head: Head) -> tuple[Algorithm, str] | None:
    """Return the best that is kept, `HEX` or `HEX-COUNT`."""
    for kept in _KEPT:
        stated = str(head.get(kept.header, ""))
        pieces = _PIECES.fullmatch(stated)
        composite = pieces is not None or head.get("ChecksumType") == "COMPOSITE"
        algorithm = kept.pieces if composite else kept.whole
        if not stated or algorithm is None or (composite and pieces is None):
            continue
        if pieces is None:
            return algorithm, _hex(stated)
        return algorithm, f"{_hex(pieces['value'])}-{pieces['count']}"
    return None


def _of_etag(head: Head) -> tuple[Algorithm | None, str]:
    """Return what the ETag says, `HEX` or `HEX-COUNT`, where it is made of MD5s."""
    etag = str(head["ETag"]).strip('"')
    encryption = head.get("ServerSideEncryption", "AES256")
    if encryption != "AES256" or "SSECustomerAlgorithm" in head:
        return None, etag
    pieces = _PIECES.fullmatch(etag)
    if not _MD5.fullmatch(pieces["value"] if pieces else etag):
        return None, etag
    return Algorithm.MD5_PARTS if pieces else Algorithm.MD5, etag


async def _piece_size(head: Head, count: int, ask: Callable[..., Awaitable[Head]]) -> int | None:
    """Return the bytes of each piece of an upload but the last, where all are of one size.

    All of them are when the first and the last are as large as that makes them.
    """
    first, last = await ask(PartNumber=1), await ask(PartNumber=count)
    piece = int(first["ContentLength"])
    left = int(head["ContentLength"]) - (count - 1) * piece
    if first.get("PartsCount") != count or int(last["ContentLength"]) != left:
        return None
    return piece


def _hex(encoded: str) -> str:
    return base64.b64decode(encoded).hex()
