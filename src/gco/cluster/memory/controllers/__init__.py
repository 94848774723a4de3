"""Just enough of kube-controller-manager and kube-scheduler to make Deployments into pods."""

import asyncio

from gco.cluster.memory.cluster import MemoryCluster


async def run_controllers(cluster: MemoryCluster) -> None:
    """Run the controllers until cancelled."""
    cluster.client("kube-controller-manager")
    await asyncio.Event().wait()
