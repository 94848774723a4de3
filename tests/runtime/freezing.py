"""Processes inside one event loop that can be stopped and continued, as SIGSTOP and SIGCONT do."""

import asyncio
import contextlib
import contextvars
import types
from collections.abc import Coroutine, Generator, Iterator
from typing import Any

_process: contextvars.ContextVar["Process"] = contextvars.ContextVar("process")


class Process:
    """Every task started inside `with process.inside()` stops when it is frozen.

    What happened to a frozen task (an answer came, a time-out cancelled it) it learns when thawed.
    """

    def __init__(self) -> None:
        self._runs = asyncio.Event()
        self._runs.set()

    def freeze(self) -> None:
        self._runs.clear()

    def thaw(self) -> None:
        self._runs.set()

    @contextlib.contextmanager
    def inside(self) -> Iterator[None]:
        asyncio.get_running_loop().set_task_factory(_factory)
        token = _process.set(self)
        try:
            yield
        finally:
            _process.reset(token)

    @types.coroutine
    def drive(self, coroutine: Coroutine[Any, Any, Any]) -> Generator[Any, Any, Any]:
        """Drive `coroutine` a step at a time, none of them while frozen."""
        news: BaseException | None = None
        while True:
            while not self._runs.is_set():
                try:
                    yield from self._runs.wait().__await__()
                except asyncio.CancelledError as cancelled:
                    news = cancelled
            try:
                waits_for = coroutine.send(None) if news is None else coroutine.throw(news)
            except StopIteration as stop:
                return stop.value
            news = None
            try:
                yield waits_for
            except GeneratorExit:
                coroutine.close()
                raise
            except BaseException as thrown:  # noqa: BLE001  (handed on to the coroutine as it is)
                news = thrown


def _factory(
    loop: asyncio.AbstractEventLoop,
    coroutine: Coroutine[Any, Any, Any],
    context: contextvars.Context | None = None,
) -> asyncio.Task[Any]:
    process = (context or contextvars.copy_context()).get(_process)
    if process is None:
        return asyncio.Task(coroutine, loop=loop, context=context)
    return asyncio.Task(_stepwise(process, coroutine), loop=loop, context=context)


async def _stepwise(process: Process, coroutine: Coroutine[Any, Any, Any]) -> object:
    return await process.drive(coroutine)
