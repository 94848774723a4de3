"""Just enough of kube-controller-manager and kube-scheduler to make Deployments into pods."""

import asyncio

from gco.cluster.memory.cluster import MemoryCluster
from gco.cluster.memory.controllers.autoscalers import Autoscalers
from gco.cluster.memory.controllers.collector import Collector
from gco.cluster.memory.controllers.deployments import Deployments
from gco.cluster.memory.controllers.jobs import Jobs
from gco.cluster.memory.controllers.mirror import Mirror
from gco.cluster.memory.controllers.namespaces import Namespaces
from gco.cluster.memory.controllers.replicasets import ReplicaSets
from gco.cluster.memory.controllers.scheduler import Scheduler


async def run_controllers(cluster: MemoryCluster) -> None:
    """Run all controllers until cancelled, as clients of their own beside `cluster`.

    They are driven by watches alone: at rest they make no request. Their requests do not count
    among those of `cluster`, and its faults are not theirs.
    """
    manager = cluster.client("kube-controller-manager")
    mirror = Mirror(manager)
    clock = cluster.clock
    loops = (
        Deployments(manager, mirror, clock).loop.run(),
        Autoscalers(manager, mirror, cluster.server.loads, clock).loop.run(),
        ReplicaSets(manager, mirror, clock).loop.run(),
        Jobs(manager, mirror, clock).loop.run(),
        Collector(manager, mirror).loop.run(),
        Namespaces(manager, mirror).loop.run(),
        Scheduler(cluster.client("kube-scheduler"), mirror, clock).loop.run(),
    )
    async with asyncio.TaskGroup() as group:
        for loop in loops:
            group.create_task(loop)
        group.create_task(mirror.run())


__all__ = ["run_controllers"]
