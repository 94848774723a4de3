"""Running loops beside a test, and waiting for a state of the world that has to be asked for.

For a condition that needs no await there is `until` of tests/virtual_time.py.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


@contextlib.asynccontextmanager
async def background(*loops: Coroutine[Any, Any, Any]) -> AsyncIterator[list[asyncio.Task[Any]]]:
    """Run `loops` while the block runs; what one of them raises fails the test."""
    tasks = [asyncio.create_task(loop) for loop in loops]
    try:
        yield tasks
        for task in tasks:
            if task.done() and not task.cancelled():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def eventually(
    condition: Callable[[], Awaitable[T]], *, within: float = 120.0, what: str = ""
) -> T:
    """Return what `condition` answers once that is true; raise TimeoutError after `within` seconds."""
    try:
        async with asyncio.timeout(within):
            while not (found := await condition()):  # noqa: ASYNC110  (nobody tells)
                await asyncio.sleep(0.05)
    except TimeoutError:
        raise TimeoutError(f"not so within {within:g} s: {what or condition}") from None
    return found
