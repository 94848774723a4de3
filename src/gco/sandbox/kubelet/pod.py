"""The life of one pod on a sandbox node: its containers, its status, its end."""

import asyncio
import contextlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import aiohttp

from gco.clock import Clock
from gco.cluster.port import Cluster
from gco.errors import AbsentError, ClusterConflictError, TransientError
from gco.kinds.registry import POD
from gco.sandbox.config import SandboxConfig
from gco.sandbox.kubelet.addresses import Addresses
from gco.sandbox.kubelet.command import Launch, launch
from gco.sandbox.kubelet.container import Container
from gco.sandbox.kubelet.logs import Logs
from gco.sandbox.kubelet.mounts import ConfigError, local_mounts
from gco.sandbox.kubelet.nodes import MANAGER
from gco.sandbox.kubelet.probes import container_ports
from gco.sandbox.kubelet.status import is_ready, pod_status

_RETRY = 0.5
"""Seconds until a status that could not be written is written again."""


class Pod:
    """Runs one pod from the moment it is bound until it is gone."""

    def __init__(
        self,
        cluster: Cluster,
        manifest: Mapping[str, Any],
        *,
        config: SandboxConfig,
        addresses: Addresses,
        logs: Logs,
        volumes: Path,
        http: aiohttp.ClientSession,
        clock: Clock,
        base_env: Mapping[str, str],
    ) -> None:
        self._cluster = cluster
        self._manifest = manifest
        self._config = config
        self._addresses = addresses
        self._clock = clock
        self._base_env = base_env
        self._volumes = volumes
        self._start = clock.now()
        self._ready = False
        self._turned = self._start
        """When it last became ready, or stopped being so."""
        self._news = asyncio.Event()
        meta = manifest["metadata"]
        self.namespace, self.name, self.uid = meta["namespace"], meta["name"], meta["uid"]
        specs = manifest["spec"]["containers"]
        self._address = addresses.take([port for spec in specs for port in container_ports(spec)])
        self._containers = [
            Container(
                spec,
                address=self._address,
                log=logs.of(self.namespace, self.name, spec["name"]),
                http=http,
                clock=clock,
                changed=self._news.set,
                restarts=manifest["spec"].get("restartPolicy", "Always") == "Always",
            )
            for spec in specs
        ]

    async def run(self) -> None:
        """Run the containers and report on them, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._report())
            for container, spec in zip(
                self._containers, self._manifest["spec"]["containers"], strict=True
            ):
                prepared = self._prepare(container, spec)
                if prepared is not None:
                    tasks.create_task(container.run(prepared))

    async def end(self, *, grace: float, remove: bool) -> None:
        """End every process within `grace` seconds; `remove` then takes the object away."""
        try:
            await asyncio.gather(*(container.stop(grace) for container in self._containers))
        finally:
            self._addresses.release(self._address)
        if remove:
            await self._remove()

    def drain_seconds(self) -> float:
        """How long the pod goes on answering after its deletion, as its preStop hooks ask."""
        hooks = (
            spec.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0)
            for spec in self._manifest["spec"]["containers"]
        )
        asked = float(max(hooks, default=0))
        most = self._config.drain_seconds
        return asked if most is None else min(asked, most)

    def _prepare(self, container: Container, spec: Mapping[str, Any]) -> Launch | None:
        image = self._config.image(spec["image"])
        if image.pull_error:
            message = f'Back-off pulling image "{spec["image"]}": {image.pull_error}'
            container.wait_for_ever("ImagePullBackOff", message)
            return None
        try:
            mounts = local_mounts(self._manifest, spec, self._volumes)
            return launch(
                self._manifest,
                spec,
                image,
                address=self._address,
                base_env=self._base_env,
                mounts=mounts,
            )
        except ConfigError as error:
            container.wait_for_ever("CreateContainerConfigError", str(error))
            return None

    async def _report(self) -> None:
        self._news.set()
        while True:
            await self._news.wait()
            self._news.clear()
            try:
                await self._write_status()
            except (AbsentError, ClusterConflictError):
                return  # the pod is gone, or another one has its name: nobody to report on
            except TransientError:
                self._news.set()
                await asyncio.sleep(_RETRY)

    async def _write_status(self) -> None:
        states = [container.state for container in self._containers]
        if is_ready(states) is not self._ready:
            self._ready, self._turned = not self._ready, self._clock.now()
        status = pod_status(states, address=self._address, start=self._start, turned=self._turned)
        identity = {"name": self.name, "namespace": self.namespace, "uid": self.uid}
        body = {"apiVersion": "v1", "kind": "Pod", "metadata": identity, "status": status}
        await self._cluster.apply(POD, body, manager=MANAGER, subresource="status")

    async def _remove(self) -> None:
        while True:
            with contextlib.suppress(AbsentError, ClusterConflictError):
                try:
                    await self._cluster.delete(
                        POD, self.namespace, self.name, uid=self.uid, grace_seconds=0
                    )
                except TransientError:
                    await asyncio.sleep(_RETRY)
                    continue
            return
