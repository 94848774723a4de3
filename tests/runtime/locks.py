"""A lock in memory that several electors share, each over a connection that can fail."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator

from gco.errors import ClusterConflictError, TransientError
from gco.runtime.lock import LeaseRecord


class SharedRecord:
    """What a server stores: one record, its version, and who waits for it to change."""

    def __init__(self) -> None:
        self.record: LeaseRecord | None = None
        self.writes = 0
        self._changed: set[asyncio.Event] = set()

    def store(self, record: LeaseRecord | None) -> None:
        self.writes += 1
        token = str(self.writes)
        self.record = None if record is None else dataclasses.replace(record, token=token)
        for event in self._changed:
            event.set()

    async def follow(self) -> AsyncIterator[LeaseRecord | None]:
        event = asyncio.Event()
        self._changed.add(event)
        try:
            while True:
                event.clear()
                yield self.record
                await event.wait()
        finally:
            self._changed.discard(event)


class Connection:
    """One process's way to the record: the lock it uses, and what is wrong with it."""

    def __init__(self, shared: SharedRecord, *, latency: float = 0.002) -> None:
        self._shared = shared
        self.latency = latency
        self.healthy = asyncio.Event()
        self.healthy.set()
        self.refused = False
        self.answers_lost = False
        self.watchable = True
        self.writes: list[float] = []

    async def read(self) -> LeaseRecord | None:
        await self._travel()
        found = self._shared.record
        await self._travel()
        return found

    async def write(self, record: LeaseRecord, *, seen: LeaseRecord | None) -> LeaseRecord:
        await self._travel()
        if self._shared.record != seen:
            raise ClusterConflictError("changed")
        self._shared.store(record)
        self.writes.append(asyncio.get_running_loop().time())
        stored = self._shared.record
        assert stored is not None
        if self.answers_lost:
            raise TransientError("answer lost")
        await self._travel()
        return stored

    async def watch(self) -> AsyncIterator[LeaseRecord | None]:
        if not self.watchable:
            raise TransientError("no watch")
        async for record in self._shared.follow():
            await self._travel()
            yield record

    async def _travel(self) -> None:
        await self.healthy.wait()
        await asyncio.sleep(self.latency)
        if self.refused:
            raise TransientError("refused")
