"""A cluster that counts and times its requests."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from typing import Self, TypeVar

from typing_extensions import override

from gco.cluster.port import Cluster, LogLine, LogOptions, Page, WatchEvent
from gco.kinds.registry import POD, Kind
from gco.runtime.forwarding import ForwardingCluster, Verb
from gco.runtime.metrics import ClusterMetrics
from gco.runtime.streams import closing

T = TypeVar("T")


class MeteredCluster(ForwardingCluster):
    """Passes everything to `cluster` and reports each request with its result and duration.

    A listing counts once for each page, a watch or a log that is streamed once, when it ends.
    """

    def __init__(self, cluster: Cluster, metrics: ClusterMetrics) -> None:
        super().__init__(cluster)
        self._metrics = metrics

    @override
    async def _request(self, verb: Verb, kind: Kind, send: Callable[[], Awaitable[T]]) -> T:
        with _Timed(self._metrics, verb, kind):
            return await send()

    @override
    async def list(
        self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> AsyncIterator[Page]:
        """As `Cluster.list`."""
        pages = self._cluster.list(kind, namespace, labels=labels, fields=fields)
        async with closing(pages):
            while True:
                with _Timed(self._metrics, "list", kind) as timed:
                    page = await anext(pages, None)
                    timed.counts = page is not None
                if page is None:
                    return
                yield page

    @override
    async def watch(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        after: str,
        labels: str = "",
        fields: str = "",
    ) -> AsyncIterator[WatchEvent]:
        """As `Cluster.watch`."""
        with _Timed(self._metrics, "watch", kind):
            stream = self._cluster.watch(kind, namespace, after=after, labels=labels, fields=fields)
            async with closing(stream) as events:
                async for event in events:
                    yield event

    @override
    async def log_lines(
        self, namespace: str, pod: str, options: LogOptions
    ) -> AsyncGenerator[LogLine, None]:
        """As `Cluster.log_lines`."""
        with _Timed(self._metrics, "logs", POD):
            stream = self._cluster.log_lines(namespace, pod, options)
            async with closing(stream) as lines:
                async for line in lines:
                    yield line


class _Timed:
    """Reports one request when the block ends: a failure by its error's class name."""

    def __init__(self, metrics: ClusterMetrics, verb: Verb, kind: Kind) -> None:
        self._metrics = metrics
        self._verb = verb
        self._kind = kind
        self._began = asyncio.get_running_loop().time()
        self.counts = True

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if not self.counts:
            return
        result = "success" if kind in (None, GeneratorExit) else kind.__name__
        seconds = asyncio.get_running_loop().time() - self._began
        self._metrics.requested(self._verb, self._kind.name, result, seconds)
