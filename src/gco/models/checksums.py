"""The checksums that sources know, and how each is computed over content that arrives in order.

| algorithm | known from |
|---|---|
| sha256-parts | `gco models upload`: SHA-256 over the SHA-256 of each part; parts verify on their own |
| sha256 | files in a hub's large-file storage; S3 objects uploaded with that checksum |
| md5 | the ETag of an S3 object uploaded in one piece |
| md5-parts | the ETag of an S3 object uploaded in pieces of one size: `HEX-COUNT@BYTES` |
| git-blob | small files of a hub: git's own SHA-1 |
"""

import enum
import hashlib
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple, Protocol

import pydantic
from typing_extensions import Buffer, override


class Algorithm(enum.StrEnum):
    """How a checksum is computed."""

    SHA256_PARTS = "sha256-parts"
    SHA256 = "sha256"
    MD5 = "md5"
    MD5_PARTS = "md5-parts"
    GIT_BLOB = "git-blob"


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


def _parse(value: Any) -> Checksum:  # noqa: ANN401  (whatever stands in a file)
    if isinstance(value, Checksum):
        return value
    algorithm, colon, rest = str(value).partition(":")
    if not colon or algorithm not in set(Algorithm):
        raise ValueError(f"{value!r} is no checksum that this version knows")
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


def running(known: Checksum, size: int) -> Running | None:
    """Return what computes the same checksum of a file of `size` bytes.

    None where the parts are verified one by one instead.
    """
    match known.algorithm:
        case Algorithm.SHA256_PARTS:
            return None
        case Algorithm.SHA256:
            return hashlib.sha256()
        case Algorithm.MD5:
            return hashlib.md5(usedforsecurity=False)
        case Algorithm.MD5_PARTS:
            return _Md5Parts(int(known.value.rpartition("@")[2]))
        case Algorithm.GIT_BLOB:
            return hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)


class _Md5Parts:
    """What S3 makes of an upload in pieces of `piece` bytes: the MD5 over the MD5 of each."""

    def __init__(self, piece: int) -> None:
        self._piece = piece
        self._whole: list[bytes] = []
        self._open = hashlib.md5(usedforsecurity=False)
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
        total = hashlib.md5(b"".join(digests), usedforsecurity=False).hexdigest()
        return f"{total}-{len(digests)}@{self._piece}"

    def _close_piece(self) -> None:
        self._whole.append(self._open.digest())
        self._open = hashlib.md5(usedforsecurity=False)
        self._filled = 0
