"""Objects at rest, the one counter of resourceVersions, and the history that watches read.

A stored object is never changed in place: a write puts a new dict there. Readers may so hold on to
what they saw, and a listing is of one moment without a lock.
"""

import asyncio
import bisect
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple, TypeAlias

import orjson

from gco.cluster.port import Manifest
from gco.kinds.registry import Kind

Key: TypeAlias = tuple[str, str]
"""Namespace (empty for what has none) and name."""
FIRST_VERSION: Final = 1000
"""Above 0, so that there are resourceVersions from before all history, as in a real cluster."""


class Change(NamedTuple):
    """One write."""

    version: int
    at: float
    """When, in the event loop's time."""
    old: Manifest | None
    new: Manifest | None


class Table:
    """The objects of one kind and their recent changes."""

    def __init__(self, kind: Kind, version: int, window: int) -> None:
        self.kind = kind
        self.objects: dict[Key, Manifest] = {}
        self.floor = version
        """A watch can follow from here, and not from before."""
        self.closed = False
        """The kind is no longer served: its watches end."""
        self.watchers: dict[asyncio.Event, None] = {}
        """Woken in the order in which they came, so that a simulation replays."""
        self._changes: list[Change] = []
        self._window = window
        self._encoded: tuple[int, bytes] = (0, b"")

    def fresh(self, version: int, manifest: Manifest) -> Manifest:
        """Return a deep copy of what was written at `version`; watches ask for it one by one."""
        if self._encoded[0] != version:
            self._encoded = version, orjson.dumps(manifest)
        copied: Manifest = orjson.loads(self._encoded[1])
        return copied

    def since(self, version: int) -> Sequence[Change]:
        """Return the changes that followed `version`, oldest first."""
        start = bisect.bisect_right(self._changes, version, key=lambda change: change.version)
        return self._changes[start:]

    def record(self, change: Change) -> None:
        """Append a change, forget the oldest beyond the window, and wake the watches."""
        self._changes.append(change)
        if len(self._changes) > 2 * self._window:
            forgotten = self._changes[: -self._window]
            self.floor = forgotten[-1].version
            del self._changes[: -self._window]
        self.wake()

    def forget(self, version: int) -> None:
        """Drop all history up to `version`: watches from before are expired."""
        self.floor = version
        self._changes.clear()
        self.wake()

    def wake(self) -> None:
        """Have every watch look again."""
        for watcher in self.watchers:
            watcher.set()


class Storage:
    """All objects of a cluster."""

    def __init__(self, *, window: int) -> None:
        self.version = FIRST_VERSION
        """The resourceVersion of the last write, over all kinds."""
        self.compacted = FIRST_VERSION
        """Listings that began before this moment cannot go on."""
        self._window = window
        self._tables: dict[tuple[str, str], Table] = {}

    def table(self, kind: Kind) -> Table:
        """Return the kind's table, a new one where there is none yet."""
        key = (kind.group, kind.plural)
        if key not in self._tables:
            self._tables[key] = Table(kind, self.version, self._window)
        return self._tables[key]

    def tables(self) -> Iterator[Table]:
        """Every table."""
        yield from list(self._tables.values())

    def drop(self, kind: Kind) -> None:
        """Forget the kind; its open watches end."""
        table = self._tables.pop((kind.group, kind.plural), None)
        if table is not None:
            table.closed = True
            table.wake()

    def commit(self, kind: Kind, key: Key, new: Manifest | None) -> Manifest:
        """Put `new` in place of what is at `key` (None: remove it), and return what was written."""
        table = self.table(kind)
        old = table.objects.get(key)
        self.version += 1
        version = str(self.version)
        if new is None:
            assert old is not None  # noqa: S101 - callers remove only what they found
            table.objects.pop(key)
            written = {**old, "metadata": {**old["metadata"], "resourceVersion": version}}
        else:
            new["metadata"]["resourceVersion"] = version
            written = table.objects[key] = new
        now = asyncio.get_running_loop().time()
        table.record(Change(self.version, now, old if new else written, new))
        return written

    def expire(self) -> None:
        """Forget all history, as compaction does."""
        self.version += 1
        self.compacted = self.version
        for table in self.tables():
            table.forget(self.version)


def copy(manifest: Manifest) -> Manifest:
    """Return a deep copy, the caller's own."""
    fresh: Manifest = orjson.loads(orjson.dumps(manifest))
    return fresh
