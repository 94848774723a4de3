"""The checksums that sources know, and how each is computed over content that arrives in order.

| algorithm | known from |
|---|---|
| sha256-parts | `gco models upload`: SHA-256 over the SHA-256 of each part; parts verify on their own |
| sha256 | files in a hub's large-file storage; S3 objects uploaded with that checksum |
| crc64nvme | S3 objects: what it computes itself where an upload brings no checksum |
| crc32c, crc32 | S3 objects uploaded in one piece with that checksum, as AWS's SDKs do |
| crc32c-parts, crc32-parts | the same of an upload in pieces of one size: `HEX-COUNT@BYTES` |
| md5 | the ETag of an S3 object uploaded in one piece |
| md5-parts | the ETag of an S3 object uploaded in pieces of one size: `HEX-COUNT@BYTES` |
| git-blob | small files of a hub: git's own SHA-1 |
"""

import enum
import functools
import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, NamedTuple, Protocol

import pydantic
from typing_extensions import Buffer, override

from gco.models.crc import Crc


class Algorithm(enum.StrEnum):
    """How a checksum is computed."""

    SHA256_PARTS = "sha256-parts"
    SHA256 = "sha256"
    CRC64NVME = "crc64nvme"
    CRC32C = "crc32c"
    CRC32 = "crc32"
    CRC32C_PARTS = "crc32c-parts"
    CRC32_PARTS = "crc32-parts"
    MD5 = "md5"
    MD5_PARTS = "md5-parts"
    GIT_BLOB = "git-blob"


_PIECES: Final = re.compile(r"[0-9a-f]+-[0-9]{1,5}@[1-9][0-9]{0,14}")
"""`HEX-COUNT@BYTES`; pieces of no bytes would never end."""
_SHORT: Final = frozenset(
    {Algorithm.CRC32, Algorithm.CRC32C, Algorithm.CRC32_PARTS, Algorithm.CRC32C_PARTS}
)


class Checksum(NamedTuple):
    """An algorithm and its value, written `sha256:HEX`."""

    algorithm: Algorithm
    value: str

    @override
    def __str__(self) -> str:
        return f"{self.algorithm}:{self.value}"

    @property
    def of_content(self) -> bool:
        """Whether every source computes it alike, so that it can be pinned."""
        return self.algorithm is Algorithm.SHA256_PARTS

    @property
    def names_content(self) -> bool:
        """Whether it tells one content from another, besides finding what went wrong on the way.

        32 bits do not: among some tens of thousands of files, two have the same.
        """
        return self.algorithm not in _SHORT


def _parse(value: Any) -> Checksum:  # noqa: ANN401  (whatever stands in a file)
    if isinstance(value, Checksum):
        return value
    algorithm, colon, rest = str(value).partition(":")
    known = colon and algorithm in set(Algorithm)
    if not known or (Algorithm(algorithm) in _IN_PIECES and not _PIECES.fullmatch(rest)):
        raise ValueError(f"{value!r:.100} is no checksum that this version knows")
    return Checksum(Algorithm(algorithm), rest)


ChecksumField = Annotated[
    Checksum, pydantic.BeforeValidator(_parse), pydantic.PlainSerializer(str, return_type=str)
]
"""A checksum as a field of a model."""


def tree_checksum(parts: Sequence[str]) -> Checksum:
    """Return the checksum over the SHA-256 (hex) of each part."""
    joined = b"".join(map(bytes.fromhex, parts))
    return Checksum(Algorithm.SHA256_PARTS, hashlib.sha256(joined).hexdigest())


class Running(Protocol):
    """A checksum that is being computed, fed from a file's first byte to its last."""

    def update(self, data: Buffer, /) -> None:
        """Take the next bytes."""
        ...

    def hexdigest(self) -> str:
        """Return the value over all bytes so far, as the checksum writes it."""
        ...


class _Hash(Protocol):
    """As `hashlib` has them."""

    def update(self, data: Buffer, /) -> None: ...

    def digest(self) -> bytes: ...

    def hexdigest(self) -> str: ...


_md5: Final = functools.partial(hashlib.md5, usedforsecurity=False)
_HASHES: Final[dict[Algorithm, Callable[[], _Hash]]] = {
    Algorithm.SHA256: hashlib.sha256,
    Algorithm.CRC64NVME: functools.partial(Crc, "CRC64-NVME"),
    Algorithm.CRC32C: functools.partial(Crc, "CRC32C"),
    Algorithm.CRC32: functools.partial(Crc, "CRC32"),
    Algorithm.MD5: _md5,
}
_IN_PIECES: Final[dict[Algorithm, Callable[[], _Hash]]] = {
    Algorithm.CRC32C_PARTS: _HASHES[Algorithm.CRC32C],
    Algorithm.CRC32_PARTS: _HASHES[Algorithm.CRC32],
    Algorithm.MD5_PARTS: _md5,
}


def running(known: Checksum, size: int) -> Running | None:
    """Return what computes the same checksum of a file of `size` bytes.

    None where the parts are verified one by one instead.
    """
    algorithm = known.algorithm
    if algorithm is Algorithm.SHA256_PARTS:
        return None
    if algorithm is Algorithm.GIT_BLOB:
        return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    if algorithm in _IN_PIECES:
        return _Pieces(int(known.value.rpartition("@")[2]), _IN_PIECES[algorithm])
    return _HASHES[algorithm]()


class _Pieces:
    """What S3 makes of an upload in pieces of `piece` bytes: the hash over the hash of each."""

    def __init__(self, piece: int, begin: Callable[[], _Hash]) -> None:
        self._piece = piece
        self._begin = begin
        self._whole: list[bytes] = []
        self._open = begin()
        self._filled = 0

    def update(self, data: Buffer, /) -> None:
        """Take the next bytes."""
        view = memoryview(data)
        while view:
            taken = view[: self._piece - self._filled]
            self._open.update(taken)
            self._filled += len(taken)
            view = view[len(taken) :]
            if self._filled == self._piece:
                self._close_piece()

    def hexdigest(self) -> str:
        """Return `HEX-COUNT@BYTES` over all bytes so far."""
        digests = [*self._whole, *([self._open.digest()] if self._filled else [])]
        total = self._begin()
        total.update(b"".join(digests))
        return f"{total.hexdigest()}-{len(digests)}@{self._piece}"

    def _close_piece(self) -> None:
        self._whole.append(self._open.digest())
        self._open = self._begin()
        self._filled = 0
