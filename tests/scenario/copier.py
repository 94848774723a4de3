"""Plays the pods of model Jobs: what they write to their log, and how they end."""

import asyncio
import contextlib
import json
from collections.abc import AsyncGenerator
from typing import Any

from gco.cluster.port import LogLine, LogOptions
from gco.core.model.ids import EndpointName
from gco.core.model.names import MODEL_CONTAINER, SELECT_MODELS
from gco.core.model.spec import DEFAULT_NAMESPACE
from gco.errors import AbsentError
from gco.kinds.registry import DEPLOYMENT, JOB, POD
from gco.runtime.informer import Informer
from tests.kubelet import Fate
from tests.scenario.region_world import World
from tests.virtual_time import until

IMAGE = "gco:test"
HEX = "6f3a" * 16
MODEL = {"uri": "s3://weights/llama"}
DIRECTORY = f"llama/{HEX}"


def an_outcome(directory: str = DIRECTORY) -> dict[str, Any]:
    """What a copy says that is complete."""
    told = {"reason": "Complete", "message": "copied", "bytes": 16106127360}
    return {"kind": "outcome", "directory": directory, **told}


def a_failure(reason: str, message: str) -> dict[str, Any]:
    """What a copy says that failed."""
    return {"kind": "outcome", "reason": reason, "message": message}


def a_progress(done: int, **fields: Any) -> str:
    """A line of a copy's log: `done` of 15 GiB are there."""
    told = {"bytesDone": done, "bytesTotal": 16106127360, "bytesPerSecond": 104857600}
    line = {"kind": "progress", "phase": "copying", "secondsLeft": 90, **told, **fields}
    return json.dumps(line) + "\n"


class Copier:
    """The containers of all model Jobs of a world; each runs until it is told to end."""

    def __init__(self, world: World) -> None:
        world.kubelet.image(IMAGE, Fate.ELSEWHERE)
        world.server.log_streamer = self._lines
        self._cluster = world.server.client("kubelet")
        self._logs: dict[str, str] = {}
        self._news = asyncio.Event()
        self._said = asyncio.Event()
        self._ended: set[str] = set()
        self._pods: Informer[dict[str, Any]] = Informer(
            self._cluster, POD, DEFAULT_NAMESPACE, project=dict, labels=SELECT_MODELS
        )
        self._pods.subscribe(lambda *_: self._news.set())
        self.finish: dict[str, Any] | None = None
        """Set: every copy is complete as soon as it has begun, and says this."""
        self.started: list[str] = []
        """The pods that ran, in order."""

    async def run(self) -> None:
        """Start what is bound to a node, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._pods.run())
            while True:
                await self._news.wait()
                self._news.clear()
                for name, pod in self._pods.items().items():
                    if pod["spec"].get("nodeName") and name not in self.started:
                        await self._start(name)

    async def running(self) -> str:
        """Return the name of the pod that copies, once one does."""
        await until(lambda: bool(self._running()), within=120)
        return self._running()[-1]

    def say(self, pod: str, line: str) -> None:
        """Write to the pod's log."""
        self._logs[pod] += line
        self._tell()

    async def end(self, pod: str, code: int, outcome: dict[str, Any] | None = None) -> None:
        """Have the pod's container end, and leave its outcome."""
        message = json.dumps(outcome) if outcome else ""
        times = {"startedAt": "2026-01-01T00:00:00Z", "finishedAt": self._now()}
        ended = {"exitCode": code, "reason": "Completed", "message": message, **times}
        await self._write(pod, "Failed" if code else "Succeeded", {"terminated": ended})
        self._ended.add(pod)
        self._tell()

    async def _start(self, name: str) -> None:
        self.started.append(name)
        self._logs[name] = ""
        await self._write(name, "Running", {"running": {"startedAt": self._now()}})
        if self.finish is not None:
            await self.end(name, 0, self.finish)

    async def _write(self, name: str, phase: str, state: dict[str, Any]) -> None:
        with contextlib.suppress(AbsentError):
            live = await self._cluster.get(POD, DEFAULT_NAMESPACE, name)
            told = {"name": MODEL_CONTAINER, "image": IMAGE, "imageID": "", "ready": False}
            status = {"phase": phase, "containerStatuses": [{**told, "state": state}]}
            await self._cluster.apply(
                POD,
                {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "metadata": {
                        "name": name,
                        "namespace": DEFAULT_NAMESPACE,
                        "uid": live["metadata"]["uid"],
                    },
                    "status": {**status, "startTime": self._now()},
                },
                manager="kubelet",
                subresource="status",
            )

    def _running(self) -> list[str]:
        pods = self._pods.items()
        return [n for n in self.started if n in pods and _phase(pods[n]) == "Running"]

    def _now(self) -> str:
        return self._cluster.clock.now().strftime("%Y-%m-%dT%H:%M:%SZ")

    async def _lines(self, _: str, pod: str, options: LogOptions) -> AsyncGenerator[LogLine, None]:
        """Stream a log until its pod runs no more."""
        if pod not in self._logs:
            raise AbsentError(f"no log of {pod}")
        told = max(0, len(self._logs[pod].splitlines()) - (options.lines or 0))
        while True:
            said, lines = self._said, self._logs[pod].splitlines()
            for line in lines[told:]:
                yield LogLine(self._now(), line)
            told = len(lines)
            if not options.follow or pod in self._ended:
                return
            await said.wait()

    def _tell(self) -> None:
        self._said.set()
        self._said = asyncio.Event()


def _phase(pod: dict[str, Any]) -> str:
    phase: str = pod.get("status", {}).get("phase", "Pending")
    return phase


def jobs(world: World) -> list[str]:
    """Return the names of the Jobs that there are."""
    return sorted(world.all(JOB))


def mounts(world: World, name: EndpointName | str = "web") -> dict[str, Any] | None:
    """Return the mount of the model in the endpoint's pods, if there is one."""
    found = world.find(DEPLOYMENT, name)
    if found is None:
        return None
    [container] = found["spec"]["template"]["spec"]["containers"]
    return next((m for m in container.get("volumeMounts", ()) if m["name"] == "models"), None)
