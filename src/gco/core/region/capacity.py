"""How many accelerators a region has, and how many are free: nodes less requests of their pods."""

import dataclasses
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar

from gco.core.model.names import APP_LABEL
from gco.core.model.resources import DEVICES
from gco.core.model.status import AcceleratorCapacity
from gco.kinds.canonical import parse_quantity

Devices: TypeAlias = tuple[tuple[str, int], ...]
"""Accelerators by resource name."""
_COUNTED = frozenset(DEVICES.values())
_KEEPS_AWAY = frozenset({"NoSchedule", "NoExecute"})
_FINISHED = frozenset({"Succeeded", "Failed"})


@dataclasses.dataclass(frozen=True, slots=True)
class NodeDevices:
    """The accelerators that a node offers; none where it takes no new pods."""

    devices: Devices
    labels: tuple[tuple[str, str], ...] = ()
    taints: tuple[tuple[str, str, str], ...] = ()
    """Key, value and effect of those that keep pods away."""


@dataclasses.dataclass(frozen=True, slots=True)
class PodDevices:
    """The accelerators that a pod holds, and on which node; empty where on none."""

    node: str
    devices: Devices
    owner: str = ""
    """The endpoint whose pod it may be, as `namespace/name`; empty where the pod names none."""


def read_node(manifest: Mapping[str, Any]) -> NodeDevices:
    """Return what a Node offers: allocatable, and nothing while it is cordoned or not ready."""
    if manifest.get("spec", {}).get("unschedulable") or not _node_ready(manifest):
        return NodeDevices(())
    labels = manifest.get("metadata", {}).get("labels") or {}
    taints = manifest.get("spec", {}).get("taints") or ()
    return NodeDevices(
        _devices(manifest.get("status", {}).get("allocatable") or {}),
        labels=tuple(sorted(labels.items())),
        taints=tuple(
            (taint["key"], taint.get("value") or "", taint["effect"])
            for taint in taints
            if taint["effect"] in _KEEPS_AWAY
        ),
    )


def read_pod(manifest: Mapping[str, Any]) -> PodDevices:
    """Return what a Pod holds; a finished one holds nothing."""
    spec, meta = manifest.get("spec", {}), manifest.get("metadata", {})
    if manifest.get("status", {}).get("phase") in _FINISHED:
        return PodDevices("", ())
    app = (meta.get("labels") or {}).get(APP_LABEL)
    owner = f"{meta.get('namespace', '')}/{app}" if app else ""
    return PodDevices(spec.get("nodeName", ""), requested(spec), owner)


def requested(spec: Mapping[str, Any]) -> Devices:
    """Return the accelerators that a pod of this `spec` asks for."""
    asked: dict[str, Decimal] = {}
    for container in spec.get("containers") or ():
        for name, amount in _requests(container).items():
            asked[name] = asked.get(name, Decimal(0)) + parse_quantity(amount)
    for container in spec.get("initContainers") or ():
        for name, amount in _requests(container).items():
            asked[name] = max(asked.get(name, Decimal(0)), parse_quantity(amount))
    return _devices(asked)


class PodCounts:
    """What pods hold, counted as each of them comes, changes and goes.

    Most pods of a cluster hold no accelerator and belong to no endpoint: they change no count, and a
    cluster of thousands of them costs nothing at a look.
    """

    def __init__(self, pods: Iterable[PodDevices] = ()) -> None:
        self.held: dict[tuple[str, str], int] = {}
        """Accelerators by node and resource name; the node is empty for pods on none."""
        self.bound: dict[str, int] = {}
        """Pods on nodes by endpoint, `namespace/name`."""
        for pod in pods:
            self.change(None, pod)

    def change(self, old: PodDevices | None, new: PodDevices | None) -> bool:
        """Count one pod that was `old` and is `new`; None: absent. Return whether a count changed."""
        before, after = _counted(old), _counted(new)
        if before == after:
            return False
        for (devices, owner), sign in ((before, -1), (after, 1)):
            for place, amount in devices:
                _add(self.held, place, sign * amount)
            if owner:
                _add(self.bound, owner, sign)
        return True


def _counted(pod: PodDevices | None) -> tuple[tuple[tuple[tuple[str, str], int], ...], str]:
    if pod is None:
        return (), ""
    devices = tuple(((pod.node, resource), amount) for resource, amount in pod.devices)
    return devices, pod.owner if pod.node else ""


K = TypeVar("K")


def _add(counts: dict[K, int], key: K, amount: int) -> None:
    total = counts.get(key, 0) + amount
    if total:
        counts[key] = total
    else:
        counts.pop(key, None)


def count_capacity(
    nodes: Mapping[str, NodeDevices], pods: PodCounts
) -> dict[str, AcceleratorCapacity]:
    """Return totals by resource name; a node that is over-committed has nothing free."""
    found: dict[str, list[tuple[int, int]]] = {}
    for node, offered in nodes.items():
        for resource, total in offered.devices:
            free = max(0, total - pods.held.get((node, resource), 0))
            found.setdefault(resource, []).append((total, free))
    return {
        resource: AcceleratorCapacity(
            total=sum(total for total, _ in here),
            free=sum(free for _, free in here),
            nodes=len(here),
            largest=max(free for _, free in here),
        )
        for resource, here in sorted(found.items())
    }


def free_devices(nodes: Mapping[str, NodeDevices], pods: PodCounts) -> dict[tuple[str, str], int]:
    """Return what is free by node and resource name: what it offers, less its pods' requests."""
    return {
        (node, resource): max(0, total - pods.held.get((node, resource), 0))
        for node, offered in nodes.items()
        for resource, total in offered.devices
    }


def _node_ready(manifest: Mapping[str, Any]) -> bool:
    conditions = manifest.get("status", {}).get("conditions") or ()
    ready = next((c for c in conditions if c.get("type") == "Ready"), None)
    return ready is None or ready.get("status") == "True"


def _requests(container: Mapping[str, Any]) -> Mapping[str, Any]:
    """Requests, which the API server fills in from the limits of an extended resource."""
    asked: Mapping[str, Any] = container.get("resources", {}).get("requests") or {}
    return {name: amount for name, amount in asked.items() if name in _COUNTED}


def _devices(amounts: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    counted = ((n, int(parse_quantity(str(a)))) for n, a in amounts.items() if n in _COUNTED)
    return tuple(sorted((name, amount) for name, amount in counted if amount > 0))
