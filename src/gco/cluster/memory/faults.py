"""What can go wrong between a client and its cluster, for tests to switch on and off."""

import asyncio
import collections
import contextlib
import dataclasses
from collections.abc import Callable, Iterator
from typing import Literal, TypeAlias

from gco.errors import ForbiddenError, GcoError, TransientError
from gco.kinds.registry import Kind

Verb: TypeAlias = Literal[
    "get", "list", "watch", "apply", "create", "replace", "patch", "delete", "logs"
]
WRITES = frozenset({"apply", "create", "replace", "patch", "delete"})


@dataclasses.dataclass(slots=True)
class _Failure:
    verb: str | None
    kind: Kind | None
    times: int
    error: Callable[[], GcoError]
    answer_lost: bool

    def hits(self, verb: str, kind: Kind) -> bool:
        fits = verb in WRITES if self.verb is None else verb == self.verb
        return self.times > 0 and fits and self.kind in (None, kind)


class Faults:
    """The faults of one client's way to its cluster; none at first. They may be combined."""

    def __init__(self) -> None:
        self.latency = 0.0
        """Seconds that each request takes."""
        self.watch_delay = 0.0
        """Seconds by which each watch event comes late: a cache that lags."""
        self.repeats = False
        """Whether each watch event comes twice."""
        self._refused = False
        self._silent = False
        self._late: dict[Kind, float] = {}
        self._forbidden: collections.Counter[Kind] = collections.Counter()
        self._failures: list[_Failure] = []
        self._changed: dict[asyncio.Event, None] = {}  # in order: a simulation replays

    @property
    def refused(self) -> bool:
        """Whether every request and every open watch fails with TransientError."""
        return self._refused

    @property
    def silent(self) -> bool:
        """Whether open watches say nothing, not even bookmarks."""
        return self._silent

    @contextlib.contextmanager
    def black_hole(self) -> Iterator[None]:
        """Let nothing through on open watches while the block runs; other requests are answered."""
        self._silent = True
        self._wake()
        try:
            yield
        finally:
            self._silent = False
            self._wake()

    @contextlib.contextmanager
    def unreachable(self) -> Iterator[None]:
        """Refuse every connection and break the open watches while the block runs."""
        self._refused = True
        self._wake()
        try:
            yield
        finally:
            self._refused = False

    @contextlib.contextmanager
    def forbid(self, kind: Kind) -> Iterator[None]:
        """Refuse every request for `kind` while the block runs; open watches stay."""
        self._forbidden[kind] += 1
        try:
            yield
        finally:
            self._forbidden[kind] -= 1

    @contextlib.contextmanager
    def late(self, kind: Kind, seconds: float) -> Iterator[None]:
        """Deliver the watch events of one kind late while the block runs."""
        self._late[kind] = seconds
        try:
            yield
        finally:
            self._late.pop(kind, None)

    def delay(self, kind: Kind) -> float:
        """Return by how many seconds the watch events of `kind` come late."""
        return max(self.watch_delay, self._late.get(kind, 0.0))

    def fail(
        self,
        verb: Verb | None = None,
        kind: Kind | None = None,
        *,
        times: int = 1,
        error: Callable[[], GcoError] = lambda: TransientError("injected: HTTP 500"),
        answer_lost: bool = False,
    ) -> None:
        """Fail the next `times` requests of `verb` (None: any write) on `kind` (None: any).

        With `answer_lost` the request is carried out, and only its answer is an error.
        """
        self._failures.append(_Failure(verb, kind, times, error, answer_lost))

    def clear(self) -> None:
        """Drop the failures that have not happened yet, and the delays."""
        self._failures.clear()
        self.latency = self.watch_delay = 0.0

    async def before(self, verb: Verb, kind: Kind) -> None:
        """Fail or delay a request that is about to be carried out."""
        await asyncio.sleep(self.latency)  # others get a turn, as while a real request is away
        if self._refused:
            raise TransientError("injected: connection refused")
        if self._forbidden[kind]:
            raise ForbiddenError(f"injected: {kind.plural} is forbidden: cannot {verb} resource")
        self._raise(verb, kind, answer_lost=False)

    def after(self, verb: Verb, kind: Kind) -> None:
        """Lose the answer to a request that was carried out."""
        self._raise(verb, kind, answer_lost=True)

    def _raise(self, verb: str, kind: Kind, *, answer_lost: bool) -> None:
        for failure in self._failures:
            if failure.answer_lost is answer_lost and failure.hits(verb, kind):
                failure.times -= 1
                raise failure.error()

    def subscribe(self, watcher: asyncio.Event) -> None:
        """Wake `watcher` when connections break."""
        self._changed[watcher] = None

    def unsubscribe(self, watcher: asyncio.Event) -> None:
        """No longer wake `watcher`."""
        self._changed.pop(watcher, None)

    def _wake(self) -> None:
        for watcher in self._changed:
            watcher.set()
