"""When to read the logs: soon while there is something to read, seldom at rest."""

import asyncio
import contextlib
import math
import random
from typing import Final

from gco.store.port import Version

SLOWING_SECONDS: Final = 60.0
"""How long after the last activity the pause is as long as it gets."""


class Pace:
    """The pause between two reads of a log, from `shortest` to `longest` seconds.

    The pause is short after activity, and then grows in proportion to the time without any: a busy
    store is followed closely, and a store at rest costs little.
    """

    def __init__(self, shortest: float, longest: float) -> None:
        self._loop = asyncio.get_running_loop()
        self._active = self._loop.time()
        self._shortest = shortest
        self._longest = max(shortest, longest)
        self._version = Version(1)
        self._moved = asyncio.Event()
        self._woken = -math.inf

    @property
    def pause(self) -> float:
        """The seconds of a pause that begins now."""
        grown = self._longest * (self._loop.time() - self._active) / SLOWING_SECONDS
        return min(self._longest, max(self._shortest, grown))

    async def wait(self, seen: Version) -> Version:
        """Return after the pause, or earlier where this process has woken others since `seen`."""
        if self._version == seen:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self.pause * _jitter()):
                    await self._moved.wait()
        return self._version

    def wrote(self) -> None:
        """Wake those who wait: they need not sleep through what this process wrote.

        Of a burst of own writes the first alone does: who waits since then looks again within the
        shortest pause, once for all of them.
        """
        self._active = now = self._loop.time()
        if now >= self._woken + self._shortest:
            self._woken = now
            self._wake()

    def read(self) -> None:
        """Note that a log had news; wake those who began a longer pause while nothing happened."""
        resting = self.pause > self._shortest
        self._active = self._loop.time()
        if resting:
            self._wake()

    def _wake(self) -> None:
        self._version = Version(self._version + 1)
        self._moved.set()
        self._moved = asyncio.Event()


def _jitter() -> float:
    return random.uniform(0.8, 1.0)  # noqa: S311 -- keeps readers apart, no secret
