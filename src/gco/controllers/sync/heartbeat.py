"""The region's own record: leadership is taken in the store, and shown to be alive."""

import asyncio
from collections.abc import Callable

from gco.clock import Clock
from gco.core.model.ids import Epoch
from gco.core.model.status import Region
from gco.errors import StoreUnavailableError
from gco.runtime.backoff import Backoff, Retries, spread
from gco.store.port import Store
from gco.telemetry import get_logger

BACKOFF = Backoff(0.2, 30.0, jitter=0.5)

_log = get_logger(__name__)


class Heartbeat:
    """Writes `describe()` with a fresh heartbeat, once a period, under one epoch at a time."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        describe: Callable[[], Region],
        *,
        replace_cluster: bool = False,
    ) -> None:
        self._store = store
        self._clock = clock
        self._describe = describe
        self._replace_cluster = replace_cluster

    async def lead(self) -> Epoch:
        """Take leadership over the region's record, which is also the first beat.

        Raises StoreUnavailableError, and ConflictError where the name is another cluster's.
        """
        epoch = await self._store.lead_region(
            self._record(Epoch(0)), replace_cluster=self._replace_cluster
        )
        _log.info("region is led", epoch=epoch)
        return epoch

    async def run(self, epoch: Epoch) -> None:
        """Beat until cancelled; raises FencedError once another leader has taken over."""
        retries = Retries(BACKOFF)
        pause = self._period()
        while True:
            await asyncio.sleep(pause)
            try:
                await self._store.update_region(self._record(epoch))
            except StoreUnavailableError as error:
                _log.warning("heartbeat missed", error=str(error))
                pause = retries.failed()
            else:
                retries.reset()
                pause = self._period()

    def _record(self, epoch: Epoch) -> Region:
        now = self._clock.now()
        return self._describe().model_copy(update={"heartbeat": now, "epoch": epoch})

    def _period(self) -> float:
        """A little less than what is promised: silence is counted in whole periods."""
        return spread(0.9 * self._describe().heartbeat_seconds)
