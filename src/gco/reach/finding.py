"""Tasks that find things, and the one reader of what they find."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Found(Generic[T]):
    """What tasks find, in the order in which they do; `ahead` 0: however much is not read yet."""

    def __init__(self, *, ahead: int = 0) -> None:
        self._queue: asyncio.Queue[tuple[T] | None] = asyncio.Queue(ahead)
        self._tasks: set[asyncio.Task[None]] = set()
        self._defect: BaseException | None = None

    def start(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` until it ends or nobody reads any more; what it raises is raised there."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    async def put(self, item: T) -> None:
        """Add what was found, once there is room."""
        await self._queue.put((item,))

    def put_nowait(self, item: T) -> None:
        """Add what was found, where there is always room."""
        self._queue.put_nowait((item,))

    async def items(self) -> AsyncIterator[T]:
        """Yield what is found, for ever; at the end the tasks are ended."""
        try:
            while True:
                item = await self._queue.get()
                if self._defect is not None:
                    raise self._defect
                if item is not None:
                    yield item[0]
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and task.exception() is not None:
            self._defect = task.exception()
            if not self._queue.full():  # else whoever reads wakes anyway
                self._queue.put_nowait(None)
