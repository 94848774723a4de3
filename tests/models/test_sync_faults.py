"""Copies whose connection, source or disk fails in the middle: gone on with, or refused by name."""

import asyncio
import contextlib
import os
import resource
import shutil
import signal

import pytest

from gco.errors import (
    CacheFullError,
    CorruptModelError,
    SourceChangedError,
    SourceUnavailableError,
)
from gco.models.cache.cache import Cache
from gco.models.transfer.fetch import Limits
from testbed.s3 import S3Server
from testbed.skipping import skipping
from tests.models.proxy import Fault, Proxy
from tests.models.world import (
    EAGER,
    FILES,
    MIB,
    SIZE,
    Store,
    content_of,
    ended,
    only_folder,
    started,
    sync,
    weights,
)

pytestmark = pytest.mark.real

OVERHEAD = 2 * MIB
"""What listings and buffers add to the bytes on the wire."""


@pytest.fixture
async def proxy(store, monkeypatch):
    async with Proxy(store.server.port).running() as running:
        monkeypatch.setenv("AWS_ENDPOINT_URL", running.url)
        yield running


async def incomplete(copying, error):
    """Await a copy that must fail, and check that nothing is taken for complete."""
    with pytest.raises(error) as raised:
        await copying
    return str(raised.value)


def nothing_is_complete(cache):
    return not any(model.complete for model in Cache(cache).models())


async def test_a_transfer_cut_in_the_middle_goes_on_where_it_broke(store, proxy, cache):
    store.put(FILES)
    for moved in (5 * MIB, 21 * MIB, 22 * MIB, 40 * MIB):
        proxy.at(moved, Fault.CUT)
    synced = await sync(store.uri, cache)
    assert content_of(synced.entry.folder) == FILES
    # What a broken connection had under way is lost; what had come is not asked for again.
    assert proxy.moved < SIZE + 4 * EAGER.connections * 4 * MIB


async def test_a_connection_that_falls_silent_is_given_up_for_another(store, proxy, cache):
    store.put(FILES)
    proxy.at(10 * MIB, Fault.STALL)
    proxy.at(30 * MIB, Fault.STALL)
    synced = await sync(store.uri, cache)
    assert content_of(synced.entry.folder) == FILES


async def test_a_source_that_stays_silent_fails_in_time_and_is_gone_on_with_later(
    store, proxy, cache
):
    store.put(FILES)
    proxy.at(50 * MIB, Fault.HOLD)
    told = await incomplete(sync(store.uri, cache), SourceUnavailableError)
    assert "nothing came for 0.5 s" in told
    assert nothing_is_complete(cache)

    proxy.release()
    before = proxy.moved
    synced = await sync(store.uri, cache)
    assert content_of(synced.entry.folder) == FILES
    assert proxy.moved - before < SIZE


async def test_an_outage_of_the_server_is_ridden_out(cache, monkeypatch):
    with skipping(), S3Server() as server:
        for name, value in server.variables().items():
            monkeypatch.setenv(name, value)
        store = Store(server, "outage")
        store.put(FILES)
        async with Proxy(server.port).running() as proxy:
            monkeypatch.setenv("AWS_ENDPOINT_URL", proxy.url)
            proxy.at(20 * MIB, Fault.HOLD)
            patient = Limits(connections=4, stall_seconds=0.5, give_up_seconds=60)
            copying = asyncio.create_task(sync(store.uri, cache, limits=patient))
            await proxy.reached.wait()
            await asyncio.to_thread(server.stop_server, kill=True)
            proxy.release()
            await asyncio.to_thread(server.start_server)
            synced = await copying
    assert content_of(synced.entry.folder) == FILES


@pytest.mark.parametrize("pieces", [None, 8 * MIB], ids=["md5", "md5-parts"])
async def test_a_corrupt_object_is_named_and_nothing_is_taken_for_complete(store, cache, pieces):
    store.put(FILES, pieces=pieces)
    store.spoil("shards/model-1.bin", offset=33 * MIB)
    told = await incomplete(sync(store.uri, cache), CorruptModelError)
    assert "shards/model-1.bin is corrupt" in told
    assert nothing_is_complete(cache)


async def test_a_corrupt_object_that_was_mended_is_copied(store, cache):
    store.put(FILES)
    store.spoil("shards/model-1.bin")
    await incomplete(sync(store.uri, cache), CorruptModelError)
    store.spoil("shards/model-1.bin")  # the same byte: back again
    synced = await sync(store.uri, cache)
    assert content_of(synced.entry.folder) == FILES


async def test_bytes_that_were_spoilt_on_disk_between_tries_are_copied_again(store, proxy, cache):
    store.put(FILES)
    proxy.at(50 * MIB, Fault.HOLD)
    await incomplete(sync(store.uri, cache), SourceUnavailableError)
    proxy.release()
    for path in only_folder(cache).rglob("*.bin"):
        with path.open("r+b") as file:
            file.write(b"\0" * MIB)
    synced = await sync(store.uri, cache)
    assert content_of(synced.entry.folder) == FILES


async def test_a_source_that_changes_during_the_copy_is_never_mixed(store, proxy, cache):
    store.put(FILES)
    proxy.at(20 * MIB, Fault.HOLD)
    copying = asyncio.create_task(
        sync(store.uri, cache, limits=Limits(connections=2, stall_seconds=30))
    )
    await proxy.reached.wait()
    changed = FILES | {
        "shards/model-1.bin": weights(40 * MIB, seed=7),
        "shards/model-2.bin": weights(20 * MIB, seed=8),
    }
    store.put(changed)
    proxy.release()
    await incomplete(copying, SourceChangedError)
    assert nothing_is_complete(cache)
    synced = await sync(store.uri, cache)
    assert content_of(synced.entry.folder) == changed


async def test_a_model_larger_than_the_disk_is_refused_before_anything_is_copied(tmp_path, cache):
    source = tmp_path / "source"
    source.mkdir()
    room = shutil.disk_usage(cache).free
    with (source / "huge.bin").open("wb") as file:
        file.truncate(room + 2**30)
    told = await incomplete(sync(source.as_uri(), cache), CacheFullError)
    assert "too little room" in told
    assert not any(cache.rglob("huge.bin"))


def test_a_disk_that_is_full_fails_with_its_reason_and_exit_code(store, cache):
    store.put(FILES)
    limited = started(
        store.uri,
        cache,
        store.server.variables(),
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (30 * MIB, 30 * MIB)),
    )
    code, lines, error = ended(limited)
    assert code == 8
    assert lines[-1]["reason"] == "CacheFull"
    assert "shards/model-1.bin" in error
    assert nothing_is_complete(cache)

    code, lines, _ = ended(started(store.uri, cache, store.server.variables()))
    assert (code, lines[-1]["reason"]) == (0, "Complete")
    assert content_of(cache / lines[-1]["directory"]) == FILES


async def noted(cache):
    """Wait until a copy has noted two parts of the first shard, the third file."""
    while sum(path.read_bytes().count(b"[2,") for path in cache.rglob("journal")) < 2:  # noqa: ASYNC110  (of another process)
        await asyncio.sleep(0.02)


@contextlib.contextmanager
def killed_at_the_end(process):
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGKILL, -9), (signal.SIGTERM, 143)], ids=["kill -9", "SIGTERM"]
)
async def test_a_copy_that_was_ended_is_gone_on_with(store, proxy, cache, number, code):
    store.put(FILES)
    proxy.at(45 * MIB, Fault.HOLD)
    variables = store.server.variables(url=proxy.url)
    with killed_at_the_end(started(store.uri, cache, variables, "--connections=2")) as process:
        async with asyncio.timeout(60):
            await proxy.reached.wait()
            await noted(cache)
        os.kill(process.pid, number)
        assert await asyncio.to_thread(process.wait, 20) == code
    assert nothing_is_complete(cache)

    proxy.release()
    before = proxy.moved
    synced = await sync(store.uri, cache)
    assert content_of(synced.entry.folder) == FILES
    assert proxy.moved - before < SIZE - 2 * 16 * MIB + OVERHEAD


async def test_two_copies_of_one_model_at_once_copy_it_once(store, proxy, cache):
    store.put(FILES)
    variables = store.server.variables(url=proxy.url)
    both = [started(store.uri, cache, variables) for _ in range(2)]
    results = await asyncio.gather(*[asyncio.to_thread(ended, one) for one in both])
    assert [code for code, _, _ in results] == [0, 0]
    assert sorted(lines[-1]["message"] for _, lines, _ in results) == ["copied", "was there"]
    assert content_of(only_folder(cache)) == FILES
    assert proxy.moved < SIZE + OVERHEAD
