"""Several streams at once, as one: what any of them has comes as soon as it is there."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Final, TypeVar

from gco.runtime.streams import closing

T = TypeVar("T")

_AHEAD: Final = 1000
"""Items that wait to be taken: whoever reads slowly slows the sources down."""


async def merged(sources: Iterable[AsyncIterator[T]]) -> AsyncIterator[T]:
    """Yield the items of all `sources` until the last of them has ended.

    What one of them raises ends all, as it does for a single one.
    """
    queue: asyncio.Queue[tuple[T] | asyncio.Task[None]] = asyncio.Queue(_AHEAD)
    tasks = [asyncio.create_task(_pass_on(source, queue)) for source in sources]
    try:
        left = len(tasks)
        while left:
            item = await queue.get()
            if isinstance(item, tuple):
                yield item[0]
            else:
                await item
                left -= 1
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pass_on(
    source: AsyncIterator[T], queue: asyncio.Queue[tuple[T] | asyncio.Task[None]]
) -> None:
    task = asyncio.current_task()
    try:
        async with closing(source):
            async for item in source:
                await queue.put((item,))
    finally:
        if task is not None and not task.cancelling():  # whoever cancels reads no longer
            await queue.put(task)
