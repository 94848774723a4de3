"""The work queue: which keys to look at, each by one worker at a time, none forgotten.

As in client-go: a key added twice before its run runs once; a key added during its run runs exactly
once more; a key waits in one place only. Keys carry no event: each run looks at the whole state.

Changes run before routine work (the resync, the first look after leadership is taken): a person's
change never waits for 5,000 endpoints that are in sync. Routine work gets a share, so it never starves.
"""

import asyncio
import dataclasses
import enum
from collections import OrderedDict
from collections.abc import Hashable
from typing import Final, Generic, TypeVar

from gco.errors import ShutDownError
from gco.runtime.backoff import Backoff
from gco.runtime.metrics import SILENT, QueueMetrics

K = TypeVar("K", bound=Hashable)

QUEUE_BACKOFF: Final = Backoff(0.005, 45.0)
"""5 ms·2ⁿ as in client-go, but at most 45 s and jitter: an outage has no event that says that it is
over, so this is how late a change may be once a webhook or a namespace is back."""
_ROUTINE_SHARE: Final = 8
"""Of so many keys one is a routine key, as long as any waits."""


class _End(enum.Enum):
    END = enum.auto()


@dataclasses.dataclass(frozen=True, slots=True)
class _Run:
    """A key in flight: since when (loop time), and whether it is routine work."""

    started: float
    routine: bool


@dataclasses.dataclass(frozen=True, slots=True)
class _Timer:
    """What adds a key later."""

    handle: asyncio.TimerHandle
    routine: bool


class WorkQueue(Generic[K]):
    """Keys to work on. All methods but `get` return at once; none is thread-safe.

    After every `get` the caller owes a `done`.
    """

    def __init__(self, *, backoff: Backoff = QUEUE_BACKOFF, metrics: QueueMetrics = SILENT) -> None:
        self._backoff = backoff
        self._metrics = metrics
        self._tickets: asyncio.Queue[_End | None] = asyncio.Queue()
        """One for each key that waits: a worker takes a ticket, and then the key that is due."""
        self._changed: OrderedDict[K, None] = OrderedDict()
        self._routine: OrderedDict[K, None] = OrderedDict()
        self._turns = 0
        """How many keys were given out since the last routine key."""
        self._dirty: dict[K, _Run] = {}
        """Keys to look at, and since when; those in flight wait here for `done`."""
        self._running: dict[K, _Run] = {}
        self._timers: dict[K, _Timer] = {}
        self._held: dict[K, float] = {}
        """Loop time before which a key must not run, because the server asked for that. Each of
        these keys has a timer."""
        self._failures: dict[K, int] = {}
        self._closed = False
        metrics.unfinished(self.unfinished)

    def __len__(self) -> int:
        """Return how many keys wait for a worker, those with a timer left out."""
        return len(self._changed) + len(self._routine)

    def add(self, key: K, *, routine: bool = False) -> None:
        """Have `key` looked at as soon as a worker is free; ignored after `shut_down`.

        A routine key runs after the changed ones; added again as a change, it moves up. A key whose
        server asked for a wait runs once that is over.
        """
        if self._closed:
            return
        wait = self._held.get(key, 0.0) - _now()
        if wait > 0:
            self.add_after(key, wait, routine=routine)
            return
        waiting = self._dirty.get(key)
        if waiting is None:
            self._dirty[key] = _Run(_now(), routine)
            self._metrics.added()
            if key not in self._running:
                self._put(key, routine=routine)
        elif waiting.routine and not routine:
            self._dirty[key] = dataclasses.replace(waiting, routine=False)
            if key in self._routine:
                del self._routine[key]
                self._changed[key] = None

    def add_routinely(self, key: K, *, within: float = 0.0) -> None:
        """Add `key` as routine work, unless it backs off or a timer adds it `within` seconds."""
        timer = self._timers.get(key)
        if timer is not None and (
            self._failures.get(key) or timer.handle.when() <= _now() + within
        ):
            return
        self.add(key, routine=True)

    def add_after(self, key: K, seconds: float, *, routine: bool = False) -> None:
        """Add `key` after `seconds`; of several such wishes for a key the earliest counts.

        It is never added before the time that its server asked for.
        """
        if self._closed:
            return
        due = max(_now() + seconds, self._held.get(key, 0.0))
        if due <= _now():
            self.add(key, routine=routine)
            return
        timer = self._timers.get(key)
        if timer is not None:
            due = min(due, timer.handle.when())
            routine = routine and timer.routine
            timer.handle.cancel()
        handle = asyncio.get_running_loop().call_at(due, self._due, key)
        self._timers[key] = _Timer(handle, routine)

    def retry(self, key: K, *, at_least: float = 0.0, backoff: Backoff | None = None) -> float:
        """Add `key` after its next back-off delay and `at_least` seconds; return the delay.

        `at_least` is what the server asked for: until then nothing runs `key`, not even a change.
        """
        failures = self._failures.get(key, 0)
        self._failures[key] = failures + 1
        self._metrics.retried()
        delay = (backoff or self._backoff).delay(failures) + at_least
        run = self._running.get(key)
        routine = run is not None and run.routine
        if at_least > 0:
            routine = self._hold(key, _now() + at_least) and routine
        self.add_after(key, delay, routine=routine)
        return delay

    def forget(self, key: K) -> None:
        """`key` succeeded: its next failure is a first one."""
        self._failures.pop(key, None)

    def failures(self, key: K) -> int:
        """Return how many times in a row `key` was to be retried."""
        return self._failures.get(key, 0)

    async def get(self) -> K:
        """Return the key that is due, once there is one; raises ShutDownError."""
        if await self._tickets.get() is _End.END:
            self._tickets.put_nowait(_End.END)  # for whoever else waits
            raise ShutDownError("the work queue is shut down")
        key = self._next()
        now = _now()
        waited = self._dirty.pop(key)
        self._metrics.queued(now - waited.started)
        self._running[key] = dataclasses.replace(waited, started=now)
        self._metrics.depth(len(self))
        return key

    def done(self, key: K) -> None:
        """The run of `key` ended; if it was added meanwhile, it waits for the next."""
        self._metrics.worked(_now() - self._running.pop(key).started)
        waiting = self._dirty.get(key)
        if waiting is not None:
            self._put(key, routine=waiting.routine)

    def clear(self) -> None:
        """Drop every key that waits or has a timer: another process leads and looks at them."""
        for timer in self._timers.values():
            timer.handle.cancel()
        for known in (self._timers, self._held, self._failures, self._dirty):
            known.clear()
        self._changed.clear()
        self._routine.clear()
        while not self._tickets.empty():
            self._tickets.get_nowait()
        if self._closed:
            self._tickets.put_nowait(_End.END)
        self._metrics.depth(0)

    def shut_down(self) -> None:
        """Take and give nothing more; what waits is dropped, for whoever leads next looks anew."""
        self._closed = True
        self.clear()

    def unfinished(self) -> float:
        """Return the sum of seconds that the runs in flight have taken so far."""
        return sum(_now() - run.started for run in self._running.values())

    def oldest(self) -> float:
        """Return how many seconds the longest run in flight has taken so far, 0 with none."""
        return max((_now() - run.started for run in self._running.values()), default=0.0)

    def _hold(self, key: K, until: float) -> bool:
        """Let nothing run `key` before `until`; return whether only routine work waited for it."""
        self._held[key] = until
        waiting = self._dirty.pop(key, None)  # added during its run: the timer brings it
        timer = self._timers.pop(key, None)
        if timer is not None:
            timer.handle.cancel()
        return all(known is None or known.routine for known in (waiting, timer))

    def _due(self, key: K) -> None:
        timer = self._timers.pop(key)
        self._held.pop(key, None)
        self.add(key, routine=timer.routine)

    def _put(self, key: K, *, routine: bool) -> None:
        (self._routine if routine else self._changed)[key] = None
        self._tickets.put_nowait(None)
        self._metrics.depth(len(self))

    def _next(self) -> K:
        """Take the changed key that waited longest, or in its turn a routine one."""
        self._turns += 1
        if self._routine and (not self._changed or self._turns >= _ROUTINE_SHARE):
            self._turns = 0
            return self._routine.popitem(last=False)[0]
        return self._changed.popitem(last=False)[0]


def _now() -> float:
    return asyncio.get_running_loop().time()
