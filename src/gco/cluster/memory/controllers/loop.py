"""A loop over keys that need a look: each once at a time, again on failure, never in a spin."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

from gco.errors import AbsentError, ClusterConflictError, ClusterError

K = TypeVar("K")

_STALE_SECONDS = 0.005
_FAILED_SECONDS = 1.0


class Loop(Generic[K]):
    """Reconciles the keys that were added; `reconcile` may return seconds to look again after."""

    def __init__(self, reconcile: Callable[[K], Awaitable[float | None]]) -> None:
        self._reconcile = reconcile
        self._waiting: dict[K, None] = {}
        self._wake = asyncio.Event()

    def add(self, key: K | None) -> None:
        """Have `key` looked at soon, where there is one."""
        if key is not None:
            self._waiting[key] = None
            self._wake.set()

    def add_after(self, key: K, seconds: float) -> None:
        """Have `key` looked at in `seconds`."""
        asyncio.get_running_loop().call_later(seconds, self.add, key)

    async def run(self) -> None:
        """Look at what is added, until cancelled."""
        while True:
            await self._wake.wait()
            while self._waiting:
                key = next(iter(self._waiting))
                del self._waiting[key]
                await self._look(key)
            self._wake.clear()

    async def _look(self, key: K) -> None:
        try:
            again = await self._reconcile(key)
        except (ClusterConflictError, AbsentError):  # what was read is stale
            again = _STALE_SECONDS
        except ClusterError:
            again = _FAILED_SECONDS
        if again is not None:
            self.add_after(key, again)
