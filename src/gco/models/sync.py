"""One model into one cache: what `gco model-sync` does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Final, NamedTuple

from gco.clock import Clock
from gco.core.model.model_sync import SyncPhase
from gco.core.model.model_uri import SourceUri
from gco.errors import CorruptModelError, SourceUnavailableError
from gco.models.cache.cache import Cache
from gco.models.cache.entry import Entry, Marker
from gco.models.cache.lock import locked
from gco.models.hashing import sealed_from_disk
from gco.models.manifest import Manifest
from gco.models.progress import Meter, Tell, reporting, to_file
from gco.models.sources import Access, open_source
from gco.models.sources.port import Source
from gco.models.threads import in_thread
from gco.models.transfer.disk import check_room, disk_faults, used
from gco.models.transfer.fetch import Limits
from gco.models.transfer.journal import Journal
from gco.models.transfer.transfer import Transfer
from gco.runtime.backoff import Backoff

_BACKOFF: Final = Backoff(base=0.5, cap=15.0)


class Synced(NamedTuple):
    """A complete model."""

    entry: Entry
    marker: Marker
    copied: bool
    """Whether anything had to be copied."""


async def sync_model(
    uri: SourceUri,
    cache: Cache,
    name: str,
    *,
    clock: Clock,
    access: Access,
    limits: Limits | None = None,
    pinned: str | None = None,
    tell: Sequence[Tell] = (),
) -> Synced:
    """Make the model at `uri` complete in the cache, as `name`; the same again copies nothing.

    With a `pinned` content digest, what is already there under that name is used without asking the
    source, and nothing else is ever taken for complete.

    Raises ModelError; what was copied stays, and the next call goes on from there.
    """
    if pinned and (found := await in_thread(cache.find, name, pinned)):
        return Synced(*found, copied=False)
    sync = _Sync(cache, name, clock, limits or Limits(access.connections), pinned)
    sinks = list(tell)
    async with reporting(sync.meter, sinks):
        source = await open_source(uri, access)
        try:
            manifest = await sync.listed(source)
            entry = cache.entry(name, manifest.digest)
            async with sync.sole_writer(entry):
                sinks.append(to_file(entry.progress))
                return await sync.complete(source, manifest, entry)
        finally:
            await source.close()


class _Sync:
    """One call of :func:`sync_model`."""

    def __init__(
        self, cache: Cache, name: str, clock: Clock, limits: Limits, pinned: str | None
    ) -> None:
        self.meter = Meter()
        self._cache = cache
        self._name = name
        self._clock = clock
        self._limits = limits
        self._pinned = pinned

    async def listed(self, source: Source) -> Manifest:
        """Return what the source has, asking again while it does not answer."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + self._limits.give_up_seconds
        failures = 0
        while True:
            try:
                manifest = await source.manifest()
            except SourceUnavailableError:
                if loop.time() >= deadline:
                    raise
                await asyncio.sleep(_BACKOFF.delay(failures))
                failures += 1
            else:
                if manifest.sealed:
                    self._check(manifest.digest, source.uri)
                return manifest

    @contextlib.asynccontextmanager
    async def sole_writer(self, entry: Entry) -> AsyncIterator[None]:
        """Wait until nobody else writes this model, and keep others from it."""

        def waiting() -> None:
            self.meter.phase = SyncPhase.WAITING

        with disk_faults(self._cache.root):
            self._cache.root.stat()  # a volume that is not mounted is not made up for
            async with locked(entry.lock, waiting):
                yield

    async def complete(self, source: Source, manifest: Manifest, entry: Entry) -> Synced:
        """Copy what is missing and set the marker."""
        there = marker = await in_thread(entry.marker)
        self.meter.begin(manifest.size, len(manifest.files))
        if marker is None:
            marker = await self._copied(source, manifest, entry)
        elif self._pinned and marker.content_digest is None:
            marker = await in_thread(_sealed, entry, marker)
        self._check(marker.content_digest, source.uri)
        if marker is not there:
            await in_thread(entry.complete, marker)
        self.meter.finish()
        return Synced(entry, marker, copied=there is None)

    async def _copied(self, source: Source, manifest: Manifest, entry: Entry) -> Marker:
        there = sum(min(used(entry.folder / file.path), file.size) for file in manifest.files)
        check_room(self._cache.root, manifest.size - there)
        entry.begin()
        with Journal.opened(entry.journal, manifest.digest) as (journal, known):
            transfer = Transfer(
                source, manifest, entry.folder, self.meter, self._limits, seal=bool(self._pinned)
            )
            found = await transfer.run(journal, known)
        return Marker(
            source=source.uri,
            digest=manifest.digest,
            content_digest=found.digest if found.sealed else None,
            completed=self._clock.now(),
            manifest=_brief(found),
        )

    def _check(self, content_digest: str | None, uri: str) -> None:
        if self._pinned and content_digest != self._pinned:
            told = f"its content is {content_digest}, not the {self._pinned} that is pinned"
            raise CorruptModelError(f"{uri}: {told}")


def _sealed(entry: Entry, marker: Marker) -> Marker:
    """Return the marker of a complete model with the digest of what is on disk; raises OSError."""
    found = Manifest.of(
        sealed_from_disk(entry.folder / file.path, file) for file in marker.manifest.files
    )
    return marker.model_copy(update={"content_digest": found.digest, "manifest": _brief(found)})


def _brief(manifest: Manifest) -> Manifest:
    """Return a manifest without the hashes of parts, which nobody needs any more."""
    return Manifest.of(file.model_copy(update={"parts": None}) for file in manifest.files)
