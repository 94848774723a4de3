"""A whole cluster for a test: server, controllers, nodes and kubelets, in virtual time."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator

from gco.clock import LoopClock
from gco.cluster.memory import MemoryCluster
from gco.cluster.memory.controllers import run_controllers
from gco.cluster.port import Cluster, Manifest
from gco.kinds.registry import Kind
from tests.kubelet import Kubelet, add_node
from tests.waiting import background

NAMESPACE = "default"
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)


@contextlib.asynccontextmanager
async def world(*, gpus: int = 8) -> AsyncIterator[tuple[MemoryCluster, Kubelet]]:
    """A cluster of one node, and its kubelet."""
    cluster = MemoryCluster(clock=LoopClock(START))
    kubelet = Kubelet(cluster.client("kubelet"))
    await add_node(cluster, "node-1", gpus=gpus)
    async with background(run_controllers(cluster), kubelet.run()):
        yield cluster, kubelet


async def all_of(cluster: Cluster, kind: Kind, labels: str = "") -> list[Manifest]:
    """Every object of a kind in the test's namespace."""
    pages = cluster.list(kind, NAMESPACE, labels=labels)
    return [item async for page in pages for item in page.items]
