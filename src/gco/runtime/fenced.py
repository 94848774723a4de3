"""A cluster that writes only while this process leads: the check before each send."""

from collections.abc import Awaitable, Callable
from typing import Final, TypeVar

from typing_extensions import override

from gco.cluster.port import Cluster
from gco.kinds import Kind
from gco.runtime.forwarding import ForwardingCluster, Verb

T = TypeVar("T")

_WRITES: Final = frozenset[Verb]({"apply", "create", "replace", "patch", "delete"})


class FencedCluster(ForwardingCluster):
    """Passes everything to `cluster`, but calls `assert_leading` before each write.

    That raises NotLeadingError where leadership is in doubt, and nothing is sent. Nothing else can
    promise that a process that was stopped for a while writes nothing when it goes on.
    """

    def __init__(self, cluster: Cluster, assert_leading: Callable[[], None]) -> None:
        super().__init__(cluster)
        self._assert_leading = assert_leading

    @override
    async def _request(self, verb: Verb, kind: Kind, send: Callable[[], Awaitable[T]]) -> T:
        if verb in _WRITES:
            self._assert_leading()
        return await send()
