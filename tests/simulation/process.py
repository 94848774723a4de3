"""One monitor as a process: it can be killed at any request, paused, terminated, and cut off."""

import asyncio
import contextlib
import contextvars
import datetime as dt
from typing import Any

from gco import __version__
from gco.clock import Clock
from gco.cluster.memory import MemoryCluster
from gco.controllers.sync import identify_cluster
from gco.core.model.ids import Epoch, RegionName
from gco.core.model.spec import DEFAULT_NAMESPACE
from gco.core.model.status import Region
from gco.errors import TransientError
from gco.runtime.forwarding import ForwardingCluster
from gco.runtime.supervise import Stage, Supervisor
from gco.telemetry.metrics import Metrics
from gco.wiring.region import RegionLoops, RegionOptions
from tests.simulation.renderings import LATER

WRITER: contextvars.ContextVar[str] = contextvars.ContextVar("writer", default="environment")
"""Who writes: each task inherits it from the process that it belongs to."""
IDENTITY: contextvars.ContextVar[str] = contextvars.ContextVar("identity", default="")
"""Under which name the life of a process that a task belongs to stands for election."""
RESTART_SECONDS = 2.0
CATCH_UP_SECONDS = 60.0
"""How long after a fault a process may still act on what it knew."""


class SteppedClock:
    """A process's own clock, which may be wrong."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.wrong_by = dt.timedelta()

    def now(self) -> dt.datetime:
        """Return the time as this process's machine has it."""
        return self._clock.now() + self.wrong_by


class Line:
    """What a process's requests pass on their way out: closed while it is paused or dead."""

    def __init__(self) -> None:
        self.open = asyncio.Event()
        self.open.set()
        self.dead = asyncio.Event()
        self._left = 0
        self._after = False

    def die_at(self, request: int, *, after: bool) -> None:
        """Kill the process at its `request`-th request from now, before it or before its answer."""
        self._left, self._after = request, after

    async def send(self, call) -> Any:
        """Send one request, unless the process is no more."""
        dies = self._left == 1
        self._left -= self._left > 0
        if dies and not self._after:
            self.dead.set()
        await self._pass()
        answer = await call()
        if dies:
            self.dead.set()
        await self._pass()
        return answer

    async def _pass(self) -> None:
        if self.dead.is_set():
            await asyncio.Event().wait()  # a dead process neither sends nor hears
        await self.open.wait()


class _Cluster(ForwardingCluster):
    def __init__(self, cluster: MemoryCluster, line: Line) -> None:
        super().__init__(cluster)
        self._line = line

    async def _request(self, _verb, _kind, send):
        return await self._line.send(send)


class _Store:
    """The shared store, over this process's line."""

    _WRITES = frozenset(
        {"write", "write_statuses", "update_region", "lead_region", "write_fleet_lease"}
    )

    def __init__(self, store, line: Line) -> None:
        self._store = store
        self._line = line

    def __getattr__(self, name):
        method = getattr(self._store, name)
        if name not in self._WRITES:
            return method

        async def call(*args, **options):
            return await self._line.send(lambda: method(*args, **options))

        return call


class Process:
    """A monitor of a region, started again whenever it ends, as its Deployment would."""

    def __init__(
        self, region: RegionName, number: int, cluster: MemoryCluster, store, clock: Clock
    ):
        self.name = f"{region}/{number}"
        self.client = cluster.client("gco-monitor")
        self.line = Line()
        self.stop = asyncio.Event()
        self.deaths: list[BaseException] = []
        self.loops: RegionLoops | None = None
        self._region = region
        self._store = store
        self.clock = SteppedClock(clock)
        self.later = False
        """Whether its next life runs the later version of GCO."""
        self.blind_until = 0.0
        """Until when it may know less than the cluster's storage holds."""

    def blind(self, now: float, seconds: float) -> None:
        """Take note of a fault that hides from the process what happens, for `seconds`."""
        self.blind_until = max(self.blind_until, now + seconds + CATCH_UP_SECONDS)

    async def run(self) -> None:
        """Run lives, one after the other, until cancelled."""
        WRITER.set(self.name)
        while True:
            self.line, self.stop = Line(), asyncio.Event()
            LATER.set(self.later)
            await self._live()
            await asyncio.sleep(RESTART_SECONDS)

    async def _live(self) -> None:
        life = asyncio.create_task(self._serve())
        dead = asyncio.create_task(self.line.dead.wait())
        try:
            await asyncio.wait([life, dead], return_when=asyncio.FIRST_COMPLETED)
        finally:
            self.line.dead.set()
            for task in (life, dead):
                task.cancel()
            [ended, _] = await asyncio.gather(life, dead, return_exceptions=True)
        if isinstance(ended, BaseException) and not isinstance(ended, asyncio.CancelledError):
            self.deaths.append(ended)

    async def _serve(self) -> None:
        while True:
            with contextlib.suppress(TransientError):
                identity = await identify_cluster(self.client)
                break
            await asyncio.sleep(1.0)
        region = Region(
            name=self._region,
            cluster_uid=identity,
            aws_region=self._region,
            namespaces=(DEFAULT_NAMESPACE,),
            version=__version__,
            heartbeat=self.clock.now(),
            epoch=Epoch(0),
        )
        options = RegionOptions(hostname=self.name, resync_seconds=120.0)
        self.loops = RegionLoops(
            _Cluster(self.client, self.line),
            _Store(self._store, self.line),
            self.clock,
            region=region,
            options=options,
            metrics=Metrics(process=False),
        )
        IDENTITY.set(self.loops.elector.identity)
        supervisor = Supervisor()
        for stage, name, loop in self.loops.loops():
            supervisor.add(stage, name, loop)
        supervisor.at(Stage.INTAKE, "queues", self.loops.shut_down)
        await supervisor.run(self.stop)
