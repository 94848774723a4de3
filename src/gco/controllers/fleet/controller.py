"""The fleet loop: reads what the regions say of an endpoint, and writes its next record.

Every write is conditional on the generation that was read, so that an edit or a delete that comes
between wins, and on the fleet's epoch, so that a former leader writes nothing.

Nobody waits for it in milliseconds, so that endpoints that are touched together are read together
and written together; one that cannot be read or written holds up no other.
"""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from gco.clock import Clock
from gco.controllers.fleet.tail import Tail, left_alone
from gco.core.fleet.progress import advance, at_rest
from gco.core.fleet.summary import by_region
from gco.core.model.endpoint import Endpoint, Write
from gco.core.model.ids import EndpointName, Epoch
from gco.core.model.status import RegionStatus
from gco.errors import (
    ConflictError,
    FencedError,
    StoreError,
    StoreIdentityError,
    StoreUnavailableError,
)
from gco.runtime.batch import Batch
from gco.runtime.controller import Controller
from gco.runtime.metrics import SILENT, ControllerMetrics
from gco.store.port import MAX_WRITES, Store
from gco.telemetry import get_logger

GATHER_SECONDS: Final = 0.1
"""How long a first touched endpoint waits for others."""

_log = get_logger(__name__)


class _Seen(NamedTuple):
    """An endpoint that may have to move on, and what its regions say of it."""

    endpoint: Endpoint
    said: Sequence[RegionStatus]


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
            "fleet", self._reconcile, workers=2 * MAX_WRITES, noun="endpoint", metrics=metrics
        )
        self._tail = Tail(store, self.controller.enqueue)
        self._reads = Batch(
            self._read, most=MAX_WRITES, gather=GATHER_SECONDS, divisible=_of_one_endpoint
        )
        self._writes = Batch(self._write, most=MAX_WRITES, gather=0, divisible=_of_one_endpoint)

    async def lead(self) -> None:
        """Act until cancelled: called while the fleet's lease is held."""
        self._term = self._epoch()
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tail.run())
                group.create_task(self._reads.run())
                group.create_task(self._writes.run())
                group.create_task(self.controller.run())
        finally:
            self.controller.clear()  # the next leader lists everything

    def complaint(self) -> str | None:
        """Say what is stuck, or None: for the liveness probe."""
        return self.controller.complaint()

    async def _reconcile(self, name: EndpointName) -> None:
        seen = await self._reads.ask(name)
        if seen is None:
            return
        endpoint = seen.endpoint
        step = advance(endpoint, by_region(seen.said), self._clock.now())
        if step is None:
            return
        try:
            await self._writes.ask(Write(name, endpoint.generation, step.endpoint))
        except ConflictError:
            self.controller.enqueue(name)  # someone was faster: look again
            return
        for what in step.steps:
            _log.info(
                what.value,
                endpoint=name,
                revision=endpoint.revision,
                regions=list(step.regions or endpoint.targets),
            )

    async def _read(self, names: Sequence[EndpointName]) -> Sequence[_Seen | None]:
        """Return what there is of each, None where there is nothing to do."""
        found = await self._store.get_many(names, unread=left_alone)
        moving = {name: each for name, each in found.items() if not at_rest(each)}
        self._tail.leave(name for name in names if name not in moving)
        # before their statuses are read, so that nothing said in between is missed
        await self._tail.cover({name: each.targets for name, each in moving.items()})
        said = await self._said(moving)
        return [_Seen(moving[name], said[name]) if name in moving else None for name in names]

    async def _said(
        self, moving: Mapping[EndpointName, Endpoint]
    ) -> Mapping[EndpointName, Sequence[RegionStatus]]:
        said: defaultdict[EndpointName, list[RegionStatus]] = defaultdict(list)
        wanted = {name: list(endpoint.targets) for name, endpoint in moving.items()}
        # A status that cannot be read says nothing: its region is not done, and nothing is purged.
        for status in await self._store.statuses_of(wanted, unread=left_alone):
            said[status.name].append(status)
        return said

    async def _write(self, writes: Sequence[Write]) -> Sequence[None]:
        """Store them all, or raise and store none."""
        await self._store.write(writes, fleet_epoch=self._term)
        return [None] * len(writes)


def _of_one_endpoint(error: BaseException) -> bool:
    """Whether the others of a batch may be read or written without the one that `error` is about."""
    common = (FencedError, StoreIdentityError, StoreUnavailableError)
    return isinstance(error, StoreError) and not isinstance(error, common)
