"""Watches the pods that are bound to the sandbox's nodes, and gives each a life."""

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp

from gco.clock import Clock, SystemClock
from gco.cluster.port import Cluster, LogLine, LogOptions, Manifest
from gco.kinds.registry import POD
from gco.runtime.informer import Informer
from gco.sandbox.config import SandboxConfig
from gco.sandbox.kubelet.addresses import Addresses
from gco.sandbox.kubelet.logs import Logs
from gco.sandbox.kubelet.nodes import node_manifests, register
from gco.sandbox.kubelet.pod import Pod
from gco.telemetry import get_logger

_log = get_logger(__name__)


class Bound(NamedTuple):
    """What is kept of a pod: the whole of it only until it is started."""

    uid: str
    node: str | None
    deleting: bool
    grace: float
    manifest: Mapping[str, Any]


class Kubelet:
    """All nodes of one region; a pod is a task that owns local processes."""

    def __init__(
        self,
        cluster: Cluster,
        region: str,
        *,
        config: SandboxConfig,
        network: int,
        folder: Path,
        base_env: Mapping[str, str],
        volumes: Path | None = None,
        clock: Clock | None = None,
    ) -> None:
        """Serve `cluster` with the nodes of `config`.

        `network` is the second number of the pods' loopback addresses, `folder` holds their logs,
        `volumes` a folder for each claim (`folder` too unless given).
        """
        self._cluster = cluster
        self._config = config
        self._clock = clock or SystemClock()
        self._addresses = Addresses(network)
        self._logs = Logs(folder, self._clock)
        self._base_env = base_env
        self._volumes = volumes or folder / "volumes"
        self._nodes = list(node_manifests(region, config.nodes))
        self._names = {node["metadata"]["name"] for node in self._nodes}
        self._pods: dict[str, tuple[Pod, asyncio.Task[None]]] = {}
        self._ending: dict[str, asyncio.Task[None]] = {}
        self._informer = Informer(cluster, POD, None, project=_bound)

    async def run(self) -> None:
        """Serve until cancelled; then every process is ended, and no object touched."""
        timeout = aiohttp.ClientTimeout(total=None)
        async with aiohttp.ClientSession(timeout=timeout) as http:
            self._informer.subscribe(lambda _, old, new: self._look(http, old, new))
            try:
                await register(self._cluster, self._nodes)
                await self._informer.run()
            finally:
                await self._end_all()

    async def stream_log(
        self, namespace: str, pod: str, options: LogOptions
    ) -> AsyncGenerator[LogLine, None]:
        """Yield the lines of a container's log; raises AbsentError."""
        log = self._logs.find(namespace, pod, options.container)
        async with aclosing(log.lines(options)) as lines:
            async for line in lines:
                yield line

    def _look(self, http: aiohttp.ClientSession, old: Bound | None, new: Bound | None) -> None:
        if old is not None and (new is None or new.uid != old.uid):
            self._end(old.uid, grace=0.0, remove=False)
        if new is None or new.node not in self._names:
            return
        if new.deleting:
            self._end(new.uid, grace=new.grace, remove=True, manifest=new.manifest, http=http)
        elif new.uid not in self._pods and new.uid not in self._ending:
            self._begin(http, new.manifest)

    def _begin(self, http: aiohttp.ClientSession, manifest: Mapping[str, Any]) -> None:
        pod = self._pod(http, manifest)
        task = asyncio.create_task(pod.run(), name=f"pod {pod.name}")
        task.add_done_callback(_tell_defect)
        self._pods[pod.uid] = (pod, task)

    def _pod(self, http: aiohttp.ClientSession, manifest: Mapping[str, Any]) -> Pod:
        return Pod(
            self._cluster,
            manifest,
            config=self._config,
            addresses=self._addresses,
            logs=self._logs,
            volumes=self._volumes,
            http=http,
            clock=self._clock,
            base_env=self._base_env,
        )

    def _end(
        self,
        uid: str,
        *,
        grace: float,
        remove: bool,
        manifest: Mapping[str, Any] | None = None,
        http: aiohttp.ClientSession | None = None,
    ) -> None:
        if uid in self._ending:
            return
        found = self._pods.pop(uid, None)
        if found is None:
            if not remove or manifest is None or http is None:
                return
            # Deleted before we ever ran it (or before a restart of ours): only its object is left.
            pod, task = self._pod(http, manifest), None
        else:
            pod, task = found
        ending = asyncio.create_task(_end_pod(pod, task, grace=grace, remove=remove))
        self._ending[uid] = ending
        ending.add_done_callback(lambda _: self._ending.pop(uid, None))

    async def _end_all(self) -> None:
        for pod, task in self._pods.values():
            self._ending[pod.uid] = asyncio.create_task(
                _end_pod(pod, task, grace=1.0, remove=False, drain=False)
            )
        self._pods.clear()
        await asyncio.gather(*self._ending.values(), return_exceptions=True)


async def _end_pod(
    pod: Pod, task: asyncio.Task[None] | None, *, grace: float, remove: bool, drain: bool = True
) -> None:
    """Let the pod answer while its hooks ask for it, then end its processes."""
    if task is not None:
        pause = min(pod.drain_seconds(), grace) if drain else 0.0
        await asyncio.sleep(pause)
        task.cancel()
        await asyncio.wait([task])  # however it ends, its processes are ended next
        grace -= pause
    await pod.end(grace=max(grace, 1.0), remove=remove)


def _tell_defect(task: asyncio.Task[None]) -> None:
    error = None if task.cancelled() else task.exception()
    if error is not None:
        _log.error("died", what=task.get_name(), exc_info=error)


def _bound(pod: Manifest) -> Bound:
    metadata = pod["metadata"]
    return Bound(
        uid=metadata["uid"],
        node=pod["spec"].get("nodeName"),
        deleting="deletionTimestamp" in metadata,
        grace=float(metadata.get("deletionGracePeriodSeconds") or 0),
        manifest=pod,
    )
