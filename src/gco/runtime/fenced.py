"""A cluster that writes only while this process leads: the check before each send, and until it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from typing_extensions import override

from gco.cluster.port import Cluster
from gco.errors import NotLeadingError
from gco.kinds.registry import Kind
from gco.runtime.forwarding import ForwardingCluster, Verb

T = TypeVar("T")

_WRITES: Final = frozenset[Verb]({"apply", "create", "replace", "patch", "delete"})
_MOMENT: Final = 0.001
"""The shortest wait: what remains of a longer one may be a rounding error, and no time at all."""


class FencedCluster(ForwardingCluster):
    """Passes everything to `cluster`, but calls `assert_leading` before each write.

    That returns for how many seconds this process leads for sure, or raises NotLeadingError, and
    then nothing is sent. A write that waits (for a connection, for credentials) is given up the
    moment that leadership lapses. Nothing else can promise that a process that was stopped for a
    while writes nothing when it goes on.
    """

    def __init__(self, cluster: Cluster, assert_leading: Callable[[], float]) -> None:
        super().__init__(cluster)
        self._assert_leading = assert_leading

    @override
    async def _request(self, verb: Verb, kind: Kind, send: Callable[[], Awaitable[T]]) -> T:
        if verb not in _WRITES:
            return await send()
        with _Fence(self._assert_leading):
            return await send()


class _Fence:
    """Cancels the task that entered it when leadership lapses, and raises NotLeadingError then.

    As asyncio.timeout does it, but with a deadline that each renewal moves. The cancellation comes
    from the timer itself: a connection that is ready at that very moment is not written to.
    """

    def __init__(self, assert_leading: Callable[[], float]) -> None:
        self._assert_leading = assert_leading
        self._lapsed: NotLeadingError | None = None

    def __enter__(self) -> None:
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a write belongs to a task")
        self._task = task
        self._cancelling = task.cancelling()
        self._wait(self._assert_leading())

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._timer.cancel()
        if self._lapsed is None:
            return
        asked = self._task.uncancel() > self._cancelling  # by someone else, besides
        if kind is asyncio.CancelledError and not asked:
            raise self._lapsed

    def _wait(self, seconds: float) -> None:
        loop = asyncio.get_running_loop()
        self._timer = loop.call_later(max(_MOMENT, seconds), self._look_again)

    def _look_again(self) -> None:
        try:
            self._wait(self._assert_leading())
        except NotLeadingError as error:
            self._lapsed = error
            self._task.cancel()
