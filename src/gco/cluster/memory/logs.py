"""Logs of a memory cluster's containers: whoever runs them has the text, the cluster the connection."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TypeAlias

from typing_extensions import override

from gco.cluster.memory.faults import Faults
from gco.cluster.port import LogLine, LogOptions
from gco.errors import TransientError

LogStreamer: TypeAlias = Callable[[str, str, LogOptions], AsyncGenerator[LogLine, None]]
"""Takes namespace, pod and options; raises AbsentError where there is no such log."""


async def until_broken(
    lines: AsyncGenerator[LogLine, None], faults: Faults
) -> AsyncGenerator[LogLine, None]:
    """Yield `lines`; raise TransientError as soon as the connection breaks."""
    async with aclosing(lines):
        while (line := await _next(lines, faults)) is not None:
            yield line


async def within(
    lines: AsyncGenerator[LogLine, None], max_bytes: int | None
) -> AsyncGenerator[LogLine, None]:
    """Yield `lines` up to that many bytes, as an API server counts them, the last one cut."""
    left = max_bytes
    async with aclosing(lines):
        async for time, text in lines:
            if left is None:
                yield LogLine(time, text)
                continue
            whole = text.encode()
            kept = whole[: max(0, left - len(time) - 1)]
            yield LogLine(time, kept.decode(errors="replace"))
            left -= len(time) + len(whole) + 2  # a space and a newline
            if left <= 0:
                return


async def _next(lines: AsyncGenerator[LogLine, None], faults: Faults) -> LogLine | None:
    try:
        async with asyncio.timeout(None) as connection:
            news = _Breaking(connection, faults)
            faults.subscribe(news)
            news.set()
            try:
                return await anext(lines, None)
            finally:
                faults.unsubscribe(news)
    except TimeoutError:
        raise TransientError("injected: connection reset") from None


class _Breaking(asyncio.Event):
    """Ends a wait for the next line when the connection is broken: by no task of its own."""

    def __init__(self, connection: asyncio.Timeout, faults: Faults) -> None:
        super().__init__()
        self._connection = connection
        self._faults = faults

    @override
    def set(self) -> None:
        """Take note of news of the connection."""
        if self._faults.refused:
            self._connection.reschedule(asyncio.get_running_loop().time())
