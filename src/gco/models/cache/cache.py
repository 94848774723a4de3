"""All models of a cache: found, listed, and removed once nobody uses them."""

import datetime as dt
import re
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from gco.core.model.base import Model
from gco.models.cache.entry import Entry, Marker
from gco.models.cache.lock import try_lock
from gco.models.transfer.disk import disk_faults, used

_STATE: Final = re.compile(r"\.([0-9a-f]{64})")


class Cached(Model):
    """One model of a cache, complete or not."""

    name: str
    directory: str
    """Below the cache's root: `NAME/DIGEST`."""
    complete: bool
    copying: bool
    """Whether somebody is at it now."""
    bytes: int
    """What it takes on disk."""
    digest: str | None = None
    """Of its content, where that is known; what `spec.model.digest` pins."""
    source: str | None = None
    changed: dt.datetime
    """When it was completed, or last written to."""


class Cache:
    """The folder of a region's models. What it raises is CacheError or CacheFullError."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def entry(self, name: str, digest: str) -> Entry:
        """Return the model of that name and digest, there or not."""
        return Entry(self.root, name, digest)

    def find(self, name: str, content_digest: str) -> tuple[Entry, Marker] | None:
        """Return a complete model of that name with that content, from whatever source."""
        with disk_faults(self.root):
            for entry in self._entries(name):
                marker = entry.marker()
                if marker is not None and marker.content_digest == content_digest:
                    return entry, marker
        return None

    def models(self) -> list[Cached]:
        """Return every model, complete or not, by name."""
        with disk_faults(self.root):
            names = sorted(path.name for path in self.root.iterdir() if path.is_dir())
            return [_cached(entry) for name in names for entry in self._entries(name)]

    def prune(
        self, keep: Collection[str], *, before: dt.datetime, dry_run: bool = False
    ) -> list[Cached]:
        """Remove what nobody uses; return what went, or would go.

        Never goes: a directory (`NAME/DIGEST`) of `keep`, all of a name that is in `keep`, what
        somebody is copying now, and what changed after `before`, which may be about to be used.
        """
        unused = [
            one
            for one in self.models()
            if not one.copying
            and one.changed < before
            and not {one.directory, one.name} & set(keep)
        ]
        if dry_run:
            return unused
        with disk_faults(self.root):
            return [one for one in unused if _remove(self.root, one, before)]

    def _entries(self, name: str) -> Iterator[Entry]:
        folder = self.root / name
        if folder.is_dir():
            for path in sorted(folder.iterdir()):
                if found := _STATE.fullmatch(path.name):
                    yield self.entry(name, f"sha256:{found[1]}")


def _cached(entry: Entry) -> Cached:
    marker = entry.marker()
    with try_lock(entry.lock) as free:
        copying = not free
    return Cached(
        name=entry.name,
        directory=entry.directory,
        complete=marker is not None,
        copying=copying,
        bytes=sum(used(path) for path in entry.folder.rglob("*") if path.is_file()),
        digest=marker.content_digest if marker else None,
        source=marker.source if marker else None,
        changed=marker.completed if marker else _written(entry),
    )


def _written(entry: Entry) -> dt.datetime:
    times = [path.stat().st_mtime for path in (entry.journal, entry.state) if path.exists()]
    return dt.datetime.fromtimestamp(max(times), dt.UTC)


def _remove(root: Path, cached: Cached, before: dt.datetime) -> bool:
    """Remove one model, its marker first, unless somebody began to use it; raises OSError."""
    name, _, hexadecimal = cached.directory.partition("/")
    entry = Entry(root, name, f"sha256:{hexadecimal}")
    with try_lock(entry.lock) as held:
        marker = entry.written_marker()
        if not held or (marker and marker.completed >= before):
            return False
        entry.begin()
        if entry.folder.exists():
            shutil.rmtree(entry.folder)
        shutil.rmtree(entry.state)
    return True
