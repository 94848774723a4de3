"""A whole model: parts fetched many at once, verified, noted, and each file sealed when it is whole."""

import asyncio
import hashlib
from collections import Counter, deque
from pathlib import Path
from typing import Final

from gco.errors import CorruptModelError
from gco.models.manifest import Manifest
from gco.models.progress import Meter
from gco.models.sources.port import Source
from gco.models.threads import in_thread
from gco.models.transfer.disk import disk_faults
from gco.models.transfer.fetch import Fetcher, Limits
from gco.models.transfer.journal import Journal, Progress
from gco.models.transfer.plan import Part, missing_parts, parts_of
from gco.models.transfer.target import Target

_TRIES: Final = 2
"""How often content with a wrong checksum is asked for: what went wrong on the way goes right then."""


class Transfer:
    """One copy of a model into a folder that nobody else writes to."""

    def __init__(
        self,
        source: Source,
        manifest: Manifest,
        folder: Path,
        meter: Meter,
        limits: Limits,
        *,
        seal: bool = False,
    ) -> None:
        self._source = source
        self._manifest = manifest
        self._folder = folder
        self._meter = meter
        self._limits = limits
        self._targets = [
            Target(folder / file.path, file, place, seal=seal)
            for place, file in enumerate(manifest.files)
        ]
        self._todo: deque[Part] = deque()
        self._noted: dict[tuple[int, int], str] = {}
        """Parts that an earlier try wrote, by file and number; each is checked before it counts."""
        self._wrong: Counter[tuple[int, ...]] = Counter()
        """How often a file, or a part of it, had a wrong checksum."""

    async def run(self, journal: Journal, known: Progress) -> Manifest:
        """Copy what is missing; return the manifest, by content alone where parts were hashed.

        Each byte is hashed once: by the checksum that the source knows, in parts where it knows none,
        and by both only to `seal` what the source does not.

        Raises ModelError. Whatever happens, what is copied stays for another try.
        """
        try:
            with disk_faults(self._folder):
                await in_thread(self._resume, journal, known)
            await self._copy(journal)
        finally:
            for target in self._targets:
                target.close()
        return Manifest.of(target.sealed() for target in self._targets)

    def _resume(self, journal: Journal, known: Progress) -> None:
        """Believe finished files, make empty ones, and queue every part of the others."""
        self._folder.mkdir(parents=True, exist_ok=True)
        done: set[tuple[int, int]] = set()
        for place, target in enumerate(self._targets):
            parts = list(parts_of(place, target.file.size))
            hashes = [known.parts.get((place, part.number)) for part in parts]
            useful = all(hashes) if target.hashes_parts else None not in hashes
            if place in known.finished and target.is_there() and useful:
                target.hashes = hashes
                done |= {(place, part.number) for part in parts}
                self._meter.found(target.file.size)
                self._meter.files_done += 1
            elif not parts:
                target.open()
                self._finish(place, journal)
            elif target.path.exists():
                self._noted |= {k: sha for k, sha in known.parts.items() if k[0] == place}
        self._todo.extend(missing_parts(self._manifest, done))

    async def _copy(self, journal: Journal) -> None:
        fetcher = Fetcher(self._source, self._meter, self._limits)

        async def work() -> None:
            while self._todo:
                part = self._todo.popleft()
                with disk_faults(self._folder, self._targets[part.file].path):
                    await self._part(part, fetcher, journal)

        try:
            async with asyncio.TaskGroup() as tasks:
                for _ in range(min(self._limits.connections, len(self._todo))):
                    tasks.create_task(work())
        except BaseExceptionGroup as group:
            raise group.exceptions[0] from None  # the first failure ended the others

    async def _part(self, part: Part, fetcher: Fetcher, journal: Journal) -> None:
        target = self._targets[part.file]
        target.open()
        sha256 = await self._kept(part)
        if sha256 is None:
            sha256 = await self._fetched(part, fetcher, journal)
        if sha256 is None:
            return
        target.hashes[part.number] = sha256
        last = target.is_whole
        await target.follow()
        if last:
            await self._complete(part.file, journal)

    async def _kept(self, part: Part) -> str | None:
        """Return the hash of a part that an earlier try left, where it is, or will be, verified."""
        target = self._targets[part.file]
        noted = self._noted.pop((part.file, part.number), None)
        if noted is None or (target.hashes_parts and not noted):
            return None
        if noted and not await in_thread(target.holds, part, noted):
            return None
        self._meter.found(part.size)
        return noted

    async def _fetched(self, part: Part, fetcher: Fetcher, journal: Journal) -> str | None:
        """Return the hash of a part that came as it should; None where it is to come again."""
        target = self._targets[part.file]
        hasher = hashlib.sha256() if target.hashes_parts else None

        def write(data: bytes, offset: int) -> None:
            target.write(data, offset)
            if hasher is not None:
                hasher.update(data)

        await fetcher.fetch(target.file, part, write)
        sha256 = hasher.hexdigest() if hasher else ""
        expected = target.file.parts[part.number] if target.file.parts else sha256
        if sha256 == expected:
            journal.part(part.file, part.number, sha256)
            return sha256
        told = f"bytes {part.start} to {part.end} have the sha256 {sha256}, not {expected}"
        self._count_wrong((part.file, part.number), told)
        self._meter.lose(part.size)
        self._todo.appendleft(part)
        return None

    async def _complete(self, place: int, journal: Journal) -> None:
        """Verify a whole file and put it on stable storage, or queue it again."""
        target = self._targets[place]
        wrong = target.wrong_checksum()
        if wrong is None:
            await in_thread(self._finish, place, journal)
            return
        self._count_wrong((place,), f"its checksum is {wrong}, not {target.file.checksum}")
        self._meter.lose(target.file.size)
        target.forget()
        self._todo.extendleft(parts_of(place, target.file.size))

    def _finish(self, place: int, journal: Journal) -> None:
        self._targets[place].finish()
        journal.finished(place)
        self._meter.files_done += 1

    def _count_wrong(self, what: tuple[int, ...], told: str) -> None:
        self._wrong[what] += 1
        if self._wrong[what] >= _TRIES:
            path = self._targets[what[0]].file.path
            raise CorruptModelError(f"{self._source.uri}: {path} is corrupt: {told}")
