"""The machines that a sandbox pretends to have, registered as Node objects."""

from collections.abc import Iterable, Iterator
from typing import Any

from gco.cluster.port import Cluster
from gco.errors import ClusterConflictError
from gco.kinds.registry import NODE
from gco.sandbox.config import NodeConfig

MANAGER = "gco-kubelet"
_PODS_PER_NODE = "110"


def node_manifests(region: str, nodes: Iterable[NodeConfig]) -> Iterator[dict[str, Any]]:
    """Yield a Node for every machine of `nodes`, named after the region."""
    number = 0
    for config in nodes:
        for _ in range(config.count):
            number += 1
            yield _node(f"{region}-node-{number}", region, config)


def _node(name: str, region: str, config: NodeConfig) -> dict[str, Any]:
    offered = {"cpu": config.cpu, "memory": config.memory, "pods": _PODS_PER_NODE}
    if config.accelerator and config.devices:
        offered[config.accelerator] = str(config.devices)
    labels = {
        "kubernetes.io/hostname": name,
        "topology.kubernetes.io/region": region,
        **config.labels,
    }
    ready = {
        "type": "Ready",
        "status": "True",
        "reason": "KubeletReady",
        "message": "a sandbox node: pods are local processes",
    }
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels},
        "status": {"capacity": offered, "allocatable": dict(offered), "conditions": [ready]},
    }


async def register(cluster: Cluster, manifests: Iterable[dict[str, Any]]) -> None:
    """Make every node exist with its capacity; one that is there already gets it anew."""
    for manifest in manifests:
        identity = {key: manifest[key] for key in ("apiVersion", "kind", "metadata")}
        try:
            await cluster.create(NODE, identity)
        except ClusterConflictError:
            await cluster.apply(NODE, identity, manager=MANAGER)
        status = {**identity, "metadata": {"name": manifest["metadata"]["name"]}}
        status["status"] = manifest["status"]
        await cluster.apply(NODE, status, manager=MANAGER, subresource="status")
