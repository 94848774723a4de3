"""Hears of every endpoint that people or regions say something new about."""

import asyncio
from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from gco.core.fleet.progress import at_rest
from gco.core.model.ids import EndpointName, RegionName, Seq
from gco.errors import GapError, StoreError
from gco.runtime.backoff import Backoff, Retries
from gco.store.listing import Listing
from gco.store.port import Store, Version
from gco.telemetry import get_logger

BACKOFF = Backoff(0.5, 30.0, jitter=0.5)
PAUSE_SECONDS = 0.3
"""The least between two looks at the logs: fleet progress is not latency-sensitive."""

_log = get_logger(__name__)


class Tail:
    """Follows the change log, and the status logs of the regions whose endpoints have to move on.

    `touched` is called with each name that is worth a look; after a gap, with every endpoint that
    is not at rest. What a region says of endpoints at rest moves nothing, and each log that is
    followed costs a read at each look.
    """

    def __init__(self, store: Store, touched: Callable[[EndpointName], None]) -> None:
        self._store = store
        self._touched = touched
        self._cursor: Seq | None = None
        self._listing: Listing | None = None
        """A listing that was interrupted: it continues where it stopped."""
        self._retries = Retries(BACKOFF)
        self._regions: dict[RegionName, Seq] = {}
        self._moving: dict[EndpointName, frozenset[RegionName]] = {}
        self._needed: Counter[RegionName] = Counter()
        """How many endpoints that move have a target in each region."""

    async def run(self) -> None:
        """List everything, then follow, until cancelled."""
        self._retries.reset()
        self._forget()
        seen = Version(0)
        while True:
            try:
                seen = await self._store.wait(seen)
                await self._read()
                self._retries.reset()
                await asyncio.sleep(PAUSE_SECONDS)
            except GapError:
                self._forget()
                seen = Version(0)
            except StoreError as error:  # not there, or a record that is not understood
                _log.warning("store not followed", error=str(error))
                await asyncio.sleep(self._retries.failed(at_least=error.retry_after))
                seen = Version(0)

    async def cover(self, moving: Mapping[EndpointName, Iterable[RegionName]]) -> None:
        """Follow what the regions of each endpoint say from now on.

        What they said before is the caller's to read.
        """
        for name, regions in moving.items():
            before, self._moving[name] = self._moving.get(name, ()), frozenset(regions)
            self._needed.update(self._moving[name])
            self._release(before)
        for region in list(self._needed):
            if region not in self._regions:
                head = await self._store.status_head(region)
                if region in self._needed:  # else its last endpoint came to rest meanwhile
                    self._regions.setdefault(
                        region, head
                    )  # the earlier look of two is the safe one

    def leave(self, names: Iterable[EndpointName]) -> None:
        """Note that these endpoints are at rest; a region without any other is not followed."""
        for name in names:
            self._release(self._moving.pop(name, ()))

    def _release(self, regions: Iterable[RegionName]) -> None:
        for region in regions:
            self._needed[region] -= 1
            if not self._needed[region]:
                del self._needed[region]
                self._regions.pop(region, None)

    def _forget(self) -> None:
        self._cursor = self._listing = None
        self._regions.clear()
        self._moving.clear()
        self._needed.clear()

    async def _read(self) -> None:
        if self._cursor is None:
            self._cursor = await self._list()
        async for change in self._store.changes(self._cursor):
            self._touch(change.names)
            self._cursor = change.seq
        for region, cursor in list(self._regions.items()):
            async for change in self._store.status_changes(region, cursor):
                self._touch(change.names)
                if region in self._regions:
                    self._regions[region] = change.seq

    async def _list(self) -> Seq:
        """List every endpoint, from where an earlier attempt stopped; return the change to follow."""
        uid = await self._store.identity()
        if self._listing is None or self._listing.uid != uid:
            self._listing = Listing(uid, await self._store.head())
        listing = self._listing
        async for endpoint in listing.rest(self._store, left_alone):
            if not at_rest(endpoint):
                self._touched(endpoint.name)
            self._retries.reset()  # the store answers: a listing that gets on is retried soon
        self._listing = None
        return listing.cursor

    def _touch(self, names: Iterable[EndpointName]) -> None:
        for name in names:
            self._touched(name)


def left_alone(name: EndpointName, error: StoreError) -> None:
    """Log it: the fleet does nothing about an endpoint until its record can be read."""
    _log.error("record not understood", endpoint=name, error=str(error))
