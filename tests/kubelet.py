"""Nodes that run nothing: a kubelet that says what a test wants it to say about bound pods.

`add_node(cluster, "n1", gpus=8)` makes a node; `Kubelet(cluster).run()` marks the pods bound to any
node Running and Ready after `ready_after` seconds, and lets deleted pods go. `kubelet.image(...)`
sets what becomes of an image's containers instead. Speaks the cluster port alone.
"""

import asyncio
import contextlib
import enum
from typing import Any

from gco.cluster.port import Cluster, EventType, Manifest
from gco.errors import AbsentError, ClusterConflictError, ExpiredError, TransientError
from gco.kinds.registry import NODE, POD

TIME = "2026-01-01T00:00:00Z"


class Fate(enum.Enum):
    """What becomes of a container."""

    READY = "ready"
    NEVER_READY = "never ready"
    CREATING = "ContainerCreating"
    IMAGE_PULL = "ImagePullBackOff"
    CRASH = "CrashLoopBackOff"
    OUT_OF_MEMORY = "OOMKilled"
    ELSEWHERE = "elsewhere"
    """Another says what becomes of it."""


async def add_node(
    cluster: Cluster,
    name: str,
    *,
    gpus: int = 0,
    labels: dict[str, str] | None = None,
    taints: list[Manifest] | None = None,
    **resources: str,
) -> Manifest:
    """Make a ready node with room for 110 pods, 64 CPUs, 256 GiB, `gpus` and `resources`."""
    allocatable = {"cpu": "64", "memory": "256Gi", "pods": "110", **resources}
    if gpus:
        allocatable["nvidia.com/gpu"] = str(gpus)
    return await cluster.create(
        NODE,
        {
            "apiVersion": "v1",
            "kind": "Node",
            "metadata": {"name": name, "labels": labels or {}},
            "spec": {"taints": taints or []},
            "status": {
                "allocatable": allocatable,
                "capacity": allocatable,
                "conditions": [{"type": "Ready", "status": "True"}],
            },
        },
    )


class Kubelet:
    """All nodes' kubelets in one."""

    def __init__(self, cluster: Cluster, *, ready_after: float = 0.0) -> None:
        self.ready_after = ready_after
        """Seconds from being bound to being ready."""
        self.gone_after = 0.0
        """Seconds from being deleted to being gone."""
        self.last_words = ""
        """What containers that crash leave in their termination message."""
        self._cluster = cluster
        self._fates: dict[str, Fate] = {}
        self._pods: dict[tuple[str, str], Manifest] = {}
        self._busy: dict[str, asyncio.Task[None]] = {}

    def image(self, image: str, fate: Fate) -> None:
        """Set what becomes of containers of `image`, those that are there already included."""
        self._fates[image] = fate
        for pod in list(self._pods.values()):
            self._look(pod, again=True)

    async def kill(self, namespace: str, name: str) -> None:
        """Have the pod's containers exit, and start again."""
        await self._write(namespace, name, _status(Fate.CRASH))
        self._look(self._pods[namespace, name], again=True)

    async def restart(self, namespace: str, name: str, *, exit_code: int) -> None:
        """Have the pod's containers exit once; they run again at once, and load anew."""
        ended = {"exitCode": exit_code, "reason": "Error", "startedAt": TIME, "finishedAt": TIME}
        status = _status(Fate.NEVER_READY)
        status["container"] |= {"restartCount": 1, "lastState": {"terminated": ended}}
        await self._write(namespace, name, status)
        self._look(self._pods[namespace, name], again=True)

    async def run(self) -> None:
        """Follow the pods until cancelled."""
        try:
            while True:
                with contextlib.suppress(ExpiredError, TransientError):
                    await self._follow()
                await asyncio.sleep(0.1)
        finally:
            for task in self._busy.values():
                task.cancel()

    async def _follow(self) -> None:
        version = "0"
        async for page in self._cluster.list(POD, None):
            version = page.resource_version
            for pod in page.items:
                self._seen(pod)
        async for event in self._cluster.watch(POD, None, after=version):
            if event.type is EventType.DELETED:
                self._pods.pop(_key(event.object), None)
            elif event.type is not EventType.BOOKMARK:
                self._seen(event.object)

    def _seen(self, pod: Manifest) -> None:
        if pod["spec"].get("nodeName"):
            before = self._pods.get(_key(pod))
            self._pods[_key(pod)] = pod
            # Told again, as by a listing once a watch has ended, a pod that leaves goes on leaving.
            self._look(pod, again=before is None or _leaving(pod) > _leaving(before))

    def _look(self, pod: Manifest, *, again: bool) -> None:
        uid = pod["metadata"]["uid"]
        if again:
            if uid in self._busy:
                self._busy[uid].cancel()
            self._busy[uid] = asyncio.create_task(self._serve(pod))

    async def _serve(self, pod: Manifest) -> None:
        namespace, name = _key(pod)
        with contextlib.suppress(AbsentError, ClusterConflictError):
            if _leaving(pod):
                await asyncio.sleep(self.gone_after)
                uid = pod["metadata"]["uid"]
                await self._cluster.delete(POD, namespace, name, uid=uid, grace_seconds=0)
                return
            await asyncio.sleep(self.ready_after)
            images = [container["image"] for container in pod["spec"]["containers"]]
            fates = [self._fates.get(image, Fate.READY) for image in images]
            if Fate.ELSEWHERE in fates:
                return
            worst = next((fate for fate in fates if fate is not Fate.READY), Fate.READY)
            status = _status(worst)
            if worst is Fate.CRASH:
                status["container"]["lastState"]["terminated"]["message"] = self.last_words
            await self._write(namespace, name, status)

    async def _write(self, namespace: str, name: str, status: dict[str, Any]) -> None:
        while True:
            live = await self._cluster.get(POD, namespace, name)
            changed = {**live}
            containers = [
                {"name": container["name"], "image": container["image"], **status["container"]}
                for container in live["spec"]["containers"]
            ]
            ready = "True" if status["container"]["ready"] else "False"
            others = [
                each
                for each in live.get("status", {}).get("conditions", ())
                if each["type"] not in ("Ready", "ContainersReady", "Initialized")
            ]
            conditions = [
                {"type": "Initialized", "status": "True", "lastTransitionTime": TIME},
                {"type": "Ready", "status": ready, "lastTransitionTime": TIME},
                {"type": "ContainersReady", "status": ready, "lastTransitionTime": TIME},
            ]
            changed["status"] = {
                **live.get("status", {}),
                "phase": status["phase"],
                "startTime": TIME,
                "podIP": "127.0.0.1",
                "conditions": [*others, *conditions],
                "containerStatuses": containers,
            }
            try:
                await self._cluster.replace(POD, changed, subresource="status")
            except ClusterConflictError:
                continue  # someone wrote in between
            return


def _leaving(pod: Manifest) -> bool:
    return "deletionTimestamp" in pod["metadata"]


def _key(pod: Manifest) -> tuple[str, str]:
    return pod["metadata"]["namespace"], pod["metadata"]["name"]


def _status(fate: Fate) -> dict[str, Any]:
    """Return the pod's phase, and what is said of each of its containers."""
    started = {"running": {"startedAt": TIME}}
    common = {"imageID": "", "restartCount": 0, "ready": False, "started": False}
    match fate:
        case Fate.READY:
            more: dict[str, Any] = {"ready": True, "started": True, "state": started}
            return {"phase": "Running", "container": {**common, **more}}
        case Fate.NEVER_READY:
            return {"phase": "Running", "container": {**common, "state": started}}
        case Fate.CREATING:
            waiting = {"reason": fate.value}
            return {"phase": "Pending", "container": {**common, "state": {"waiting": waiting}}}
        case Fate.IMAGE_PULL:
            waiting = {"reason": fate.value, "message": "Back-off pulling image"}
            return {"phase": "Pending", "container": {**common, "state": {"waiting": waiting}}}
        case _:
            return {"phase": "Running", "container": {**common, **_crashed(fate)}}


def _crashed(fate: Fate) -> dict[str, Any]:
    killed = fate is Fate.OUT_OF_MEMORY
    ended = {"exitCode": 137 if killed else 1, "reason": "OOMKilled" if killed else "Error"}
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}
    return {
        "restartCount": 3,
        "state": {"waiting": waiting},
        "lastState": {"terminated": {**ended, "finishedAt": TIME}},
    }
