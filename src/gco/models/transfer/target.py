"""One file as it comes into being: written in parts, in any order, and hashed in order behind them."""

import asyncio
import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gco.models.checksums import running
from gco.models.manifest import ModelFile, part_count, sealed_file
from gco.models.threads import in_thread
from gco.models.transfer.plan import Part, parts_of

_BLOCK: Final = 2**20


class Target:
    """A file of the cache. Every method but :meth:`follow` blocks, and raises OSError."""

    def __init__(self, path: Path, file: ModelFile, place: int, *, seal: bool) -> None:
        self.path = path
        self.file = file
        self.hashes: list[str | None] = [None] * part_count(file.size)
        """The SHA-256 of each part that is written; empty where it is not needed."""
        self._place = place
        self._descriptor = -1
        self._following = asyncio.Lock()
        self._begin_checksum()
        self.hashes_parts = seal or self._checksum is None
        """Whether each part is hashed: where the whole file's checksum does not tell, or to `seal`."""

    @property
    def is_whole(self) -> bool:
        """Whether every part is written."""
        return None not in self.hashes

    def sealed(self) -> ModelFile:
        """Return the file, once it is whole, as its content describes it as far as that is known."""
        if not self.hashes_parts:
            return self.file
        return sealed_file(self.file.path, self.file.size, [h for h in self.hashes if h])

    def is_there(self) -> bool:
        """Whether a file of the right size is on disk."""
        return (
            not self.path.is_symlink()
            and self.path.is_file()
            and self.path.stat().st_size == self.file.size
        )

    def open(self) -> None:
        """Make the file in its full size; harmless when repeated."""
        if self._descriptor >= 0:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.is_symlink():  # not ours: writing through it would change what it leads to
            self.path.unlink()
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(self.path, flags, 0o644)
        os.ftruncate(self._descriptor, self.file.size)

    def write(self, data: bytes, offset: int) -> None:
        """Write bytes at their place."""
        view = memoryview(data)
        while view:
            written = os.pwrite(self._descriptor, view, offset)
            view, offset = view[written:], offset + written

    def holds(self, part: Part, sha256: str) -> bool:
        """Whether a part's bytes are on disk as they should be."""
        found = hashlib.sha256()
        for block in self._blocks(part):
            found.update(block)
        return found.hexdigest() == sha256

    async def follow(self) -> None:
        """Bring the checksum of the whole file up to the first part that is missing."""
        if self._checksum is not None:
            async with self._following:
                await in_thread(self._hash_on)

    def wrong_checksum(self) -> str | None:
        """Return the checksum of the whole file where it is not the one that it should have."""
        if self._checksum is None:
            return None
        found = self._checksum.hexdigest()
        known = self.file.checksum
        return found if known and found != known.value else None

    def forget(self) -> None:
        """Take nothing that is written for done."""
        self.hashes = [None] * len(self.hashes)
        self._begin_checksum()

    def finish(self) -> None:
        """Put the whole file on stable storage and close it."""
        os.fsync(self._descriptor)
        self.close()

    def close(self) -> None:
        """Close the file; harmless when repeated."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _begin_checksum(self) -> None:
        known = self.file.checksum
        self._checksum = running(known, self.file.size) if known else None
        self._hashed = 0

    def _hash_on(self) -> None:
        if self._checksum is None:
            return
        for part in list(parts_of(self._place, self.file.size))[self._hashed :]:
            if self.hashes[part.number] is None:
                break
            for block in self._blocks(part):
                self._checksum.update(block)
            self._hashed += 1

    def _blocks(self, part: Part) -> Iterator[bytes]:
        for offset in range(part.start, part.end, _BLOCK):
            yield os.pread(self._descriptor, min(_BLOCK, part.end - offset), offset)
