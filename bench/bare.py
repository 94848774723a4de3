"""The yardstick: a bare watch-and-apply client that makes the same objects, and checks nothing.

Run as a process of its own, with a plan in a file. It keeps no state that would survive it, repairs
nothing and elects nobody: what it takes is what the API server takes. Its connections are GCO's own,
so that the difference is the loops'.
"""

import asyncio
import json
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NamedTuple, Self

from gco.cluster.kubernetes import connect
from gco.cluster.port import Cluster, EventType, Manifest
from gco.kinds.registry import DEPLOYMENT, INGRESS, Kind, kind_of

USER_AGENT = "bare-client"
GROUP = "bench.gco.io"
"""Its custom resource is the same as GCO's, in a group of its own."""
RESOURCE = Kind(GROUP, "v1alpha1", "InferenceEndpoint", "inferenceendpoints")
_FEEDERS, _MAKERS = 8, 32
"""Requests at once: as many as GCO's sync and endpoint loops send."""


class Plan(NamedTuple):
    """What to make, as the objects of one endpoint whose name stands for every other."""

    kubeconfig: str
    namespace: str
    like: str
    """The name to replace in all that follows."""
    names: list[str]
    resource: Manifest
    children: list[Manifest]
    """What to make at once, the Deployment among them."""
    route: Manifest
    """What to make once a pod answers."""
    status: dict[str, Any]
    """What to say of the custom resource once the route has an address."""

    @classmethod
    def read(cls, path: Path) -> Self:
        """Read what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def write(self, path: Path) -> None:
        """Write the plan as JSON."""
        path.write_text(json.dumps(self._asdict()), encoding="utf-8")

    def named(self, manifest: Manifest, name: str) -> Manifest:
        """Return `manifest` as the endpoint `name` has it."""
        made: Manifest = json.loads(json.dumps(manifest).replace(self.like, name))
        return made


class BareClient:
    """Applies what a custom resource asks for, each time that it is seen to change."""

    def __init__(self, cluster: Cluster, plan: Plan) -> None:
        self._cluster = cluster
        self._plan = plan
        self._replicas: dict[str, int] = {}
        self._routed: set[str] = set()
        self._told: set[str] = set()
        self._makers = asyncio.Semaphore(_MAKERS)

    async def run(self) -> None:
        """Make everything, and go on following until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            steps = (
                (RESOURCE, self._resource),
                (DEPLOYMENT, self._workload),
                (INGRESS, self._route),
            )
            ready = []
            for kind, step in steps:
                watching = asyncio.Event()
                tasks.create_task(self._follow(kind, step, tasks, watching))
                ready.append(watching.wait())
            await asyncio.gather(*ready)
            waiting = iter(self._plan.names)
            for _ in range(_FEEDERS):
                tasks.create_task(self._feed(waiting))

    async def _feed(self, names: Any) -> None:  # noqa: ANN401 - an iterator that several share
        for name in names:
            await self._apply(RESOURCE, self._plan.named(self._plan.resource, name))

    async def _follow(
        self,
        kind: Kind,
        step: Callable[[Manifest], Awaitable[None]],
        tasks: asyncio.TaskGroup,
        watching: asyncio.Event,
    ) -> None:
        version = ""
        async for page in self._cluster.list(kind, self._plan.namespace):
            version = page.resource_version
        watching.set()
        while True:
            async for event in self._cluster.watch(kind, self._plan.namespace, after=version):
                version = event.object["metadata"]["resourceVersion"]
                if event.type in (EventType.ADDED, EventType.MODIFIED):
                    tasks.create_task(self._limited(step, event.object))

    async def _limited(self, step: Callable[[Manifest], Awaitable[None]], seen: Manifest) -> None:
        async with self._makers:
            await step(seen)

    async def _resource(self, resource: Manifest) -> None:
        name, replicas = resource["metadata"]["name"], resource["spec"]["replicas"]
        before = self._replicas.get(name)
        if before == replicas:
            return
        self._replicas[name] = replicas
        for child in self._plan.children:
            manifest = self._plan.named(child, name)
            if kind_of(manifest) == DEPLOYMENT:
                manifest["spec"]["replicas"] = replicas
            elif before is not None:
                continue
            await self._apply(kind_of(manifest), manifest)

    async def _workload(self, workload: Manifest) -> None:
        name = workload["metadata"]["name"]
        if workload.get("status", {}).get("readyReplicas", 0) and name not in self._routed:
            self._routed.add(name)
            await self._apply(INGRESS, self._plan.named(self._plan.route, name))

    async def _route(self, route: Manifest) -> None:
        name = route["metadata"]["labels"]["app"]
        if route.get("status", {}).get("loadBalancer") and name not in self._told:
            self._told.add(name)
            told = self._plan.named(self._plan.resource, name)
            head = {key: told["metadata"][key] for key in ("name", "namespace")}
            said = {**told, "metadata": head, "status": self._plan.status}
            said.pop("spec")
            await self._cluster.apply(RESOURCE, said, manager=USER_AGENT, subresource="status")

    async def _apply(self, kind: Kind, manifest: Manifest) -> None:
        await self._cluster.apply(kind, manifest, manager=USER_AGENT)


async def main(path: Path) -> None:
    """Run the plan in that file until SIGTERM."""
    plan = Plan.read(path)
    cluster = connect(plan.kubeconfig, user_agent=USER_AGENT)
    running = asyncio.create_task(BareClient(cluster, plan).run())
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
    try:
        await asyncio.wait([running])
    finally:
        await cluster.close()
    if not running.cancelled():
        running.result()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
