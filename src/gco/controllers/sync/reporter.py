"""Carries what the region says to the store, in batches, and only what the store does not know."""

import asyncio
from collections.abc import Callable, Mapping, Sequence

from gco.core.model.ids import EndpointName, Epoch, RegionName
from gco.core.model.status import RegionStatus
from gco.errors import StoreError, StoreUnavailableError
from gco.runtime.backoff import Backoff, Retries
from gco.store.port import MAX_WRITES, StatusRemoval, Store
from gco.telemetry import get_logger

BACKOFF = Backoff(0.2, 30.0, jitter=0.5)
GATHER_SECONDS = 0.2
"""The pause after a write: what else changes in a burst goes together, and the first news at once."""

_log = get_logger(__name__)

News = RegionStatus | StatusRemoval


class Reporter:
    """Writes what `news` has of each endpoint that was touched; `told` hears of what was stored.

    `said` is what the store holds of what this region said, from `load` on.
    """

    def __init__(
        self,
        store: Store,
        region: RegionName,
        news: Callable[[EndpointName], News | None],
        told: Callable[[EndpointName], None],
    ) -> None:
        self._store = store
        self._region = region
        self._news = news
        self._told = told
        self._said: dict[EndpointName, RegionStatus] = {}
        self._touched: dict[EndpointName, None] = {}
        self._wake = asyncio.Event()
        self.loaded = False
        """Whether what the store holds is known."""

    def said(self, name: EndpointName) -> RegionStatus | None:
        """Return what the store holds of what this region said of one endpoint."""
        return self._said.get(name)

    def names(self) -> Sequence[EndpointName]:
        """Return the endpoints of which the store holds something that this region said."""
        return list(self._said)

    def touch(self, name: EndpointName) -> None:
        """Look whether there is something to tell of `name`."""
        self._touched[name] = None
        self._wake.set()

    def forget(self) -> None:
        """Another may have reported since: what the store holds is no longer known."""
        self._said = {}
        self.loaded = False

    async def load(self) -> None:
        """Read what the store holds; raises StoreUnavailableError.

        A status that cannot be read (a newer leader wrote it) counts as none: the next report
        replaces it, and those of the other endpoints do not wait for it.
        """
        found = await self._store.statuses(self._region, unread=_replaced)
        self._said = {status.name: status for status in found}
        self.loaded = True

    async def run(self, epoch: Epoch) -> None:
        """Write until cancelled; raises FencedError once another leader has taken over."""
        retries = Retries(BACKOFF)
        while True:
            await self._wake.wait()
            batch = self._batch()
            if not batch:
                continue
            try:
                await self._store.write_statuses(self._region, epoch, list(batch.values()))
            except StoreUnavailableError as error:
                _log.warning("statuses wait for the store", endpoints=len(batch), error=str(error))
                await asyncio.sleep(retries.failed())
            else:
                retries.reset()
                self._stored(batch)
                if len(batch) < MAX_WRITES:
                    await asyncio.sleep(GATHER_SECONDS)

    def _batch(self) -> Mapping[EndpointName, News]:
        """The next news; names stay touched until they are stored, or turn out to be none."""
        batch: dict[EndpointName, News] = {}
        for name in list(self._touched):
            item = self._news(name)
            if item is None:
                del self._touched[name]
            else:
                batch[name] = item
            if len(batch) == MAX_WRITES:
                break
        if not self._touched:
            self._wake.clear()
        return batch

    def _stored(self, batch: Mapping[EndpointName, News]) -> None:
        for name, item in batch.items():
            if isinstance(item, StatusRemoval):
                self._said.pop(name, None)
            else:
                self._said[name] = item
            self._told(name)


def _replaced(name: EndpointName, error: StoreError) -> None:
    _log.warning("status not understood", endpoint=name, error=str(error))
