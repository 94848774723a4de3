"""Hears of every endpoint that people or regions say something new about."""

import asyncio
from collections.abc import Callable, Iterable

from gco.core.fleet.progress import at_rest
from gco.core.model.ids import EndpointName, RegionName, Seq
from gco.errors import GapError, StoreError
from gco.runtime.backoff import Backoff, Retries
from gco.store.port import Store, Version
from gco.telemetry import get_logger

BACKOFF = Backoff(0.5, 30.0, jitter=0.5)
PAUSE_SECONDS = 0.3
"""Between two looks at the logs, one request for each region: nobody waits for the fleet so shortly."""

_log = get_logger(__name__)


class Tail:
    """Follows the change log and the status logs of the regions that endpoints are in.

    `touched` is called with each name that is worth a look; after a gap, with every endpoint that
    is not at rest.
    """

    def __init__(self, store: Store, touched: Callable[[EndpointName], None]) -> None:
        self._store = store
        self._touched = touched
        self._cursor: Seq | None = None
        self._regions: dict[RegionName, Seq] = {}

    async def run(self) -> None:
        """List everything, then follow, until cancelled."""
        retries = Retries(BACKOFF)
        self._cursor = None
        self._regions.clear()
        seen = Version(0)
        while True:
            try:
                seen = await self._store.wait(seen)
                await self._read()
                retries.reset()
                await asyncio.sleep(PAUSE_SECONDS)
            except GapError:
                self._cursor = None
                self._regions.clear()
                seen = Version(0)
            except StoreError as error:  # not there, or a record that is not understood
                _log.warning("store not followed", error=str(error))
                await asyncio.sleep(retries.failed())
                seen = Version(0)

    async def cover(self, regions: Iterable[RegionName]) -> None:
        """Follow what these regions say from now on; what they said before is the caller's to read."""
        for region in regions:
            if region not in self._regions:
                head = await self._store.status_head(region)
                self._regions.setdefault(region, head)  # the earlier look of two is the safe one

    async def _read(self) -> None:
        if self._cursor is None:
            self._cursor = await self._list()
        async for change in self._store.changes(self._cursor):
            self._touch(change.names)
            self._cursor = change.seq
        for region, cursor in list(self._regions.items()):
            async for change in self._store.status_changes(region, cursor):
                self._touch(change.names)
                self._regions[region] = change.seq

    async def _list(self) -> Seq:
        head = await self._store.head()
        async for endpoint in self._store.list(unread=_left_alone):
            if not at_rest(endpoint):
                self._touched(endpoint.name)
        return head

    def _touch(self, names: Iterable[EndpointName]) -> None:
        for name in names:
            self._touched(name)


def _left_alone(name: EndpointName, error: StoreError) -> None:
    _log.error("record not understood", endpoint=name, error=str(error))
