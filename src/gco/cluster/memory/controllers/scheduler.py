"""Puts pods on nodes; a pod that fits nowhere says why, and is tried again when anything frees."""

from typing import Final

from gco.clock import Clock
from gco.cluster.memory.controllers.loop import Loop
from gco.cluster.memory.controllers.mirror import Key, Mirror, key_of
from gco.cluster.memory.controllers.placement import Amounts, Node, place, requests_of
from gco.cluster.memory.managers import timestamp
from gco.cluster.memory.storage import copy
from gco.cluster.memory.subresources import set_condition
from gco.cluster.port import Cluster, Manifest
from gco.errors import ClusterError
from gco.kinds.registry import NODE, POD, Kind

_NAME: Final = "default-scheduler"
_ENDED: Final = frozenset({"Succeeded", "Failed"})


class Scheduler:
    """The one scheduler of the cluster."""

    def __init__(self, cluster: Cluster, mirror: Mirror, clock: Clock) -> None:
        self._cluster = cluster
        self._mirror = mirror
        self._clock = clock
        self._stuck: dict[Key, None] = {}
        """Pods that fit nowhere, until something frees."""
        self._held: dict[Key, tuple[str, Amounts]] = {}
        self._used: dict[str, Amounts] = {}
        self.loop: Loop[Key] = Loop(self._schedule)
        mirror.subscribe(self._changed)

    def _changed(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        if kind == NODE:
            if _room(old) != _room(new):
                self._retry_stuck()
        elif kind == POD:
            self._pod_changed(key_of(new or old or {}), old, new)

    def _pod_changed(self, key: Key, old: Manifest | None, new: Manifest | None) -> None:
        node = new["spec"].get("nodeName") if new else None
        if new is None or new.get("status", {}).get("phase") in _ENDED:
            self._stuck.pop(key, None)
            if self._free(key):
                self._retry_stuck()
        elif node:
            self._hold(key, node, new)
        elif old is None and new["spec"].get("schedulerName") == _NAME:
            self.loop.add(key)

    def _retry_stuck(self) -> None:
        for key in self._stuck:
            self.loop.add(key)
        self._stuck.clear()

    def _hold(self, key: Key, node: str, pod: Manifest) -> None:
        if key not in self._held:
            amounts = requests_of(pod)
            self._held[key] = (node, amounts)
            used = self._used.setdefault(node, {})
            for name, amount in amounts.items():
                used[name] = used.get(name, 0) + amount

    def _free(self, key: Key) -> bool:
        if key not in self._held:
            return False
        node, amounts = self._held.pop(key)
        for name, amount in amounts.items():
            self._used[node][name] -= amount
        return True

    async def _schedule(self, key: Key) -> None:
        pod = self._mirror.get(POD, key)
        if pod is None or pod["spec"].get("nodeName") or pod["metadata"].get("deletionTimestamp"):
            return
        nodes = {
            name: Node(manifest, self._used.get(name, {}))
            for (_, name), manifest in self._mirror.all(NODE).items()
        }
        node, why = place(pod, nodes)
        try:
            if node is None:
                self._stuck[key] = None
                await self._explain(pod, why)
            else:
                await self._bind(key, node, pod)
        except ClusterError:  # changed meanwhile, or unreachable: the loop looks again
            self._stuck.pop(key, None)
            raise

    async def _bind(self, key: Key, node: str, pod: Manifest) -> None:
        self._hold(key, node, pod)
        binding = {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"namespace": key[0], "name": key[1]},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        }
        try:
            await self._cluster.create(POD, binding, subresource="binding")
        except ClusterError:
            self._free(key)
            raise

    async def _explain(self, pod: Manifest, why: str) -> None:
        changed = copy(pod)
        condition = {
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": why,
        }
        set_condition(changed, condition, timestamp=timestamp(self._clock.now()))
        if changed != pod:
            written = await self._cluster.replace(POD, changed, subresource="status")
            self._mirror.record(POD, written)


def _room(node: Manifest | None) -> object:
    """Return what of a node decides which pods it takes."""
    if node is None:
        return None
    allocatable = node.get("status", {}).get("allocatable")
    return node.get("spec"), node["metadata"].get("labels"), allocatable
