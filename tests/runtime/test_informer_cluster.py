"""The informer against the memory cluster: the faults of a whole API server, end to end."""

import asyncio

import pytest
from structlog.testing import capture_logs

from gco.clock import LoopClock
from gco.cluster.memory import MemoryCluster
from gco.cluster.port import Manifest
from gco.errors import ThrottledError
from gco.kinds.registry import LEASE
from gco.runtime.informer import Informer
from tests.virtual_time import until

pytestmark = pytest.mark.looptime(noop_cycles=5)


@pytest.fixture(autouse=True)
def quiet():
    with capture_logs():
        yield


def lease(name: str, holder: str = "") -> dict:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"holderIdentity": holder},
    }


def watched(cluster: MemoryCluster) -> tuple[Informer[str], "asyncio.Task[None]", MemoryCluster]:
    client = cluster.client()
    informer = Informer(
        client, LEASE, "default", project=lambda m: m["spec"].get("holderIdentity", "")
    )
    return informer, asyncio.create_task(informer.run()), client


async def test_thousands_are_listed_in_pages_and_followed(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock, page_size=50)
    for number in range(420):
        await cluster.create(LEASE, lease(f"l{number}"))
    informer, running, client = watched(cluster)
    await informer.synced.wait()
    assert len(informer.items()) == 420
    assert client.requests["list", "Lease"] == 9
    await cluster.apply(LEASE, lease("l7", "someone"), manager="m")
    await until(lambda: informer.get("l7") == "someone", within=1)
    running.cancel()


async def test_nothing_is_asked_at_rest(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    informer, running, client = watched(cluster)
    await informer.synced.wait()
    await asyncio.sleep(7200)
    assert client.requests["list", "Lease"] == 1
    assert 12 <= client.requests["watch", "Lease"] <= 25, "each watch lasts 300 to 600 s"
    running.cancel()


async def test_a_deletion_missed_behind_a_410_is_found(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    await cluster.create(LEASE, lease("a"))
    await cluster.create(LEASE, lease("b"))
    informer, running, client = watched(cluster)
    await informer.synced.wait()
    gone = []
    informer.subscribe(lambda key, _old, new: gone.append(key) if new is None else None)
    with client.faults.black_hole():
        await asyncio.sleep(1)
        await cluster.delete(LEASE, "default", "a")
        cluster.expire_history()
    await until(lambda: gone == ["a"], within=200)
    assert list(informer.items()) == ["b"]
    running.cancel()


async def test_an_outage_keeps_the_last_good_state_and_ends_with_the_truth(
    clock: LoopClock,
) -> None:
    cluster = MemoryCluster(clock=clock)
    await cluster.create(LEASE, lease("a"))
    informer, running, client = watched(cluster)
    await informer.synced.wait()
    with client.faults.unreachable():
        await cluster.delete(LEASE, "default", "a")
        await asyncio.sleep(600)
        assert list(informer.items()) == ["a"]
        assert informer.unreachable_since is not None
        assert informer.complaint() is None
    await until(lambda: informer.unreachable_since is None, within=61)
    assert informer.items() == {}
    running.cancel()


async def test_a_cache_that_lags_does_not_undo_own_writes(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    informer, running, client = watched(cluster)
    await informer.synced.wait()
    client.faults.watch_delay = 5.0
    history: list[str | None] = []
    informer.subscribe(lambda _key, _old, new: history.append(new))
    for holder in ("one", "two", "three"):
        informer.record(await client.apply(LEASE, lease("a", holder), manager="m"))
        assert informer.get("a") == holder
    await asyncio.sleep(30)
    assert history == ["one", "two", "three"]
    await client.delete(LEASE, "default", "a")
    await until(lambda: informer.get("a") is None, within=6)
    running.cancel()


async def test_a_throttled_watch_is_opened_again_without_a_list(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    informer, running, client = watched(cluster)
    await informer.synced.wait()
    client.faults.fail("watch", LEASE, times=3, error=lambda: ThrottledError("busy", 2.0))
    await asyncio.sleep(1000)
    await cluster.create(LEASE, lease("a"))
    await until(lambda: informer.get("a") == "", within=30)
    assert client.requests["list", "Lease"] == 1
    running.cancel()


async def test_an_object_that_cannot_be_read_keeps_its_name_and_stops_no_other(
    clock: LoopClock,
) -> None:
    """Invariant: no object's content ends an informer, at a listing or in a watch."""
    cluster = MemoryCluster(clock=clock)

    def holder(manifest: Manifest) -> str:
        found: str = manifest["spec"].get("holderIdentity", "nobody")
        if found.startswith("odd"):
            raise KeyError(found)
        return found

    await cluster.create(LEASE, lease("a", "odd"))
    await cluster.create(LEASE, lease("b", "someone"))
    informer = Informer(cluster.client(), LEASE, "default", project=holder)
    running = asyncio.create_task(informer.run())
    await informer.synced.wait()
    assert informer.items() == {"a": "nobody", "b": "someone"}

    await cluster.apply(LEASE, lease("b", "odd"), manager="m", force=True)
    await cluster.apply(LEASE, lease("a", "someone"), manager="m", force=True)
    await until(lambda: informer.items() == {"a": "someone", "b": "nobody"}, within=1)
    running.cancel()


async def test_an_object_of_which_nothing_can_be_read_is_left_out(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    await cluster.create(LEASE, lease("a"))
    await cluster.create(LEASE, lease("b", "someone"))
    client = cluster.client()
    informer = Informer(
        client, LEASE, "default", project=lambda m: 1 / len(m["spec"]["holderIdentity"])
    )
    running = asyncio.create_task(informer.run())
    await informer.synced.wait()
    assert list(informer.items()) == ["b"]

    await cluster.apply(LEASE, lease("b", ""), manager="m", force=True)
    await until(lambda: informer.items() == {}, within=1)
    assert client.requests["list", "Lease"] == 1
    running.cancel()
