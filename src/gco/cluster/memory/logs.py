"""Logs of a memory cluster's containers: whoever runs them has the text, the cluster the connection."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import TypeAlias

from gco.cluster.memory.faults import Faults
from gco.cluster.port import LogLine, LogOptions
from gco.errors import TransientError

LogStreamer: TypeAlias = Callable[[str, str, LogOptions], AsyncGenerator[LogLine, None]]
"""Takes namespace, pod and options; raises AbsentError where there is no such log."""


async def until_broken(
    lines: AsyncGenerator[LogLine, None], faults: Faults
) -> AsyncGenerator[LogLine, None]:
    """Yield `lines`; raise TransientError as soon as the connection breaks."""
    news = asyncio.Event()
    faults.subscribe(news)
    try:
        while (line := await _next(lines, news, faults)) is not None:
            yield line
    finally:
        faults.unsubscribe(news)
        await lines.aclose()


async def _next(
    lines: AsyncGenerator[LogLine, None], news: asyncio.Event, faults: Faults
) -> LogLine | None:
    following = asyncio.ensure_future(anext(lines, None))
    try:
        while not following.done():
            if faults.refused:
                raise TransientError("injected: connection reset")
            news.clear()
            broken = asyncio.ensure_future(news.wait())
            await asyncio.wait({following, broken}, return_when=asyncio.FIRST_COMPLETED)
            broken.cancel()
        return following.result()
    finally:
        if not following.done():
            following.cancel()
            await asyncio.wait({following})
