"""The work queue: which keys to look at, each by one worker at a time, none forgotten.

As in client-go: a key added twice before its run runs once; a key added during its run runs exactly
once more; a key waits in one place only. Keys carry no news: what to do is found by looking.
"""

import asyncio
import enum
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from gco.errors import ShutDownError
from gco.runtime.backoff import Backoff
from gco.runtime.metrics import SILENT, QueueMetrics

K = TypeVar("K", bound=Hashable)

QUEUE_BACKOFF: Final = Backoff(0.005, 1000.0)
"""5 ms·2ⁿ up to 1000 s, as in client-go, with jitter."""


class _End(enum.Enum):
    END = enum.auto()


class WorkQueue(Generic[K]):
    """Keys to work on. All methods but `get` return at once; none is thread-safe.

    After every `get` the caller owes a `done`.
    """

    def __init__(self, *, backoff: Backoff = QUEUE_BACKOFF, metrics: QueueMetrics = SILENT) -> None:
        self._backoff = backoff
        self._metrics = metrics
        self._waiting: asyncio.Queue[K | _End] = asyncio.Queue()
        self._dirty: dict[K, float] = {}
        """Keys to look at, and since when (loop time); those in flight wait here for `done`."""
        self._started: dict[K, float] = {}
        self._timers: dict[K, asyncio.TimerHandle] = {}
        self._failures: dict[K, int] = {}
        self._closed = False
        metrics.unfinished(self.unfinished)

    def __len__(self) -> int:
        """Tell how many keys wait for a worker, those with a timer left out."""
        return 0 if self._closed else self._waiting.qsize()

    def add(self, key: K) -> None:
        """Have `key` looked at as soon as a worker is free; ignored after `shut_down`."""
        if self._closed or key in self._dirty:
            return
        self._dirty[key] = _now()
        self._metrics.added()
        if key not in self._started:
            self._put(key)

    def add_after(self, key: K, seconds: float) -> None:
        """Add `key` after `seconds`; of several such wishes for a key the earliest counts."""
        if self._closed:
            return
        if seconds <= 0:
            self.add(key)
            return
        timer = self._timers.get(key)
        if timer is not None:
            if timer.when() <= _now() + seconds:
                return
            timer.cancel()
        loop = asyncio.get_running_loop()
        self._timers[key] = loop.call_later(seconds, self._due, key)

    def retry(self, key: K, *, at_least: float = 0.0, backoff: Backoff | None = None) -> float:
        """Add `key` after its next back-off delay, or `at_least` seconds; return the delay."""
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self._metrics.retried()
        delay = (backoff or self._backoff).delay(failures) + at_least
        self.add_after(key, delay)
        return delay

    def forget(self, key: K) -> None:
        """`key` succeeded: its next failure is a first one."""
        self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """Return how many times in a row `key` was to be retried."""
        return self._failures.get(key, 0)

    async def get(self) -> K:
        """Return the key that waited longest, once there is one; raises ShutDownError."""
        key = await self._waiting.get()
        if key is _End.END:
            self._waiting.put_nowait(_End.END)  # for whoever else waits
            raise ShutDownError("the work queue is shut down")
        now = _now()
        self._metrics.queued(now - self._dirty.pop(key))
        self._started[key] = now
        self._metrics.depth(len(self))
        return key

    def done(self, key: K) -> None:
        """The run of `key` ended; if it was added meanwhile, it waits for the next."""
        self._metrics.worked(_now() - self._started.pop(key))
        if key in self._dirty:
            self._put(key)

    def shut_down(self) -> None:
        """Take and give nothing more; what waits is dropped, for whoever leads next looks anew."""
        self._closed = True
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()
        self._dirty.clear()
        while not self._waiting.empty():
            self._waiting.get_nowait()
        self._waiting.put_nowait(_End.END)
        self._metrics.depth(0)

    def unfinished(self) -> float:
        """Return the sum of seconds that the runs in flight have taken so far."""
        return sum(_now() - started for started in self._started.values())

    def oldest(self) -> float:
        """Return how many seconds the longest run in flight has taken so far, 0 with none."""
        return max((_now() - started for started in self._started.values()), default=0.0)

    def _due(self, key: K) -> None:
        del self._timers[key]
        self.add(key)

    def _put(self, key: K) -> None:
        self._waiting.put_nowait(key)
        self._metrics.depth(len(self))


def _now() -> float:
    return asyncio.get_running_loop().time()
