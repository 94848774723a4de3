"""Room for one more pod: which node has its accelerators free, and lets it in.

Counted are accelerators, node selectors and taints. CPU, memory, affinities and spread are left to
the scheduler: where it disagrees, a pod stays pending, and a rollout is planned anew by that.
"""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any, Self

from gco.core.region.capacity import (
    Devices,
    NodeDevices,
    PodCounts,
    free_devices,
    requested,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Need:
    """What a pod asks of a node."""

    devices: Devices
    selector: Mapping[str, str]
    tolerations: Sequence[Mapping[str, Any]]

    @classmethod
    def of(cls, template: Mapping[str, Any]) -> Self:
        """Return what a pod of `template` asks for."""
        spec = template["spec"]
        return cls(requested(spec), spec.get("nodeSelector") or {}, spec.get("tolerations") or ())

    def enters(self, node: NodeDevices) -> bool:
        """Whether the node has the labels, and no taint that is not tolerated."""
        labels = dict(node.labels)
        return all(labels.get(key) == value for key, value in self.selector.items()) and all(
            any(_tolerates(toleration, *taint) for toleration in self.tolerations)
            for taint in node.taints
        )


@dataclasses.dataclass(frozen=True, slots=True)
class Room:
    """What is free on each node at one moment."""

    nodes: Mapping[str, NodeDevices]
    free: Mapping[tuple[str, str], int]
    """By node and resource name."""
    bound: Mapping[str, int]
    """How many pods of an endpoint (`namespace/name`) are on nodes."""
    elastic: bool = False
    """Nodes are made on demand: none free is normal."""

    def take(self, need: Need) -> "Room | None":
        """Return the room that is left once a pod has come, or None where none can come.

        It takes the node that it fills best, so that what is left is as large as can be.
        """
        fitting = [name for name, node in self.nodes.items() if self._fits(name, node, need)]
        if not fitting:
            return None
        chosen = min(fitting, key=lambda name: (self._left(name, need), name))
        taken = {(chosen, resource): amount for resource, amount in need.devices}
        free = {place: amount - taken.get(place, 0) for place, amount in self.free.items()}
        return dataclasses.replace(self, free=free)

    def largest(self, need: Need, device: str) -> int:
        """Return how many of `device`, in use or free, the largest node has that `need` may enter."""
        entered = (dict(node.devices) for node in self.nodes.values() if need.enters(node))
        return max((devices.get(device, 0) for devices in entered), default=0)

    def _fits(self, name: str, node: NodeDevices, need: Need) -> bool:
        enough = all(self.free.get((name, res), 0) >= amount for res, amount in need.devices)
        return enough and need.enters(node)

    def _left(self, name: str, need: Need) -> int:
        return sum(self.free[name, resource] for resource, _ in need.devices)


def room_of(nodes: Mapping[str, NodeDevices], pods: PodCounts, *, elastic: bool) -> Room:
    """Return what is free on `nodes`, which have `pods`."""
    return Room(nodes, free_devices(nodes, pods), dict(pods.bound), elastic)


def _tolerates(toleration: Mapping[str, Any], key: str, value: str, effect: str) -> bool:
    if toleration.get("effect") not in (None, "", effect):
        return False
    if not toleration.get("key"):
        return toleration.get("operator") == "Exists"
    same = toleration.get("operator") == "Exists" or (toleration.get("value") or "") == value
    return toleration["key"] == key and same
