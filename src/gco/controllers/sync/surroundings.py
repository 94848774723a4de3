"""What a region's heartbeat tells of its cluster: accelerators, and where its routes answer."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from gco.cluster.port import Cluster
from gco.core.model.names import SELECT_OURS
from gco.core.model.status import AcceleratorCapacity
from gco.core.region.capacity import (
    NodeDevices,
    PodCounts,
    PodDevices,
    count_capacity,
    read_node,
    read_pod,
)
from gco.core.region.claims import Claim, read_claim
from gco.core.region.room import Room, room_of
from gco.errors import ForbiddenError
from gco.kinds.registry import INGRESS, NODE, NODE_CLAIM, POD
from gco.runtime.informer import Informer
from gco.runtime.metrics import SILENT, ControllerMetrics
from gco.runtime.optional import OptionalInformer
from gco.telemetry import get_logger

_log = get_logger(__name__)
_NEXT_STEP = "kubectl apply -f deploy/kubernetes/capacity.yaml, or leave capacity unknown"
_UNFINISHED = "status.phase!=Succeeded,status.phase!=Failed"


class Surroundings:
    """Keeps count of nodes and pods where that is permitted; where it is not, nothing is known.

    Counted is once for each change of them, and not at each look at an endpoint.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespaces: Sequence[str],
        *,
        address: str = "",
        metrics: ControllerMetrics = SILENT,
    ) -> None:
        self._told = address
        self._nodes: Informer[NodeDevices] = Informer(
            cluster, NODE, None, project=read_node, metrics=metrics
        )
        self._pods: Informer[PodDevices] = Informer(
            cluster, POD, None, project=read_pod, fields=_UNFINISHED, metrics=metrics
        )
        self._claims: OptionalInformer[Claim] = OptionalInformer(
            cluster, NODE_CLAIM, None, project=read_claim, metrics=metrics
        )
        self._routes: list[Informer[str]] = [
            Informer(
                cluster,
                INGRESS,
                namespace,
                project=read_address,
                labels=SELECT_OURS,
                metrics=metrics,
            )
            for namespace in namespaces
        ]
        self._refused = False
        """Whether the log says that counting is not permitted."""
        self._counts = PodCounts()
        self._capacity: Mapping[str, AcceleratorCapacity] | None = None
        """None until it is asked for after a change."""
        self._room: Room | None = None
        """None until it is asked for after a change."""
        self._pods.subscribe(lambda _name, old, new: self._count(old, new))
        self._nodes.subscribe(lambda _name, _old, _new: self._changed())
        self._claims.subscribe_served(self._changed)

    async def run(self) -> None:
        """Keep the counts current until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._nodes.run())
            group.create_task(self._pods.run())
            group.create_task(self._claims.run())
            for routes in self._routes:
                group.create_task(routes.run())

    def capacity(self) -> Mapping[str, AcceleratorCapacity] | None:
        """Return accelerators by resource name, None while they may not, or could not, be counted."""
        if not self._known():
            return None
        if self._capacity is None:
            self._capacity = count_capacity(self._nodes.items(), self._counts)
        return self._capacity

    def room(self) -> Room | None:
        """Return what is free on each node, None while it may not, or could not, be counted."""
        if not self._known():
            return None
        if self._room is None:
            self._room = room_of(self._nodes.items(), self._counts, elastic=self.elastic())
        return self._room

    def elastic(self) -> bool:
        """Whether nodes are made here on demand."""
        return self._claims.served is True

    def claims(self) -> Mapping[str, Claim] | None:
        """Return the nodes that are being made, by NodeClaim; None where nobody makes any."""
        served = self.elastic() and self._claims.unreachable_since is None
        return self._claims.items() if served else None

    def subscribe(self, handler: Callable[[], None]) -> None:
        """Have `handler` called when a node that is being made comes, goes or gets on."""
        self._claims.subscribe(lambda _key, _old, _new: handler())
        self._claims.subscribe_served(handler)

    def _count(self, old: PodDevices | None, new: PodDevices | None) -> None:
        if self._counts.change(old, new):
            self._changed()

    def _changed(self) -> None:
        self._capacity = self._room = None

    def _known(self) -> bool:
        counted = (self._nodes, self._pods)
        known = all(i.synced.is_set() and i.unreachable_since is None for i in counted)
        refused = [i.kind.plural for i in counted if isinstance(i.failure, ForbiddenError)]
        if refused and not self._refused:
            _log.warning("accelerators are not counted", forbidden=refused, next_step=_NEXT_STEP)
        elif known and self._refused:
            _log.info("accelerators are counted")
        if refused or known:
            self._refused = bool(refused)
        return known

    def address(self) -> str:
        """Return the URL at which routes answer: the one that was told, else the load balancer's."""
        if self._told:
            return self._told
        found = (host for routes in self._routes for host in routes.items().values() if host)
        host = min(found, default="")
        return f"http://{host}" if host else ""


def read_address(manifest: Mapping[str, Any]) -> str:
    """Return the host name or address of an Ingress's load balancer, empty where it has none."""
    balancer = manifest.get("status", {}).get("loadBalancer") or {}
    for point in balancer.get("ingress") or ():
        host: str = point.get("hostname") or point.get("ip") or ""
        if host:
            return host
    return ""
