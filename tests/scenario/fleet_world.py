"""Regions in memory, their sync loops, the fleet loop and people, in virtual time.

In the endpoint loop's place stands `Hands`, which keeps that loop's promises about the custom
resource and about nothing else: it reports what is asked, and lets a custom resource go.
"""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

from gco.clock import Clock
from gco.cluster.memory import MemoryCluster
from gco.controllers.fleet import FleetController, FleetLeaseLock
from gco.controllers.sync import SyncController, identify_cluster
from gco.controllers.sync.surroundings import Surroundings
from gco.core.model.crd import crd
from gco.core.model.ids import (
    Actor,
    EndpointName,
    EndpointUid,
    Epoch,
    RegionName,
    RevisionNumber,
)
from gco.core.model.names import FINALIZER, STATUS_MANAGER
from gco.core.model.regional import RegionalStatus
from gco.core.model.status import Region, RegionState, RegionStatus
from gco.core.sync.copies import Copy, read_copy
from gco.errors import AbsentError, ClusterConflictError, NotFoundError
from gco.kinds.patches import replacing
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, INFERENCE_ENDPOINT, NAMESPACE
from gco.runtime.election import Elector
from gco.runtime.informer import Informer
from gco.service import Service
from gco.store.memory import MemoryStore
from tests.fleet.builders import condition
from tests.service.world import WEB, document
from tests.waiting import background, eventually

NS = "gco-inference"
EAST, WEST, SOUTH = (RegionName(n) for n in ("us-east-1", "eu-west-1", "ap-south-1"))
REGIONS = (EAST, WEST, SOUTH)


class CountingStore(MemoryStore):
    """A store that counts what was written, by method."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self.writes: Counter[str] = Counter()

    async def write(self, writes, **options):
        self.writes["write"] += 1
        return await super().write(writes, **options)

    async def write_statuses(self, region, epoch, statuses):
        self.writes["write_statuses"] += 1
        return await super().write_statuses(region, epoch, statuses)

    async def update_region(self, region):
        self.writes["update_region"] += 1
        return await super().update_region(region)


class Hands:
    """Reports each custom resource as asked, and releases those that are deleted."""

    def __init__(self, cluster: MemoryCluster, clock: Clock) -> None:
        self._cluster = cluster
        self._clock = clock
        self._copies: Informer[Copy] = Informer(
            cluster, INFERENCE_ENDPOINT, None, project=read_copy
        )
        self.idle = asyncio.Event()
        """Set while the hands may work."""
        self.idle.set()
        self.deleted_children: list[str] = []

    def rest(self) -> None:
        """Report nothing from now on."""
        self.idle.clear()

    def work(self) -> None:
        """Go on."""
        self.idle.set()

    async def run(self) -> None:
        news: asyncio.Queue[str] = asyncio.Queue()
        self._copies.subscribe(lambda key, _old, _new: news.put_nowait(key))
        async with asyncio.TaskGroup() as group:
            group.create_task(self._copies.run())
            while True:
                key = await news.get()
                await asyncio.sleep(0.05)
                await self.idle.wait()
                copy = self._copies.get(key)
                if copy is not None:
                    with contextlib.suppress(AbsentError, ClusterConflictError):
                        await self._look(copy)

    async def _look(self, copy: Copy) -> None:
        if copy.edited:
            return
        if copy.state == "deleted" and not copy.gone(copy.uid):
            self.deleted_children.append(copy.name)
            await self._report(copy, RegionState.DELETED)
        elif copy.deleting:
            await self._release(copy)
        elif copy.state != "deleted":
            await self._report(copy, RegionState(copy.state))

    async def _report(self, copy: Copy, state: RegionState) -> None:
        done = state is not RegionState.DELETED
        before = copy.status
        if before is not None and (before.uid, before.observed_revision, before.state) == (
            copy.uid,
            copy.revision,
            state,
        ):
            return
        ready = condition("Ready", done, "Ready" if done else "Deleted")
        status = RegionalStatus(
            uid=EndpointUid(copy.uid),
            state=state,
            observed_revision=RevisionNumber(copy.revision),
            last_transition=self._clock.now(),
            conditions=(ready,),
        )
        manifest = {
            "apiVersion": INFERENCE_ENDPOINT.api_version,
            "kind": INFERENCE_ENDPOINT.name,
            "metadata": {"name": copy.name, "namespace": copy.namespace, "uid": copy.resource_uid},
            "status": status.to_wire(),
        }
        await self._cluster.apply(
            INFERENCE_ENDPOINT, manifest, manager=STATUS_MANAGER, subresource="status"
        )

    async def _release(self, copy: Copy) -> None:
        live = await self._cluster.get(INFERENCE_ENDPOINT, copy.namespace, copy.name)
        meta = live["metadata"]
        finalizers = [f for f in meta.get("finalizers", []) if f != FINALIZER]
        operations = replacing(live, {"/metadata/finalizers": finalizers})
        await self._cluster.patch(
            INFERENCE_ENDPOINT, copy.namespace, copy.name, operations, manager="gco"
        )


class Site:
    """One region: its cluster, and whoever works there."""

    def __init__(self, name: RegionName, clock: Clock) -> None:
        self.name = name
        self.clock = clock
        self.server = MemoryCluster(clock=clock)
        self.monitor = self.server.client("gco-monitor")
        self.person = self.server.client("kubectl-edit")
        self.hands = Hands(self.server.client("hands"), clock)
        self.has_namespace = True

    async def install(self) -> None:
        if self.has_namespace:
            with contextlib.suppress(ClusterConflictError):  # it is there from an earlier run
                await self.person.create(NAMESPACE, {"metadata": {"name": NS}})
        await self.person.apply(CUSTOM_RESOURCE_DEFINITION, crd(), manager="kubectl")

    async def sync(self, store, *, cluster=None, **options: Any) -> SyncController:
        """Another sync loop of this region."""
        region = Region(
            name=self.name,
            cluster_uid=await identify_cluster(self.server),
            aws_region=self.name,
            namespaces=(NS,),
            heartbeat=self.clock.now(),
            epoch=Epoch(0),
        )
        surroundings = Surroundings(self.monitor, [NS], address=f"http://{self.name}.example")
        return SyncController(
            store,
            cluster or self.monitor,
            self.clock,
            region,
            surroundings=surroundings,
            **options,
        )

    def copy(self, name: str = WEB) -> dict[str, Any] | None:
        """The custom resource as stored, without a request."""
        with contextlib.suppress(AbsentError):
            return self.server.server.get(INFERENCE_ENDPOINT, NS, name)
        return None

    def asked(self, name: str = WEB) -> tuple[str, int, int] | None:
        """State, revision and replicas that the custom resource asks for."""
        found = self.copy(name)
        if found is None:
            return None
        return tuple(found["spec"][key] for key in ("state", "revision", "replicas"))


class World:
    """A store, regions, and one fleet leader."""

    def __init__(self, clock: Clock, *names: RegionName) -> None:
        self.clock = clock
        self.store = CountingStore(clock=clock)
        self.sites = {name: Site(name, clock) for name in names or REGIONS}

    def service(self, actor: str = "ann", store=None) -> Service:
        return Service(store or self.store, self.clock, Actor(actor))

    async def apply(self, name: str = WEB, **spec: Any) -> None:
        await self.service().apply([document(name, **spec)], source="web.yaml")

    async def endpoint(self, name: str = WEB):
        """The record, None where it is purged."""
        return (await self.store.get_many([EndpointName(name)])).get(EndpointName(name))

    async def said(self, region: RegionName, name: str = WEB) -> RegionStatus | None:
        found = await self.store.statuses_of({EndpointName(name): [region]})
        return found[0] if found else None

    @contextlib.asynccontextmanager
    async def running(self, *, fleet: bool = True, sync: bool = True) -> AsyncIterator[None]:
        """Everything runs while the block does."""
        loops: list[Any] = []
        for site in self.sites.values():
            await site.install()
            loops.append(site.hands.run())
            if sync:
                loops += both(await site.sync(self.store))
        if fleet:
            loops.append(self.fleet_loop())
        async with background(*loops):
            if sync:
                await eventually(lambda: self.registered(len(self.sites)))
            yield

    async def fleet_loop(self, store=None, identity: str = "fleet-1") -> None:
        store = store or self.store
        elector = Elector(FleetLeaseLock(store), identity, name="fleet")
        fleet = FleetController(store, self.clock, lambda: Epoch(elector.transitions))
        await elector.run(fleet.lead)

    async def registered(self, count: int) -> bool:
        return len(await self.store.regions()) == count

    async def state(self, name: str = WEB) -> str | None:
        found = await self.endpoint(name)
        return None if found is None else found.state

    async def settled(self, state: str | None, name: str = WEB) -> None:
        """Return once the endpoint is in `state`; None: purged."""

        async def there() -> bool:
            return await self.state(name) == state

        await eventually(there)


def both(sync: SyncController) -> list[Any]:
    """What one process runs of a sync loop, where nobody else can lead."""
    return [sync.watch(), sync.lead()]


async def gone(store, name: str = WEB) -> bool:
    """Whether the endpoint is purged."""
    try:
        await store.get(EndpointName(name))
    except NotFoundError:
        return True
    return False
