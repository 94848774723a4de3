"""A Kubernetes cluster in memory: the port, with one server behind any number of clients."""

import collections
import random
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

from gco.clock import Clock, SystemClock
from gco.cluster.memory.deletion import delete
from gco.cluster.memory.faults import WRITES, Faults, Verb
from gco.cluster.memory.jsonpatch import patched
from gco.cluster.memory.logs import LogStreamer, until_broken, within
from gco.cluster.memory.managers import Writer
from gco.cluster.memory.selectors import matcher
from gco.cluster.memory.server import Admission, ApiServer
from gco.cluster.memory.storage import copy
from gco.cluster.memory.watching import Pace, Watch
from gco.cluster.port import (
    LogLine,
    LogOptions,
    Manifest,
    Page,
    Propagation,
    Subresource,
    WatchEvent,
)
from gco.errors import AbsentError, ExpiredError, RejectedError, TransientError
from gco.kinds.registry import POD, Kind

_WATCH_SECONDS: Final = (300.0, 600.0)
"""How long a watch lasts: at the least and at the most, as the API server draws it."""


class MemoryCluster:
    """One client's way to a cluster in memory; keeps the promises of `gco.cluster.port.Cluster`.

    `MemoryCluster()` is a new cluster. `client()` gives another way to the same one, with faults
    and request counts of its own, so that a test can cut off or count one actor alone.
    """

    def __init__(
        self,
        *,
        clock: Clock | None = None,
        manager: str = "client",
        page_size: int = 500,
        bookmark_seconds: float = 60.0,
        history: int = 10_000,
        server: ApiServer | None = None,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self.server = server or ApiServer(self.clock, window=history)
        self.faults = Faults()
        self.requests: collections.Counter[tuple[Verb, str]] = collections.Counter()
        """How often each verb was asked of each kind's name, failed requests included."""
        self.bookmark_seconds = bookmark_seconds
        self.log_streamer: LogStreamer | None = None
        """Where `log_lines` come from; a kubelet sets it."""
        self._manager = manager
        self._page_size = page_size
        self._history = history
        self._closed = False

    def client(self, manager: str = "client") -> "MemoryCluster":
        """Return another client of the same cluster; its creates are by field manager `manager`."""
        other = MemoryCluster(
            clock=self.clock,
            manager=manager,
            page_size=self._page_size,
            bookmark_seconds=self.bookmark_seconds,
            server=self.server,
        )
        other.log_streamer = self._stream_log
        return other

    @property
    def writes(self) -> int:
        """How many requests so far were writes."""
        return sum(count for (verb, _), count in self.requests.items() if verb in WRITES)

    @property
    def reads(self) -> int:
        """How many requests so far were reads; a watch counts once, when it is opened."""
        return self.requests.total() - self.writes

    def admit(self, admission: Admission) -> Callable[[], None]:
        """Have `admission` see every object on its way in; return what takes it out again."""
        self.server.admissions.append(admission)
        return lambda: self.server.admissions.remove(admission)

    def expire_history(self) -> None:
        """Forget all history: open watches and begun listings end with ExpiredError."""
        self.server.storage.expire()

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Manifest:
        """Return the object; raises AbsentError."""
        await self._begin("get", kind)
        return self._end("get", kind, self.server.get(kind, namespace, name))

    async def list(
        self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> AsyncIterator[Page]:
        """Every object that matches, page by page, as they were when the first was asked for."""
        await self._begin("list", kind)
        self.server.resources.find(kind)
        matches, storage = matcher(labels, fields), self.server.storage
        moment = storage.version
        found = [
            manifest
            for key, manifest in sorted(storage.table(kind).objects.items())
            if namespace in (None, key[0]) and matches(manifest)
        ]
        for start in range(0, max(len(found), 1), self._page_size):
            if start:
                await self._begin("list", kind)
            if moment < storage.compacted:
                raise ExpiredError("the provided continue parameter is too old")
            items = [copy(manifest) for manifest in found[start : start + self._page_size]]
            yield Page(items, str(moment))

    async def watch(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        after: str,
        labels: str = "",
        fields: str = "",
    ) -> AsyncIterator[WatchEvent]:
        """Changes that follow resourceVersion `after`, as they happen."""
        await self._begin("watch", kind)
        self.server.resources.find(kind)
        scope = f"metadata.namespace={namespace}," if namespace is not None else ""
        pace = Pace(self.bookmark_seconds, random.uniform(*_WATCH_SECONDS))  # noqa: S311 - no secret
        opened = Watch(
            self.server.storage,
            kind,
            after,
            matches=matcher(labels, scope + fields),
            faults=self.faults,
            pace=pace,
        )
        async for event in opened.events():
            yield event

    async def apply(
        self,
        kind: Kind,
        manifest: Mapping[str, Any],
        *,
        manager: str,
        force: bool = True,
        subresource: Subresource | None = None,
    ) -> Manifest:
        """Server-side apply, with strict field validation; return the object as it now is."""
        await self._begin("apply", kind)
        if subresource not in (None, "status"):
            raise RejectedError(f"apply to the subresource {subresource} is not served here")
        writer = Writer(manager, "Apply", kind.api_version, subresource or "")
        applied = self.server.apply(kind, manifest, writer, force=force)
        return self._end("apply", kind, applied)

    async def create(
        self, kind: Kind, manifest: Mapping[str, Any], *, subresource: Subresource | None = None
    ) -> Manifest:
        """Create the object; raises ClusterConflictError where the name is taken, RejectedError."""
        await self._begin("create", kind)
        if subresource == "binding" and kind == POD:
            return self._end("create", kind, self.server.bind(manifest))
        if subresource is not None:
            raise RejectedError(f"create is not supported on {kind.plural}/{subresource}")
        return self._end("create", kind, self.server.create(kind, manifest, self._updater(kind)))

    async def replace(
        self, kind: Kind, manifest: Mapping[str, Any], *, subresource: Subresource | None = None
    ) -> Manifest:
        """PUT the object; raises ClusterConflictError unless `metadata.resourceVersion` is live."""
        await self._begin("replace", kind)
        writer = self._updater(kind, subresource)
        if subresource == "scale":
            metadata = manifest["metadata"]
            key = (metadata["namespace"], metadata["name"])
            scaled = self.server.scale(kind, key, lambda _: dict(manifest), writer)
            return self._end("replace", kind, scaled)
        return self._end("replace", kind, self.server.replace(kind, manifest, writer))

    async def patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        operations: Sequence[Mapping[str, Any]],
        *,
        manager: str,
        subresource: Subresource | None = None,
    ) -> Manifest:
        """JSON patch (RFC 6902)."""
        await self._begin("patch", kind)
        writer = Writer(manager, "Update", kind.api_version, subresource or "")
        key = (namespace or "", name)
        if subresource == "scale":
            result = self.server.scale(kind, key, lambda s: patched(s, operations), writer)
        else:
            result = self.server.patch(kind, key, operations, writer)
        return self._end("patch", kind, result)

    async def delete(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        propagation: Propagation = "Background",
        grace_seconds: int | None = None,
    ) -> None:
        """Delete the object, if it still has `uid`."""
        await self._begin("delete", kind)
        delete(
            self.server,
            kind,
            (namespace or "", name),
            uid=uid,
            propagation=propagation,
            grace_seconds=grace_seconds,
            now=self.clock.now(),
        )
        self._end("delete", kind, {})

    async def log_lines(
        self, namespace: str, pod: str, options: LogOptions
    ) -> AsyncGenerator[LogLine, None]:
        """The log's lines with their times."""
        await self._begin("logs", POD)
        self.server.get(POD, namespace, pod)
        stream = until_broken(
            within(self._stream_log(namespace, pod, options), options.max_bytes), self.faults
        )
        async with aclosing(stream):
            async for line in stream:
                yield line

    async def close(self) -> None:
        """Refuse whatever this client is asked from now on."""
        self._closed = True

    def _stream_log(
        self, namespace: str, pod: str, options: LogOptions
    ) -> AsyncGenerator[LogLine, None]:
        if self.log_streamer is None:
            raise AbsentError(f'no log of container "{options.container}" of pod "{pod}"')
        return self.log_streamer(namespace, pod, options)

    async def _begin(self, verb: Verb, kind: Kind) -> None:
        if self._closed:
            raise TransientError("the client is closed")
        self.server.bootstrap()
        self.requests[verb, kind.name] += 1
        await self.faults.before(verb, kind)

    def _end(self, verb: Verb, kind: Kind, result: Manifest) -> Manifest:
        self.faults.after(verb, kind)
        return copy(result)

    def _updater(self, kind: Kind, subresource: Subresource | None = None) -> Writer:
        return Writer(self._manager, "Update", kind.api_version, subresource or "")
