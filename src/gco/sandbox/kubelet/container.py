"""The life of one container: run, probe, and run again when it ends."""

import asyncio
import contextlib
import dataclasses
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import aiohttp

from gco.clock import Clock
from gco.sandbox.kubelet.command import Launch
from gco.sandbox.kubelet.logs import ContainerLog
from gco.sandbox.kubelet.probes import Probe, read_probe
from gco.sandbox.kubelet.process import Process
from gco.sandbox.kubelet.status import ContainerState, container_id, wire_time

_PAUSES = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0)
"""Seconds before each further run of a container that keeps ending: at once at first, as a real
kubelet does, then longer and longer, but shorter than a real kubelet's."""
_CALM = 120.0
"""After so many seconds of running, the pauses start anew."""


class _End(NamedTuple):
    """How a run of a container ended, by Kubernetes' names."""

    exitCode: int  # noqa: N815
    reason: str
    message: str
    pid: int | None = None


class Container:
    """Keeps one container's process running; `changed` is called when there is news of it."""

    def __init__(
        self,
        spec: Mapping[str, Any],
        *,
        address: str,
        log: ContainerLog,
        http: aiohttp.ClientSession,
        clock: Clock,
        changed: Callable[[], None],
        restarts: bool = True,
    ) -> None:
        self._spec = spec
        self._restarts = restarts
        self._address = address
        self._log = log
        self._http = http
        self._clock = clock
        self._changed = changed
        self._process: Process | None = None
        self.state = ContainerState(name=spec["name"], image=spec["image"])

    async def run(self, launch: Launch) -> None:
        """Run, probe and restart until cancelled; once alone where it does not restart."""
        loop = asyncio.get_running_loop()
        ends = 0
        while True:
            begun = loop.time()
            how = await self._run_once(launch)
            if not self._restarts:
                self._done(how)
                return
            ends = 0 if loop.time() - begun > _CALM else ends
            pause = _PAUSES[min(ends, len(_PAUSES) - 1)]
            self._ended(how, pause)
            await asyncio.sleep(pause)
            ends += 1

    def wait_for_ever(self, reason: str, message: str) -> None:
        """Say why the container cannot be started at all."""
        self._say(waiting=(reason, message))

    async def stop(self, grace: float) -> None:
        """End the process, if one runs."""
        if self._process is not None:
            await self._process.stop(grace)
            self._process = None
            self._log.end()

    async def _run_once(self, launch: Launch) -> "_End":
        self._log.begin()
        try:
            process = await Process.start(launch.command, launch.env, self._log)
        except OSError as error:
            self._log.end()
            return _End(127, "StartError", f"{launch.command[0]}: {error.strerror}")
        self._process = process
        self._say(pid=process.pid, running_since=self._clock.now(), waiting=None)
        reason = await self._watch(process)
        code = await process.wait()
        self._process = None
        self._log.end()
        return _End(code, reason, self._log.last_words(), process.pid)

    async def _watch(self, process: Process) -> str:
        """Probe until the process ends, by itself or because it is not well; return why."""
        health = asyncio.create_task(self._probe())
        ended = asyncio.create_task(process.wait())
        try:
            await asyncio.wait({health, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not ended.done():
                await process.stop(grace=self._spec.get("terminationGracePeriodSeconds", 5))
                return "Unhealthy"
            return "Completed" if ended.result() == 0 else "Error"
        finally:
            for task in (health, ended):
                task.cancel()
                with contextlib.suppress(asyncio.CancelledError):
                    await task

    async def _probe(self) -> None:
        """Return once the container has to be restarted."""
        startup = read_probe(self._spec, "startupProbe")
        if startup is not None and not await self._until_started(startup):
            return
        self._say(started=True)
        async with asyncio.TaskGroup() as probes:
            readiness = probes.create_task(self._follow_readiness())
            await self._until_unwell()
            readiness.cancel()

    async def _until_started(self, probe: Probe) -> bool:
        await asyncio.sleep(probe.delay)
        for _ in range(probe.failures):
            if await probe.passes(self._http, self._address):
                return True
            await asyncio.sleep(probe.period)
        return False

    async def _follow_readiness(self) -> None:
        probe = read_probe(self._spec, "readinessProbe")
        if probe is None:
            self._say(ready=True)
            return
        await asyncio.sleep(probe.delay)
        failed = 0
        while True:
            passed = await probe.passes(self._http, self._address)
            failed = 0 if passed else failed + 1
            if passed or failed >= probe.failures:
                self._say(ready=passed)
            await asyncio.sleep(probe.period)

    async def _until_unwell(self) -> None:
        probe = read_probe(self._spec, "livenessProbe")
        if probe is None:
            await asyncio.Event().wait()
            return
        await asyncio.sleep(probe.delay)
        failed = 0
        while failed < probe.failures:
            failed = 0 if await probe.passes(self._http, self._address) else failed + 1
            await asyncio.sleep(probe.period)

    def _done(self, how: "_End") -> None:
        ended = self._terminated(how)
        self._say(
            pid=None, ready=False, started=False, running_since=None, terminated=ended, done=True
        )

    def _terminated(self, how: "_End") -> dict[str, Any]:
        over = wire_time(self._clock.now())
        began = self.state.running_since
        times = {"startedAt": over if began is None else wire_time(began), "finishedAt": over}
        told = how._asdict()
        told["containerID"] = container_id(told.pop("pid"))
        return {**told, **times}

    def _ended(self, how: "_End", pause: float) -> None:
        backing_off = ("CrashLoopBackOff", f"back-off {pause:g}s restarting failed container")
        self._say(
            pid=None,
            ready=False,
            started=False,
            restarts=self.state.restarts + 1,
            waiting=backing_off if pause else None,
            running_since=None,
            terminated=self._terminated(how),
        )

    def _say(self, **news: Any) -> None:  # noqa: ANN401 - the fields of ContainerState
        state = dataclasses.replace(self.state, **news)
        if state != self.state:
            self.state = state
            self._changed()
