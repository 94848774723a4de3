"""A cache over its life: what is in use stays, what is not goes, whole or not at all."""

import asyncio
import datetime as dt
import errno
import os
from pathlib import Path

import pytest

from gco.clock import SystemClock
from gco.errors import CacheError, SourceChangedError, SourceDeniedError, SourceMissingError
from gco.models.cache.cache import Cache
from gco.models.cache.lock import locked, try_lock
from gco.models.sources.folder import FolderSource
from tests.models.world import content_of, sync

NOW = SystemClock().now()
LATER = NOW + dt.timedelta(days=1)


@pytest.fixture
def source(tmp_path):
    folder = tmp_path / "source"
    (folder / "sub").mkdir(parents=True)
    (folder / "w.bin").write_bytes(b"weights")
    (folder / "sub" / "link").symlink_to(folder / "w.bin")
    return folder


async def copied(source, cache, *names):
    return [(await sync(source.as_uri(), cache, name=name)).entry.directory for name in names]


async def test_a_folder_is_copied_with_what_its_links_point_to(source, cache):
    synced = await sync(source.as_uri(), cache)
    assert content_of(synced.entry.folder) == {"w.bin": b"weights", "sub/link": b"weights"}


async def test_a_folder_that_is_absent_or_empty_is_missing(tmp_path, cache):
    with pytest.raises(SourceMissingError, match="absent"):
        await sync((tmp_path / "absent").as_uri(), cache)
    (tmp_path / "empty").mkdir()
    with pytest.raises(SourceMissingError, match="no files"):
        await sync((tmp_path / "empty").as_uri(), cache)


async def test_a_file_that_changes_while_it_is_read_is_never_mixed(tmp_path):
    (tmp_path / "w").write_bytes(b"old")
    source = FolderSource(tmp_path)
    [file] = (await source.manifest()).files
    (tmp_path / "w").write_bytes(b"new content")
    with pytest.raises(SourceChangedError, match="changed"):
        _ = [data async for data in source.read(file, 0, file.size)]


async def test_models_are_listed_with_what_they_take(source, cache):
    await copied(source, cache, "a", "b")
    models = Cache(cache).models()
    assert [(m.name, m.complete, m.copying) for m in models] == [
        ("a", True, False),
        ("b", True, False),
    ]
    assert all(m.bytes > 0 and m.source == source.as_uri() for m in models)


async def test_only_what_nobody_uses_is_removed(source, cache):
    one, two, three = await copied(source, cache, "one", "two", "three")
    gone = Cache(cache).prune([one, "two"], before=LATER)
    assert [model.directory for model in gone] == [three]
    assert [m.directory for m in Cache(cache).models()] == [one, two]


async def test_a_dry_run_removes_nothing(source, cache):
    await copied(source, cache, "a")
    assert len(Cache(cache).prune([], before=LATER, dry_run=True)) == 1
    assert len(Cache(cache).models()) == 1


async def test_what_was_completed_a_moment_ago_may_be_about_to_be_used(source, cache):
    await copied(source, cache, "a")
    assert Cache(cache).prune([], before=NOW - dt.timedelta(hours=1)) == []


async def test_what_is_being_copied_is_not_removed(source, cache):
    await copied(source, cache, "a")
    [model] = Cache(cache).models()
    entry = Cache(cache).entry("a", f"sha256:{model.directory.partition('/')[2]}")
    with try_lock(entry.lock) as held:
        assert held
        assert Cache(cache).models()[0].copying
        assert Cache(cache).prune([], before=LATER) == []


async def test_files_that_are_none_of_ours_stay(source, cache):
    await copied(source, cache, "a")
    (cache / "a" / "old-weights.bin").write_bytes(b"as the original put them")
    Cache(cache).prune([], before=LATER)
    assert content_of(cache) == {"a/old-weights.bin": b"as the original put them"}


async def test_a_damaged_marker_counts_for_nothing(source, cache):
    await copied(source, cache, "a")
    [marker] = cache.rglob("complete.json")
    marker.write_bytes(marker.read_bytes()[:-10])
    assert not Cache(cache).models()[0].complete
    assert (await sync(source.as_uri(), cache, name="a")).copied


async def test_a_lock_is_held_by_one_and_waited_for(tmp_path):
    path, waits = tmp_path / "state" / "lock", asyncio.Event()

    async def second():
        async with locked(path, waits.set):
            return "second"

    async with locked(path, lambda: None):
        task = asyncio.create_task(second())
        await waits.wait()
        with try_lock(path) as held:
            assert not held
    assert await task == "second"


def test_a_lock_whose_file_was_removed_locks_nobody(tmp_path):
    path = tmp_path / "lock"
    with try_lock(path) as first:
        assert first
        path.unlink()
        with try_lock(path) as second:
            assert second


async def test_a_file_system_without_locks_is_told(tmp_path, monkeypatch):
    def flock(*_):
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr("fcntl.flock", flock)
    with pytest.raises(CacheError, match="no locks"), try_lock(tmp_path / "lock"):
        pass


async def test_a_link_in_the_cache_is_replaced_and_never_written_through(source, cache, tmp_path):
    """A model that could write to the cache must not lead the next copy to another file."""
    victim = tmp_path / "victim"
    victim.write_bytes(b"secrets")
    first = (await sync(source.as_uri(), cache)).entry.folder / "w.bin"
    first.unlink()
    first.symlink_to(victim)

    synced = await sync(source.as_uri(), cache)

    assert victim.read_bytes() == b"secrets"
    assert content_of(synced.entry.folder)["w.bin"] == b"weights"
    assert not (synced.entry.folder / "w.bin").is_symlink()


async def test_what_is_sent_elsewhere_is_in_the_folder_itself(source, tmp_path):
    """An upload publishes what the person named, and nothing that a link adds to it."""
    secret = tmp_path / "credentials"
    secret.write_bytes(b"secret")
    (source / "tokenizer.json").symlink_to(secret)

    with pytest.raises(SourceDeniedError, match=r"tokenizer\.json is a link"):
        await FolderSource(source, confined=True).manifest()


@pytest.mark.parametrize("target", ["/etc/hostname", "/proc/self/environ"])
async def test_no_link_leads_to_what_the_system_keeps(source, target):
    """A Job that copies has its service account's token in its own file system."""
    (source / "tokenizer.json").symlink_to(target)

    with pytest.raises(SourceDeniedError, match="of the system"):
        await FolderSource(source).manifest()


@pytest.mark.parametrize("folder", ["/", "/etc", "/run/secrets", "/proc/self"])
async def test_no_folder_of_the_system_is_a_model(folder):
    with pytest.raises(SourceDeniedError, match="of the system"):
        await FolderSource(Path(folder)).manifest()


async def test_a_snapshot_of_a_hubs_own_cache_may_lead_to_its_blobs(tmp_path):
    blob = tmp_path / "blobs" / "0123"
    blob.parent.mkdir()
    blob.write_bytes(b"weights")
    snapshot = tmp_path / "snapshots" / "main"
    snapshot.mkdir(parents=True)
    (snapshot / "w.bin").symlink_to(blob)

    manifest = await FolderSource(snapshot, confined=True).manifest()

    assert [file.path for file in manifest.files] == ["w.bin"]
