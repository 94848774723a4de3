"""Machines for a real control plane: the sandbox's kubelet and router, in a thread of their own.

The pods that the real scheduler places become local processes, so that a request which enters by a
route is answered by a server, and a killed process is a killed replica.
"""

import asyncio
import os
import threading
from pathlib import Path
from typing import Self

from gco.cluster.kubernetes import connect
from gco.sandbox.config import NodeConfig, SandboxConfig
from gco.sandbox.kubelet import Kubelet
from gco.sandbox.router import Router
from testbed.controlplane import ControlPlane
from testbed.errors import StartFailed

_START_SECONDS = 20.0
NAMESPACE = "gco-inference"


class Machines:
    """The nodes and the entrance of one region, running inside a `with` block."""

    def __init__(
        self, plane: ControlPlane, folder: Path, *, network: int, gpus: int = 8, nodes: int = 1
    ) -> None:
        self._plane = plane
        self._folder = folder
        self._network = network
        self._config = SandboxConfig(
            nodes=(NodeConfig(count=nodes, devices=gpus),), load_seconds=0.0, tokens_per_second=0.0
        )
        self._thread = threading.Thread(target=self._serve, name=f"machines of {plane.name}")
        self._started = threading.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[None] | None = None
        self._failure: BaseException | None = None
        self.address = ""
        """Where the region's routes answer."""

    def __enter__(self) -> Self:
        """Start; raises StartFailed."""
        self._thread.start()
        if not self._started.wait(_START_SECONDS) or self._failure is not None:
            raise StartFailed(f"no machines for {self._plane.name}") from self._failure
        return self

    def __exit__(self, *_: object) -> None:
        """End every process; the objects in the cluster are left as they are."""
        if self._loop is not None and self._task is not None:
            self._loop.call_soon_threadsafe(self._task.cancel)
        self._thread.join()

    def _serve(self) -> None:
        try:
            asyncio.run(self._run())
        except asyncio.CancelledError:
            pass  # the end of the block
        except BaseException as error:
            self._failure = error
            raise
        finally:
            self._started.set()

    async def _run(self) -> None:
        self._loop, self._task = asyncio.get_running_loop(), asyncio.current_task()
        cluster = connect(self._plane.kubeconfig_path, user_agent="machines")
        kubelet = Kubelet(
            cluster,
            self._plane.name,
            config=self._config,
            network=self._network,
            folder=self._folder,
            base_env=os.environ,
        )
        router = Router(cluster, self._plane.name, namespace=NAMESPACE)
        router.listen()
        self.address = router.address
        self._started.set()
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(kubelet.run())
                tasks.create_task(router.run())
        finally:
            await cluster.close()
