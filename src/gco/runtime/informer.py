"""The informer: keeps small records of a kind's objects current, by one list and one open watch.

List, replace the cache at once, synthesise deletes from the difference, then watch; re-watch from the
last resourceVersion when the server ends the watch; list again after a 410, after silence, or where
the server was away. A listing counts when it is complete: one that fails midway, and a kind that is
not installed, leave the cache as it was.
"""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final, Generic, TypeVar, cast

from gco.cluster.port import Cluster, EventType, Manifest, WatchEvent
from gco.errors import (
    AbsentError,
    ClusterError,
    ExpiredError,
    ForbiddenError,
    ThrottledError,
    TransientError,
)
from gco.kinds.registry import Kind
from gco.runtime.backoff import Backoff, Retries
from gco.runtime.cache import Cache, Entry, Handler, entry_of
from gco.runtime.metrics import SILENT, ControllerMetrics
from gco.runtime.projecting import project_safely
from gco.runtime.streams import closing
from gco.telemetry import get_logger

R = TypeVar("R")

REFLECTOR_BACKOFF: Final = Backoff(0.8, 30.0, jitter=1.0)
"""800 ms doubling to 30 s, as client-go's reflector."""
ABSENT_BACKOFF: Final = Backoff(0.8, 5.0)
"""A kind that comes back is wanted soon: its custom resources are what the region runs."""
IDLE_SECONDS: Final = 150.0
"""Bookmarks come each 60 to 120 s at the latest; a longer silence is a dead connection."""
SHORT_WATCH_SECONDS: Final = 1.0
_SLACK: Final = 0.01
"""By how much of its length a silence may be found too early: a timer need not move with each event."""
_ERROR_LENGTH: Final = 500
"""Characters of an error in the log: it may quote the object."""

_log = get_logger(__name__)


class Informer(Generic[R]):
    """What is known of the objects of `kind` in `namespace` that the selectors choose.

    Of each object only `project(manifest)` is kept: a small comparable value, whose equality means
    that nothing changed that anyone here looks at. Where `project` raises, the record is that of an
    object of the same identity and no content; so too where `index` does. Keys are names; `namespace/name` where the informer spans all namespaces of a namespaced kind. `metrics`
    are those of the controller that it serves.
    """

    def __init__(
        self,
        cluster: Cluster,
        kind: Kind,
        namespace: str | None,
        *,
        project: Callable[[Manifest], R],
        labels: str = "",
        fields: str = "",
        index: Callable[[R], str | None] | None = None,
        idle: float = IDLE_SECONDS,
        metrics: ControllerMetrics = SILENT,
    ) -> None:
        self._cluster = cluster
        self.kind = kind
        self._namespace = namespace
        self._project = project
        self._index = index
        self._labels = labels
        self._fields = fields
        self._idle = idle
        self._metrics = metrics.informer(kind.name, namespace or "")
        self._handlers: list[Handler[R]] = []
        self._cache: Cache[R] = Cache(self._changed, index)
        self._position: str | None = None
        """The resourceVersion to watch from; None: list first."""
        self._retries = Retries(REFLECTOR_BACKOFF)
        self._absences = Retries(ABSENT_BACKOFF)
        self._failing_since: float | None = None
        self._forbidden = False
        self._expired = False
        self._unreadable: set[str] = set()
        """Keys of objects that the log names already as unreadable."""
        self._alive = 0.0
        self.synced = asyncio.Event()
        """Set while the cache is a complete picture, however old; cleared while the kind is not
        installed. An outage does not clear it: `unreachable_since` tells of that."""
        self.failure: ClusterError | None = None
        """Why the last list or watch failed; None once one works."""
        self.unreachable_since: float | None = None
        """Loop time at which the API stopped answering; None while it answers."""

    def get(self, key: str) -> R | None:
        """Return the record under `key`, or None."""
        return self._cache.get(key)

    def items(self) -> Mapping[str, R]:
        """Return every record by key; the caller's own."""
        return self._cache.items()

    def indexed(self, value: str) -> Mapping[str, R]:
        """Return the records that the index files under `value`, by key; the caller's own."""
        return self._cache.indexed(value)

    def subscribe(self, handler: Handler[R]) -> Callable[[], None]:
        """Have `handler` called with key, old and new record (None: absent) at each change.

        It runs inside the update and must only take note: enqueue a key, set an event. Records
        that are there already are not told. Returns what ends the subscription.
        """
        self._handlers.append(handler)
        return lambda: self._handlers.remove(handler)

    def record(self, manifest: Manifest) -> None:
        """Take an own write's answer into the cache; an older event does not undo it."""
        for key, entry in self._entries([manifest]):
            self._cache.record(key, entry)

    def forget(self, key: str, uid: str) -> None:
        """Take an object that is known to be deleted out of the cache, if it has that uid."""
        self._cache.forget(key, uid)

    def complaint(self) -> str | None:
        """Say what is stuck, or None. Failing and trying again is progress; silence is not."""
        silent = _now() - self._alive if self._alive else 0.0
        if silent <= 4 * self._idle:
            return None
        return f"informer of {self.kind.plural}: nothing happened for {silent:.0f} s"

    async def run(self) -> None:
        """Keep the cache current until cancelled. Raises nothing that a cluster may answer."""
        began = _now()
        while True:
            self._alive = _now()
            try:
                if self._position is None:
                    self._position = await self._list()
                    self._tell_synced(began)
                await self._watch(self._position)
            except ClusterError as error:
                self.failure = error
                await self._wait(error, self._recover(error))

    async def _list(self) -> str:
        began = _now()
        listed: dict[str, Entry[R]] = {}
        version: str | None = None
        pages = self._cluster.list(
            self.kind, self._namespace, labels=self._labels, fields=self._fields
        )
        async with closing(pages):
            async for page in pages:
                self._alive = _now()
                version = page.resource_version
                listed.update(self._entries(page.items))
        if version is None:
            raise TransientError(f"a listing of {self.kind.plural} ended before its first page")
        self._cache.replace(listed, int(version))
        self._absences.reset()
        self._answered()
        self._metrics.listed(_now() - began)
        self._metrics.objects(len(self._cache))
        return version

    async def _watch(self, position: str) -> None:
        began = _now()
        events = 0
        stream = self._cluster.watch(
            self.kind,
            self._namespace,
            after=position,
            labels=self._labels,
            fields=self._fields,
        )
        try:
            async with closing(stream), asyncio.timeout(self._idle) as watchdog:
                async for event in stream:
                    events += 1
                    deadline = _now() + self._idle
                    if deadline - (watchdog.when() or 0.0) > _SLACK * self._idle:
                        watchdog.reschedule(deadline)
                    self._take(event)
        except TimeoutError:
            self._position = None
            raise TransientError(
                f"watch of {self.kind.plural} silent for {self._idle:.0f} s"
            ) from None
        if not events and _now() - began < SHORT_WATCH_SECONDS:
            raise TransientError(f"watch of {self.kind.plural} ended as soon as it began")
        self._progressed()

    def _take(self, event: WatchEvent) -> None:
        self._alive = _now()
        manifest = event.object
        version = manifest["metadata"]["resourceVersion"]
        match event.type:
            case EventType.BOOKMARK:
                self._cache.progress(int(version))
            case EventType.DELETED:
                self._unreadable.discard(self._key(manifest))
                self._cache.delete(self._key(manifest), manifest["metadata"]["uid"], int(version))
            case EventType.ADDED | EventType.MODIFIED:
                if not self._cache.confirm(self._key(manifest), int(version)):
                    self._put(manifest, int(version))
        self._position = version
        self._progressed()
        self._metrics.event(event.type)
        self._metrics.objects(len(self._cache))

    def _put(self, manifest: Manifest, version: int) -> None:
        entries = [*self._entries([manifest])]
        for key, entry in entries:
            self._cache.upsert(key, entry)
        if not entries:  # what was known of it is out of date
            self._cache.delete(self._key(manifest), manifest["metadata"]["uid"], version)

    def _recover(self, error: ClusterError) -> float:
        """Decide from where to go on after `error`; return the seconds to wait first."""
        self._metrics.failed(type(error).__name__)
        match error:
            case ExpiredError():
                self._position = None
                again, self._expired = self._expired, True
                return self._retries.failed() if again else 0.0
            case ThrottledError():  # the watch goes on from where it was: no list
                return error.retry_after + self._retries.failed()
            case AbsentError():
                return self._missing(error)
            case _:
                return self._failed(error)

    async def _wait(self, error: ClusterError, seconds: float) -> None:  # noqa: ARG002
        """Wait before the next try; `error` says what for."""
        await asyncio.sleep(seconds)

    def _missing(self, error: AbsentError) -> float:
        if self.synced.is_set() or self._position is not None:
            _log.warning("kind is not installed", kind=self.kind.name, error=str(error))
        self.synced.clear()
        self._position = None
        return self._absences.failed()

    def _failed(self, error: ClusterError) -> float:
        """A first failure re-watches; a second in a row means the server was away: list again.

        Its history may have moved back meanwhile (a restore), and a watch from a
        resourceVersion of the future hangs in silence. A refusal says that the server is back,
        and perhaps that it has not read its roles yet: what follows it is tried soon again.
        """
        before, self._forbidden = self._forbidden, isinstance(error, ForbiddenError)
        if self._forbidden and not before:
            self._retries.reset()
        if self._failing_since is None:
            self._failing_since = _now()
        else:
            self._position = None
        if self._position is None and self.unreachable_since is None:
            self.unreachable_since = self._failing_since
            _log.warning(
                "not permitted to watch" if self._forbidden else "cluster does not answer",
                kind=self.kind.name,
                cause=type(error).__name__,
                error=str(error),
            )
        return self._retries.failed()

    def _progressed(self) -> None:
        """A watch works. A listing alone does not count: what follows it may fail each time."""
        self._retries.reset()
        self._expired = self._forbidden = False
        self._answered()

    def _answered(self) -> None:
        self._failing_since = None
        self.failure = None
        if self.unreachable_since is not None:
            seconds = round(_now() - self.unreachable_since, 1)
            _log.info("cluster answers again", kind=self.kind.name, after_seconds=seconds)
            self.unreachable_since = None

    def _tell_synced(self, began: float) -> None:
        if not self.synced.is_set():
            self.synced.set()
            seconds = round(_now() - began, 3)
            _log.debug(
                "cache filled", kind=self.kind.name, objects=len(self._cache), seconds=seconds
            )

    def _changed(self, key: str, old: R | None, new: R | None) -> None:
        for handler in tuple(self._handlers):
            handler(key, old, new)

    def _key(self, manifest: Manifest) -> str:
        metadata = manifest["metadata"]
        name: str = metadata["name"]
        if self._namespace is None and self.kind.namespaced:
            return f"{metadata['namespace']}/{name}"
        return name

    def _entries(self, manifests: Iterable[Manifest]) -> Iterator[tuple[str, Entry[R]]]:
        """Yield each object's key and entry, without those of which no record can be made."""
        for manifest in manifests:
            key = self._key(manifest)
            record, error = project_safely(self._read, manifest)
            self._tell_unreadable(key, error)
            if record is not None or error is None:
                yield key, entry_of(manifest, cast("R", record))

    def _read(self, manifest: Manifest) -> R:
        record = self._project(manifest)
        if self._index is not None:
            hash(self._index(record))  # raises here, not in the cache
        return record

    def _tell_unreadable(self, key: str, error: Exception | None) -> None:
        """Log once that an object is unreadable, until it is readable again."""
        if error is None:
            self._unreadable.discard(key)
        elif key not in self._unreadable:
            self._unreadable.add(key)
            _log.error(
                "object not readable; treated as foreign",
                kind=self.kind.name,
                key=key,
                error=f"{type(error).__name__}: {error}"[:_ERROR_LENGTH],
            )


def _now() -> float:
    return asyncio.get_running_loop().time()
