"""One region in memory for scenarios: a cluster, the endpoint loop, and the others who write to it.

`World` runs in virtual time. Each actor has a client of its own, so that a test counts and cuts off
the endpoint loop's requests alone.
"""

import asyncio
import contextlib
import functools
from collections.abc import Coroutine, Sequence
from typing import Any

from gco.clock import Clock
from gco.cluster.memory import MemoryCluster
from gco.cluster.memory.controllers import run_controllers
from gco.controllers.endpoint import EndpointController
from gco.core.model.crd import crd
from gco.core.model.names import SYNC_MANAGER, ingress_name
from gco.core.model.regional import Regional, RegionalStatus
from gco.core.model.spec import DEFAULT_NAMESPACE
from gco.core.model.status import ConditionType
from gco.errors import AbsentError
from gco.kinds.registry import (
    CUSTOM_RESOURCE_DEFINITION,
    EVENT,
    INFERENCE_ENDPOINT,
    INGRESS,
    NAMESPACE,
    Kind,
)
from gco.runtime.informer import Informer
from tests.builders import WEB, a_custom_resource
from tests.kubelet import Kubelet, add_node
from tests.virtual_time import until

NS = DEFAULT_NAMESPACE
_definition = functools.cache(crd)
"""Reading the model's own source takes a third of a second: once for all worlds."""
GPU_NODE = {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"}


class World:
    """What a scenario sees and does."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.server = MemoryCluster(clock=clock)
        self.monitor = self.server.client("gco-monitor")
        """The endpoint loop's own client."""
        self.person = self.server.client("kubectl-edit")
        self.balancer = self.server.client("load-balancer")
        self.kubelet = Kubelet(self.server.client("kubelet"))
        self.addresses = True
        """Whether a load balancer takes Ingresses up."""

    async def install(self, *, gpus: int = 8) -> None:
        """Make what exists before us, and one node with `gpus`."""
        await self.person.create(NAMESPACE, {"metadata": {"name": NS}})
        await add_node(self.person, "n1", gpus=gpus, labels=GPU_NODE)
        await self.define()

    async def define(self) -> None:
        """Install the custom resource's definition."""
        await self.person.apply(CUSTOM_RESOURCE_DEFINITION, _definition(), manager="kubectl")

    def controller(self, **told: Any) -> EndpointController:
        """Another endpoint loop on the same cluster."""
        return EndpointController(self.monitor, [NS], self.clock, **told)

    def loops(self, **told: Any) -> list[Coroutine[Any, Any, None]]:
        """What runs in every scenario."""
        return [*self.others(), self.controller(**told).run()]

    def others(self) -> list[Coroutine[Any, Any, None]]:
        """Everything that runs but the endpoint loop: controllers, nodes and a load balancer."""
        return [run_controllers(self.server), self.kubelet.run(), self.take_up_routes()]

    async def want(self, name: str = WEB, **spec: Any) -> None:
        """Apply the custom resource as the sync loop does."""
        manifest = a_custom_resource(name, **spec)
        await self.person.apply(INFERENCE_ENDPOINT, manifest, manager=SYNC_MANAGER)

    async def drop(self, name: str = WEB) -> None:
        """Delete the custom resource as the sync loop does once `deleted` was reported."""
        await self.person.delete(INFERENCE_ENDPOINT, NS, name)

    def find(self, kind: Kind, name: str) -> dict[str, Any] | None:
        """Return the stored object, without a request."""
        with contextlib.suppress(AbsentError):
            return self.server.server.get(kind, NS, name)
        return None

    def all(self, kind: Kind) -> dict[str, dict[str, Any]]:
        """Return all stored objects of a kind by name, without a request."""
        table = self.server.server.storage.table(kind).objects
        return {name: manifest for (namespace, name), manifest in table.items() if namespace == NS}

    def status(self, name: str = WEB) -> RegionalStatus | None:
        """Return what the region says of the endpoint."""
        found = self.find(INFERENCE_ENDPOINT, name)
        return Regional.from_manifest(found).status if found else None

    def reason(self, kind: ConditionType = ConditionType.READY, name: str = WEB) -> str:
        """Return the reason of a condition, empty where there is none."""
        status = self.status(name)
        condition = status.condition(kind) if status else None
        return condition.reason if condition else ""

    def is_ready(self, name: str = WEB, *, revision: int | None = None) -> bool:
        """Whether the region says Ready, at `revision` if given."""
        status = self.status(name)
        if status is None or status.condition(ConditionType.READY).status != "True":
            return False
        return revision is None or status.observed_revision == revision

    def events(self) -> list[tuple[str, str]]:
        """Return reason and note of each Kubernetes Event, in order."""
        found = sorted(self.all(EVENT).values(), key=lambda event: event["eventTime"])
        return [(event["reason"], event["note"]) for event in found]

    async def ready(self, name: str = WEB, *, revision: int | None = None) -> None:
        """Return once the region says Ready."""
        await until(lambda: self.is_ready(name, revision=revision), within=300)

    async def quiet(self, seconds: float = 5.0) -> None:
        """Return once nothing was requested by the loop for a while."""
        while True:
            before = self.monitor.requests.total()
            await asyncio.sleep(seconds)
            if self.monitor.requests.total() == before:
                return

    async def take_up_routes(self) -> None:
        """Give each Ingress an address, as a load balancer's controller does."""
        found: asyncio.Queue[str] = asyncio.Queue()
        informer = Informer(self.balancer, INGRESS, NS, project=lambda m: "status" in m)
        informer.subscribe(lambda name, _old, new: found.put_nowait(name) if new is False else None)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(informer.run())
            while True:
                name = await found.get()
                if self.addresses:
                    await self._give_address(name)

    async def _give_address(self, name: str) -> None:
        body = {
            "apiVersion": INGRESS.api_version,
            "kind": INGRESS.name,
            "metadata": {"name": name, "namespace": NS},
            "status": {"loadBalancer": {"ingress": [{"hostname": "lb.example.com"}]}},
        }
        with contextlib.suppress(AbsentError):
            await self.balancer.apply(INGRESS, body, manager="lb", subresource="status")


def names(refs: Sequence[tuple[str, str]]) -> list[str]:
    """Return the reasons of `events`."""
    return [reason for reason, _ in refs]


ROUTE = ingress_name(WEB)
