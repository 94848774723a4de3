"""Whole monitors of one region in memory: every loop of `RegionLoops`, two or more a cluster."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Any

from gco.clock import Clock
from gco.cluster.memory import MemoryCluster
from gco.cluster.memory.controllers import run_controllers
from gco.cluster.port import Cluster
from gco.controllers.sync import identify_cluster
from gco.core.model.crd import crd
from gco.core.model.ids import Actor, EndpointName, Epoch, RegionName
from gco.core.model.names import LEADER_LEASE
from gco.core.model.status import Region, RegionStatus
from gco.errors import AbsentError
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, LEASE, NAMESPACE, Kind
from gco.runtime.metered import MeteredCluster
from gco.service import Service
from gco.store.memory import MemoryStore
from gco.telemetry.metrics import Metrics
from gco.wiring.region import RegionLoops, RegionOptions
from tests.kubelet import Kubelet, add_node
from tests.service.world import WEB, document
from tests.waiting import eventually

NS = "gco-inference"
EAST = RegionName("us-east-1")


class Monitor:
    """One process: its own client of the cluster, its own loops."""

    def __init__(self, world: "MonitorWorld", name: str, cluster: Cluster, region: Region) -> None:
        self.name = name
        self.client: Any = cluster
        """A MemoryCluster: its faults and its count of requests."""
        self.metrics = Metrics()
        self.loops = RegionLoops(
            MeteredCluster(cluster, self.metrics),
            world.store,
            world.clock,
            region=region,
            options=RegionOptions(hostname=name, resync_seconds=world.resync_seconds),
            metrics=self.metrics,
        )
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Run every loop."""
        self._tasks = [asyncio.create_task(_call(loop)) for _, _, loop in self.loops.loops()]

    async def stop(self) -> None:
        """End in order: the Lease is released."""
        for task in self._tasks:
            task.cancel()
        for result in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(result, Exception):
                raise result

    async def kill(self) -> None:
        """End as kill -9 does: nothing more is sent, the Lease is not released."""
        await self.client.close()
        await self.stop()

    @property
    def leads(self) -> bool:
        """Whether it holds the Lease for sure."""
        return self.loops.elector.may_send()

    def depth(self, controller: str = "endpoint") -> float:
        """The queue depth as its metrics tell it."""
        labels = {"name": controller}
        value = self.metrics.registry.get_sample_value("gco_workqueue_depth", labels)
        return value or 0.0


class MonitorWorld:
    """A cluster, a store and people; monitors are started by the test."""

    def __init__(
        self, clock: Clock, *, namespaces: Sequence[str] = (NS,), resync_seconds: float = 600
    ) -> None:
        self.clock = clock
        self.namespaces = tuple(namespaces)
        self.resync_seconds = resync_seconds
        self.server = MemoryCluster(clock=clock)
        self.store = MemoryStore(clock=clock)
        self.person = self.server.client("kubectl-edit")
        self.kubelet = Kubelet(self.server.client("kubelet"))
        self.monitors: list[Monitor] = []

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Kubernetes runs while the block does; every monitor ends with it."""
        for namespace in self.namespaces:
            await self.person.create(NAMESPACE, {"metadata": {"name": namespace}})
        await add_node(self.person, "n1", gpus=8)
        await self.person.apply(CUSTOM_RESOURCE_DEFINITION, crd(), manager="kubectl")
        others = [run_controllers(self.server), self.kubelet.run()]
        tasks = [asyncio.create_task(other) for other in others]
        try:
            yield
        finally:
            for monitor in self.monitors:
                await monitor.stop()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def monitor(self, name: str, *, namespaces: Sequence[str] | None = None) -> Monitor:
        """Another monitor, not started yet."""
        region = Region(
            name=EAST,
            cluster_uid=await identify_cluster(self.server),
            namespaces=tuple(namespaces or self.namespaces),
            heartbeat=self.clock.now(),
            epoch=Epoch(0),
        )
        made = Monitor(self, name, self.server.client(name), region)
        self.monitors.append(made)
        return made

    async def started(self, name: str, *, namespaces: Sequence[str] | None = None) -> Monitor:
        """Another monitor, running."""
        made = await self.monitor(name, namespaces=namespaces)
        made.start()
        return made

    async def apply(self, name: str = WEB, *, namespace: str = NS, **spec: Any) -> None:
        """What `gco apply` does."""
        spec = {"resources": {"accelerator": "none"}, **spec}
        service = Service(self.store, self.clock, Actor("ann"))
        await eventually(self.store.regions)
        await service.apply([document(name, namespace=namespace, **spec)], source="web.yaml")

    async def delete(self, name: str = WEB) -> None:
        """What `gco delete` does."""
        await Service(self.store, self.clock, Actor("ann")).delete([EndpointName(name)])

    async def said(self, name: str = WEB) -> RegionStatus | None:
        """What the store holds of what the region said."""
        found = await self.store.statuses_of({EndpointName(name): [EAST]})
        return found[0] if found else None

    async def reason(self, kind: str, name: str = WEB) -> str:
        """The reason of a condition that the region reported; empty for none."""
        status = await self.said(name)
        conditions = status.conditions if status else ()
        return next((c.reason for c in conditions if c.type == kind), "")

    def find(self, kind: Kind, name: str, namespace: str = NS) -> dict[str, Any] | None:
        """The stored object, without a request."""
        with contextlib.suppress(AbsentError):
            return self.server.server.get(kind, namespace, name)
        return None

    def holder(self, namespace: str = NS) -> str:
        """Which monitor the Lease names; empty for none."""
        lease = self.find(LEASE, LEADER_LEASE, namespace)
        holder: str = (lease or {}).get("spec", {}).get("holderIdentity") or ""
        return holder.partition("_")[0]


async def _call(loop: Any) -> None:
    await loop()
