"""The loops of one region, put together: who may act, who watches, and what is healthy.

The monitor runs one of these in a process; the sandbox runs one for each of its regions.
"""

import asyncio
import dataclasses
import datetime as dt
import functools
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from gco.clock import Clock
from gco.cluster.port import Cluster
from gco.controllers.endpoint import EndpointController
from gco.controllers.fleet import FleetController, FleetLeaseLock
from gco.controllers.sync import SyncController
from gco.controllers.sync.surroundings import Surroundings
from gco.core.model.ids import Epoch
from gco.core.model.names import LEADER_LEASE
from gco.core.model.status import Region
from gco.core.region.adoption import told_of_holder
from gco.core.region.watchdog import THRESHOLD
from gco.runtime.death import HolderPods
from gco.runtime.election import Elector, never_proved, unique_identity
from gco.runtime.fenced import FencedCluster
from gco.runtime.lease import KubernetesLeaseLock
from gco.runtime.others import OtherLeases
from gco.runtime.resync import resync
from gco.runtime.supervise import Stage
from gco.server.monitor import Complaint
from gco.store.port import Store
from gco.telemetry.metrics import Metrics

Loop: TypeAlias = Callable[[], Awaitable[None]]


@dataclasses.dataclass(frozen=True, slots=True)
class RegionOptions:
    """How the loops of one region run."""

    hostname: str
    """Names this process in the Lease, in Kubernetes Events and in logs."""
    resync_seconds: float
    unhealthy_seconds: float = THRESHOLD.total_seconds()
    """How long nothing may answer behind a route before it leaves."""
    image: str = ""
    """GCO's own, which copies models; empty: none is copied, and their endpoints say why."""
    address: str = ""
    """Where the region's routes answer; empty: as its Ingresses say."""
    pod_namespace: str = ""
    """Where the monitors' own pods are; empty: the end of one is seen by its Lease running out."""
    accept_store: bool = False
    replace_cluster: bool = False


class RegionLoops:
    """Sync, endpoint and fleet loops over one cluster and one store."""

    def __init__(
        self,
        cluster: Cluster,
        store: Store,
        clock: Clock,
        *,
        region: Region,
        options: RegionOptions,
        metrics: Metrics,
    ) -> None:
        lock = KubernetesLeaseLock(cluster, region.namespaces[0], LEADER_LEASE, clock)
        others = {
            namespace: KubernetesLeaseLock(cluster, namespace, LEADER_LEASE, clock)
            for namespace in region.namespaces[1:]
        }
        self._other_leases = OtherLeases(others)
        identity = unique_identity(options.hostname)
        self._cluster = cluster
        self._resync_seconds = options.resync_seconds
        pods = HolderPods(cluster, options.pod_namespace) if options.pod_namespace else None
        self.elector = Elector(
            lock,
            identity,
            name=LEADER_LEASE,
            metrics=metrics.election("region"),
            told_of=told_of_holder,
            unfit=self._unfit,
            ended=never_proved if pods is None else pods.ended,
        )
        writer = FencedCluster(cluster, self.elector.assert_leading)
        surroundings = Surroundings(
            cluster, region.namespaces, address=options.address, metrics=metrics.controller("sync")
        )
        self.endpoint = EndpointController(
            cluster,
            region.namespaces,
            clock,
            writer=writer,
            supply=surroundings,
            unhealthy=dt.timedelta(seconds=options.unhealthy_seconds),
            image=options.image,
            allow=region.pod_overrides_allow,
            instance=options.hostname,
            metrics=metrics.controller("endpoint"),
        )
        self.sync = SyncController(
            store,
            cluster,
            clock,
            region,
            surroundings=surroundings,
            writer=writer,
            assert_leading=self.elector.assert_leading,
            accept_store=options.accept_store,
            replace_cluster=options.replace_cluster,
            unwatched=self.endpoint.unwatched,
            metrics=metrics.controller("sync"),
        )
        self.fleet_elector = Elector(
            FleetLeaseLock(store), identity, name="fleet", metrics=metrics.election("fleet")
        )
        self.fleet = FleetController(
            store,
            clock,
            lambda: Epoch(self.fleet_elector.transitions),
            metrics=metrics.controller("fleet"),
        )

    def loops(self) -> Sequence[tuple[Stage, str, Loop]]:
        """Return what a supervisor shall run, each with the stage at which it ends."""
        return (
            (Stage.CACHES, "endpoint caches", self.endpoint.watch),
            (Stage.CACHES, "sync", self.sync.watch),
            (Stage.CACHES, "finalizers without a leader", self._release_leaderless),
            (Stage.CACHES, "leases of other namespaces", self._other_leases.run),
            (Stage.ELECTION, "fleet election", self._stand_for_fleet),
            (Stage.ELECTION, "region election", self._stand),
        )

    async def shut_down(self) -> None:
        """Take in no more work: the first thing at the end."""
        for loop in (self.endpoint, self.sync, self.fleet):
            loop.controller.shut_down()

    def complaints(self) -> Sequence[Complaint]:
        """Return what the liveness probe asks: the loops' progress, and nothing of any outage."""
        return (
            self.endpoint.complaint,
            self.sync.complaint,
            self.fleet.complaint,
            self.elector.complaint,
            self.fleet_elector.complaint,
        )

    def waiting(self) -> Sequence[str]:
        """Return the caches that are not filled yet, by kind and namespace.

        While there are any, this process is not ready and does not stand for election.

        Kinds that most endpoints can do without, and a namespace that cannot be watched where another
        can, keep neither back.
        """
        if self.sync.copies.synced.is_set():
            return self.endpoint.waiting()
        return [*self.endpoint.waiting(), "custom resources"]

    def _unfit(self) -> Sequence[str]:
        """Return what keeps this process from leading: a monitor of another configuration leads."""
        return [*self.waiting(), *self._other_leases.in_use()]

    async def _release_leaderless(self) -> None:
        await self.endpoint.release_leaderless(self._cluster, lambda: not self.elector.holder)

    async def _stand(self) -> None:
        await self.elector.run(self._lead)

    async def _stand_for_fleet(self) -> None:
        await self.fleet_elector.run(self.fleet.lead)

    async def _lead(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.endpoint.lead())
            tasks.create_task(self.sync.lead())
            tasks.create_task(
                resync(
                    self.endpoint.keys,
                    functools.partial(
                        self.endpoint.controller.enqueue_routinely, within=self._resync_seconds
                    ),
                    seconds=self._resync_seconds,
                )
            )
