"""Noticing that the file was written to, by this process or another, without reading it."""

import asyncio
from collections.abc import Awaitable, Callable

from gco.errors import StoreError
from gco.store.port import Version

INTERVAL = 0.02
"""Seconds between two looks. A look costs microseconds and reads none of the file's pages."""


class Watch:
    """Wakes those who wait for a write. One task looks for all of them, while there are any."""

    def __init__(self, look: Callable[[], Awaitable[int]], seen: int) -> None:
        self._look = look
        self._seen = seen
        self._version = Version(1)
        self._moved = asyncio.Event()
        self._waiting = 0
        self._looking: asyncio.Task[None] | None = None

    def move(self) -> None:
        """Wake everyone who waits: something was written, or is worth a look."""
        self._version = Version(self._version + 1)
        self._moved.set()
        self._moved = asyncio.Event()

    async def wait(self, seen: Version) -> Version:
        """Return when the version is no longer `seen`."""
        self._waiting += 1
        try:
            while self._version == seen:
                if self._looking is None or self._looking.done():
                    self._looking = asyncio.create_task(self._keep_looking())
                await self._moved.wait()
        finally:
            self._waiting -= 1
        return self._version

    async def close(self) -> None:
        """End the task that looks."""
        if self._looking is not None:
            self._looking.cancel()
            await asyncio.wait([self._looking])

    async def _keep_looking(self) -> None:
        while self._waiting:
            try:
                found = await self._look()
            except StoreError:
                self.move()  # whoever waits reads, and learns from its own read what is wrong
            else:
                if found != self._seen:
                    self._seen = found
                    self.move()
            await asyncio.sleep(INTERVAL)
