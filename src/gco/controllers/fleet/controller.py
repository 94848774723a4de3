"""The fleet loop: reads what the regions say of an endpoint, and writes its next record.

Every write is conditional on the generation that was read, so that an edit or a delete that comes
between wins, and on the fleet's epoch, so that a former leader writes nothing.
"""

import asyncio
from collections.abc import Callable

from gco.clock import Clock
from gco.controllers.fleet.tail import Tail
from gco.core.fleet.progress import Advance, advance, at_rest
from gco.core.fleet.summary import by_region
from gco.core.model.endpoint import Endpoint, Write
from gco.core.model.ids import EndpointName, Epoch
from gco.errors import ConflictError
from gco.runtime.controller import Controller
from gco.runtime.metrics import SILENT, ControllerMetrics
from gco.store.port import Store
from gco.telemetry import get_logger

_log = get_logger(__name__)


class FleetController:
    """Moves endpoints on while this process leads the fleet; `epoch` tells which term began last.

    It is asked once a term: what it tells after another has taken over would be that one's.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        epoch: Callable[[], Epoch],
        *,
        metrics: ControllerMetrics = SILENT,
    ) -> None:
        self._store = store
        self._clock = clock
        self._epoch = epoch
        self._term = Epoch(0)
        self.controller: Controller[EndpointName] = Controller(
            "fleet", self._reconcile, noun="endpoint", metrics=metrics
        )
        self._tail = Tail(store, self.controller.enqueue)

    async def lead(self) -> None:
        """Act until cancelled: called while the fleet's lease is held."""
        self._term = self._epoch()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._tail.run())
            group.create_task(self.controller.run())

    def complaint(self) -> str | None:
        """Say what is stuck, or None: for the liveness probe."""
        return self.controller.complaint()

    async def _reconcile(self, name: EndpointName) -> None:
        endpoint = (await self._store.get_many([name])).get(name)
        if endpoint is None or at_rest(endpoint):
            return
        regions = list(endpoint.targets)
        await self._tail.cover(regions)  # before reading: nothing said in between is missed
        statuses = by_region(await self._store.statuses_of(name, regions))
        step = advance(endpoint, statuses, self._clock.now())
        if step is not None:
            await self._write(endpoint, step)

    async def _write(self, endpoint: Endpoint, step: Advance) -> None:
        write = Write(endpoint.name, endpoint.generation, step.endpoint)
        try:
            await self._store.write([write], fleet_epoch=self._term)
        except ConflictError:
            self.controller.enqueue(endpoint.name)  # someone was faster: look again
            return
        for what in step.steps:
            _log.info(
                what.value,
                endpoint=endpoint.name,
                revision=endpoint.revision,
                regions=list(step.regions or endpoint.targets),
            )
