"""Supervision: the process's loops live and end together, in an order that loses nothing.

When one loop dies, the process ends with its cause: a half-alive controller is worse than a restarted
one. The end goes through the stages in order, each bounded in time: intake, work, caches, HTTP,
election. The lease is thus given up last, by a process that no longer writes.
"""

import asyncio
import contextlib
import dataclasses
import enum
import signal
from collections.abc import Awaitable, Callable, Iterator
from typing import Final

from gco.runtime.failures import judge
from gco.telemetry import get_logger

_log = get_logger(__name__)

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT)
_CANCEL_SECONDS: Final = 1.0
"""What a cancelled loop may take to end: the election's spends it on giving up its lease."""


class Stage(enum.IntEnum):
    """When a loop ends, and when a hook is called."""

    INTAKE = 0
    WORK = 1
    CACHES = 2
    HTTP = 3
    ELECTION = 4


@dataclasses.dataclass(frozen=True, slots=True)
class _Hook:
    stage: Stage
    name: str
    call: Callable[[], Awaitable[None]]
    grace: float


class Supervisor:
    """Runs loops until one dies, or until it is told to stop."""

    def __init__(self) -> None:
        self._loops: list[tuple[Stage, str, Callable[[], Awaitable[None]]]] = []
        self._hooks: list[_Hook] = []

    def add(self, stage: Stage, name: str, loop: Callable[[], Awaitable[None]]) -> None:
        """Run `loop` from the start until `stage` of the end, where it is cancelled.

        A loop that returns by itself before has died as much as one that raises.
        """
        self._loops.append((stage, name, loop))

    def at(
        self, stage: Stage, name: str, call: Callable[[], Awaitable[None]], *, grace: float = 0.5
    ) -> None:
        """Call `call` at `stage` of the end, before its loops are cancelled; `grace` in seconds."""
        self._hooks.append(_Hook(stage, name, call, grace))

    async def run(self, stop: asyncio.Event) -> None:
        """Run everything until `stop` is set; raises what the first loop to die raised."""
        tasks = {
            asyncio.create_task(_call(loop), name=name): stage for stage, name, loop in self._loops
        }
        stopping = asyncio.create_task(_wait(stop), name="stop")
        try:
            done, _ = await asyncio.wait([*tasks, stopping], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stopping.cancel()
            await self._end(tasks)
        dead = [task for task in done if task is not stopping]
        if dead:
            raise _cause(dead[0])

    async def _end(self, tasks: dict[asyncio.Task[None], Stage]) -> None:
        for stage in Stage:
            for hook in self._hooks:
                if hook.stage is stage:
                    await _call_hook(hook)
            await _cancel([task for task, its in tasks.items() if its is stage])


class LoopEndedError(Exception):
    """A loop that runs for ever returned: a defect."""


@contextlib.contextmanager
def stop_on_signals(stop: asyncio.Event) -> Iterator[None]:
    """Have SIGTERM and SIGINT set `stop`; a second one of them ends the process at once."""
    loop = asyncio.get_running_loop()

    def asked(number: signal.Signals) -> None:
        _log.info("stopping", signal=number.name)
        stop.set()
        loop.remove_signal_handler(number)

    for number in _SIGNALS:
        loop.add_signal_handler(number, asked, number)
    try:
        yield
    finally:
        for number in _SIGNALS:
            loop.remove_signal_handler(number)


async def _call_hook(hook: _Hook) -> None:
    try:
        async with asyncio.timeout(hook.grace):
            await hook.call()
    except TimeoutError:
        _log.warning("cut short", stage=hook.stage.name.lower(), what=hook.name, after=hook.grace)


async def _cancel(tasks: list[asyncio.Task[None]]) -> None:
    for task in tasks:
        task.cancel()
    if not tasks:
        return
    done, stuck = await asyncio.wait(tasks, timeout=_CANCEL_SECONDS)
    for task in stuck:
        _log.error("does not end", what=task.get_name(), after=_CANCEL_SECONDS)
    for task in done:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            failure = judge(error)
            _log.error("died", what=task.get_name(), cause=failure.cause, exc_info=error)


def _cause(task: asyncio.Task[None]) -> BaseException:
    if task.cancelled():
        return LoopEndedError(f"{task.get_name()} was cancelled from outside")
    return task.exception() or LoopEndedError(f"{task.get_name()} returned")


async def _call(loop: Callable[[], Awaitable[None]]) -> None:
    await loop()


async def _wait(stop: asyncio.Event) -> None:
    await stop.wait()
