"""Regions whose clusters are in memory, with pods whose containers write what a test says."""

import contextlib
import itertools

from gco.cluster.memory import MemoryCluster
from gco.core.model.names import CONTAINER, JOB_LABEL, MODEL_CONTAINER
from gco.kinds.registry import NAMESPACE, POD
from gco.reach.place import Place
from gco.sandbox.kubelet.logs import Logs

SPACE = "gco-inference"


class Site:
    """One region."""

    def __init__(self, name, folder, clock):
        self.name = name
        self.server = MemoryCluster(clock=clock)
        self.logs = Logs(folder / name, clock)
        self.server.log_streamer = self._stream
        self.person = self.server.client("person")
        self._ids = itertools.count(1)
        self._containers = {}
        self.uid = ""

    async def made(self):
        await self.server.create(
            NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}}
        )
        found = await self.server.get(NAMESPACE, None, "kube-system")
        self.uid = found["metadata"]["uid"]
        return self

    def place(self, uid=None):
        return Place(self.name, uid or self.uid, lambda: _Kept(self.person), f"kube-{self.name}")

    async def pod(self, name, app="web", *, copies=""):
        """Make a pod whose container has not started: of an app, or of the Job that `copies`."""
        labels = {JOB_LABEL: copies} if copies else {"app": app}
        self._containers[name] = MODEL_CONTAINER if copies else CONTAINER
        container = {"name": self._containers[name], "image": "a"}
        await self.server.create(
            POD,
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": name, "namespace": SPACE, "labels": labels},
                "spec": {"containers": [container]},
            },
        )

    async def start(self, name, *lines):
        """Begin a run of the pod's container that writes `lines`."""
        self._log(name).begin()
        self.write(name, *lines)
        await self._status(name, {"running": {}}, containerID=f"run://{next(self._ids)}")

    def write(self, name, *lines):
        for line in lines:
            self._log(name).write(f"{line}\n".encode())

    async def end(self, name, *lines):
        """End the run, which writes `lines` before."""
        self.write(name, *lines)
        self._log(name).end()
        ended = {"terminated": {"exitCode": 1, "containerID": f"run://{next(self._ids) - 1}"}}
        await self._status(name, {"waiting": {"reason": "CrashLoopBackOff"}}, lastState=ended)

    def _log(self, pod):
        return self.logs.of(SPACE, pod, self._containers[pod])

    async def _status(self, name, state, **more):
        live = await self.server.get(POD, SPACE, name)
        own = {"name": self._containers[name], "state": state, "restartCount": 0, "ready": True}
        own |= {"image": "a", "imageID": "", **more}
        status = {"phase": "Running", "containerStatuses": [own]}
        await self.server.replace(POD, {**live, "status": status}, subresource="status")

    async def _stream(self, namespace, pod, options):
        lines = self.logs.find(namespace, pod, options.container).lines(options)
        async with contextlib.aclosing(lines):
            async for line in lines:
                yield line


class _Kept:
    """A connection to a memory cluster that outlives its closing, as the cluster does."""

    def __init__(self, cluster):
        self._cluster = cluster

    def __getattr__(self, name):
        return getattr(self._cluster, name)

    async def close(self):
        pass
