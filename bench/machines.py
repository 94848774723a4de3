"""Machines that take no time: pods that are placed are ready at once, and routes have an address.

What would be measured with real ones is how long an image takes to start. The scheduler and the
controllers are the real ones.
"""

import asyncio
from typing import Any, NamedTuple

from gco.cluster.port import Cluster, Manifest
from gco.errors import AbsentError
from gco.kinds.registry import INGRESS, POD, Kind
from gco.runtime.controller import Controller
from gco.runtime.informer import Informer

MANAGER = "machines"
_TIME = "2026-01-01T00:00:00Z"
_ADDRESS = "balancer.example.com"
_POD_ADDRESS = "10.244.0.1"
"""Of every pod; a loopback address would be refused in an EndpointSlice, again and again."""
_WORKERS = 16


class _Key(NamedTuple):
    kind: Kind
    name: str
    """With its namespace before it."""


class InstantMachines:
    """The kubelets of all nodes, and the load balancer's controller."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._informers: dict[Kind, Informer[Manifest]] = {
            kind: Informer(cluster, kind, None, project=_whole) for kind in (POD, INGRESS)
        }
        self._controller: Controller[_Key] = Controller("machines", self._look, workers=_WORKERS)
        for kind, informer in self._informers.items():
            informer.subscribe(lambda name, *_, kind=kind: self._enqueue(kind, name))

    async def run(self) -> None:
        """Run everything that is placed, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for informer in self._informers.values():
                tasks.create_task(informer.run())
            tasks.create_task(self._controller.run())

    def _enqueue(self, kind: Kind, name: str) -> None:
        self._controller.enqueue(_Key(kind, name))

    async def _look(self, key: _Key) -> None:
        manifest = self._informers[key.kind].get(key.name)
        if manifest is None:
            return
        try:
            if key.kind == INGRESS:
                await self._expose(manifest)
            elif "deletionTimestamp" in manifest["metadata"]:
                await self._end(manifest)
            elif manifest["spec"].get("nodeName") and not _is_ready(manifest):
                await self._start(manifest)
        except AbsentError:
            return  # it went in the meantime; its watch event follows

    async def _start(self, pod: Manifest) -> None:
        await self._write(POD, pod, _ready_status(pod))

    async def _end(self, pod: Manifest) -> None:
        meta = pod["metadata"]
        await self._cluster.delete(
            POD, meta["namespace"], meta["name"], uid=meta["uid"], grace_seconds=0
        )

    async def _expose(self, ingress: Manifest) -> None:
        if not ingress.get("status", {}).get("loadBalancer"):
            balancer = {"ingress": [{"hostname": _ADDRESS}]}
            await self._write(INGRESS, ingress, {"loadBalancer": balancer})

    async def _write(self, kind: Kind, manifest: Manifest, status: dict[str, Any]) -> None:
        meta = manifest["metadata"]
        whole = {**manifest.get("status", {}), **status}
        operations = [{"op": "add", "path": "/status", "value": whole}]
        written = await self._cluster.patch(
            kind, meta["namespace"], meta["name"], operations, manager=MANAGER, subresource="status"
        )
        self._informers[kind].record(written)


def _is_ready(pod: Manifest) -> bool:
    conditions = pod.get("status", {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _ready_status(pod: Manifest) -> dict[str, Any]:
    """Return what a kubelet says of a pod whose containers all answer."""
    told = ("Initialized", "ContainersReady", "Ready")
    others = pod.get("status", {}).get("conditions") or ()
    return {
        "phase": "Running",
        "podIP": _POD_ADDRESS,
        "podIPs": [{"ip": _POD_ADDRESS}],
        "startTime": _TIME,
        "conditions": [
            *(each for each in others if each["type"] not in told),
            *({"type": kind, "status": "True", "lastTransitionTime": _TIME} for kind in told),
        ],
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "",
                "ready": True,
                "started": True,
                "restartCount": 0,
                "state": {"running": {"startedAt": _TIME}},
            }
            for container in pod["spec"]["containers"]
        ],
    }


def _whole(manifest: Manifest) -> Manifest:
    return manifest
