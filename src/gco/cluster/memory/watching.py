"""A watch: what followed a resourceVersion, then what happens, with bookmarks, until it ends."""

import asyncio
from collections.abc import AsyncIterator
from typing import NamedTuple

from gco.cluster.memory.faults import Faults
from gco.cluster.memory.selectors import Predicate
from gco.cluster.memory.storage import Change, Storage, Table, copy
from gco.cluster.port import EventType, Manifest, WatchEvent
from gco.errors import ExpiredError, TransientError
from gco.kinds.registry import Kind


class Pace(NamedTuple):
    """How often a watch says that it is alive, and how long it lasts, in seconds."""

    bookmark: float
    end: float


class Watch:
    """One open watch."""

    def __init__(
        self,
        storage: Storage,
        kind: Kind,
        after: str,
        *,
        matches: Predicate,
        faults: Faults,
        pace: Pace,
    ) -> None:
        self._storage = storage
        self._table: Table = storage.table(kind)
        self._position = int(after)
        self._matches = matches
        self._faults = faults
        self._pace = pace
        self._wake = asyncio.Event()
        self._alarm: asyncio.TimerHandle | None = None
        self._rung = False
        """A bookmark, or the end, is due."""

    async def events(self) -> AsyncIterator[WatchEvent]:
        """Every event until the server ends the watch.

        Raises ExpiredError when the history no longer reaches back to where the watch stands, and
        TransientError when the connection breaks.
        """
        self._table.watchers[self._wake] = None
        self._faults.subscribe(self._wake)
        try:
            async for event in self._run():
                yield event
        finally:
            self._table.watchers.pop(self._wake, None)
            self._faults.unsubscribe(self._wake)
            if self._alarm is not None:
                self._alarm.cancel()

    async def _run(self) -> AsyncIterator[WatchEvent]:
        now = asyncio.get_running_loop().time()
        end, bookmark = now + self._pace.end, now + self._pace.bookmark
        self._set_alarm(min(end, bookmark))
        while not self._table.closed:
            self._wake.clear()
            for change in self._due():
                await self._late(change)
                self._check()
                self._position = change.version
                if event := self._event(change):
                    yield event
                    if self._faults.repeats:
                        yield self._event(change) or event
            if self._faults.silent or not self._rung:
                await self._wake.wait()
                continue
            if bookmark > end:
                return
            bookmark += self._pace.bookmark
            self._set_alarm(min(end, bookmark))
            if not self._due():  # a change of this moment goes first
                yield self._bookmark()

    def _due(self) -> list[Change]:
        self._check()
        return [] if self._faults.silent else list(self._table.since(self._position))

    def _check(self) -> None:
        if self._faults.refused:
            raise TransientError("injected: connection reset")
        if self._position < self._table.floor:
            raise ExpiredError(f"too old resource version: {self._position} ({self._table.floor})")

    async def _late(self, change: Change) -> None:
        delay = self._faults.delay(self._table.kind)
        late = change.at + delay - asyncio.get_running_loop().time()
        if delay and late > 0:
            await asyncio.sleep(late)

    def _set_alarm(self, moment: float) -> None:
        """Ring at `moment`. One timer lasts over many changes, which come much more often."""
        self._rung = False
        self._alarm = asyncio.get_running_loop().call_at(moment, self._ring)

    def _ring(self) -> None:
        self._rung = True
        self._wake.set()

    def _event(self, change: Change) -> WatchEvent | None:
        """Return what the change is to this watch's selection."""
        before = change.old is not None and self._matches(change.old)
        after = change.new is not None and self._matches(change.new)
        if after:
            assert change.new is not None  # noqa: S101 - what matches is there
            kind = EventType.MODIFIED if before else EventType.ADDED
            return WatchEvent(kind, self._table.fresh(change.version, change.new))
        if before:
            assert change.old is not None  # noqa: S101 - what matched was there
            return WatchEvent(EventType.DELETED, _versioned(change.old, change.version))
        return None

    def _bookmark(self) -> WatchEvent:
        kind = self._table.kind
        self._position = max(self._position, self._storage.version)
        obj = {"apiVersion": kind.api_version, "kind": kind.name, "metadata": {}}
        return WatchEvent(EventType.BOOKMARK, _versioned(obj, self._position))


def _versioned(manifest: Manifest, version: int) -> Manifest:
    fresh = copy(manifest)
    fresh["metadata"]["resourceVersion"] = str(version)
    return fresh
