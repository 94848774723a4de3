"""The Lease of a cluster as a lock: what is written, who may write, and clocks that disagree."""

import asyncio
import datetime as dt

import pytest
from structlog.testing import capture_logs

from gco.clock import LoopClock
from gco.cluster.memory import MemoryCluster
from gco.errors import ClusterConflictError, NotLeadingError, TransientError
from gco.kinds.registry import LEASE
from gco.runtime.election import Elector
from gco.runtime.fenced import FencedCluster
from gco.runtime.lease import KubernetesLeaseLock
from gco.runtime.lock import LeaseRecord
from tests.conftest import START
from tests.virtual_time import until

pytestmark = pytest.mark.looptime

NAME = "inference-monitor-leader"


@pytest.fixture(autouse=True)
def quiet():
    with capture_logs():
        yield


def now() -> float:
    return asyncio.get_running_loop().time()


def lock_over(cluster: MemoryCluster, *, ahead_hours: float = 0.0) -> KubernetesLeaseLock:
    clock = LoopClock(START + dt.timedelta(hours=ahead_hours))
    return KubernetesLeaseLock(cluster, "default", NAME, clock)


def standing(cluster: MemoryCluster, identity: str, **more: float) -> Elector:
    return Elector(lock_over(cluster, **more), identity, suspended=lambda: 0.0)


async def lease_in(cluster: MemoryCluster) -> dict:
    return await cluster.get(LEASE, "default", NAME)


async def test_the_lease_says_who_since_when_and_how_long(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    lock = lock_over(cluster)
    assert await lock.read() is None
    taken = await lock.write(LeaseRecord("me", 15.0, 1), seen=None)
    await asyncio.sleep(2.5)
    await lock.write(LeaseRecord("me", 15.0, 1), seen=taken)
    assert (await lease_in(cluster))["spec"] == {
        "holderIdentity": "me",
        "leaseDurationSeconds": 15,
        "leaseTransitions": 1,
        "acquireTime": "2026-01-01T00:00:00.000000Z",
        "renewTime": "2026-01-01T00:00:02.500000Z",
    }


async def test_a_write_over_something_unseen_is_a_conflict(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    lock, other = lock_over(cluster), lock_over(cluster)
    seen = await lock.write(LeaseRecord("me", 15.0, 1), seen=None)
    with pytest.raises(ClusterConflictError):
        await other.write(LeaseRecord("other", 15.0, 1), seen=None)
    await lock.write(LeaseRecord("me", 15.0, 1), seen=seen)
    with pytest.raises(ClusterConflictError):
        await other.write(LeaseRecord("other", 15.0, 2), seen=seen)
    await cluster.delete(LEASE, "default", NAME)
    with pytest.raises(ClusterConflictError):
        await lock.write(LeaseRecord("me", 15.0, 1), seen=seen)


async def test_a_renewal_within_the_same_microsecond_is_still_seen(clock: LoopClock) -> None:
    lock = lock_over(MemoryCluster(clock=clock))
    first = await lock.write(LeaseRecord("me", 15.0, 1), seen=None)
    second = await lock.write(LeaseRecord("me", 15.0, 1), seen=first)
    third = await lock.write(LeaseRecord("me", 15.0, 1), seen=second)
    assert len({first.token, second.token, third.token}) == 3


async def test_what_others_put_on_the_lease_is_kept(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    lock = lock_over(cluster)
    await lock.write(LeaseRecord("me", 15.0, 1), seen=None)
    theirs = await lease_in(cluster)
    theirs["metadata"]["labels"] = {"team": "serving"}
    await cluster.replace(LEASE, theirs)
    await lock.write(LeaseRecord("me", 15.0, 1), seen=await lock.read())
    assert (await lease_in(cluster))["metadata"]["labels"] == {"team": "serving"}


async def test_the_watch_tells_the_record_now_and_each_change(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    lock, watching = lock_over(cluster), lock_over(cluster.client())
    told: list[str | None] = []

    async def watch() -> None:
        async for record in watching.watch():
            told.append(record.holder if record is not None else None)  # noqa: PERF401 - as it comes

    task = asyncio.create_task(watch())
    await asyncio.sleep(1)
    seen = await lock.write(LeaseRecord("me", 15.0, 1), seen=None)
    await lock.write(LeaseRecord("", 1.0, 1), seen=seen)
    await cluster.delete(LEASE, "default", NAME)
    await asyncio.sleep(1)
    assert told == [None, "me", "", None]
    task.cancel()


@pytest.mark.parametrize("skew", [-1.0, 0.0, 1.0])
async def test_clocks_an_hour_apart_make_no_second_leader(clock: LoopClock, skew: float) -> None:
    cluster = MemoryCluster(clock=clock)
    first = standing(cluster.client(), "first")
    second = standing(cluster.client(), "second", ahead_hours=skew)
    leading = asyncio.create_task(first.run(asyncio.Event().wait))
    await until(first.may_send)
    waiting = asyncio.create_task(second.run(asyncio.Event().wait))
    for _ in range(200):
        await asyncio.sleep(1)
        assert first.may_send()
        assert not second.may_send()
    leading.cancel()
    asked = now()
    await until(second.may_send)
    assert now() - asked < 1
    waiting.cancel()


@pytest.mark.parametrize("skew", [-1.0, 1.0])
async def test_clocks_an_hour_apart_delay_no_take_over(clock: LoopClock, skew: float) -> None:
    cluster = MemoryCluster(clock=clock)
    cut_off = cluster.client()
    first = standing(cut_off, "first", ahead_hours=skew)
    second = standing(cluster.client(), "second")
    leading = asyncio.create_task(first.run(asyncio.Event().wait))
    await until(first.may_send)
    waiting = asyncio.create_task(second.run(asyncio.Event().wait))
    await asyncio.sleep(30)
    with cut_off.faults.unreachable():
        lost = now()
        await until(second.may_send)
        assert not first.may_send()
        assert 12 <= now() - lost <= 16
    leading.cancel()
    waiting.cancel()


async def test_a_standby_asks_nothing_while_the_leader_lives(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    first = standing(cluster.client(), "first")
    leading = asyncio.create_task(first.run(asyncio.Event().wait))
    await until(first.may_send)
    client = cluster.client()
    waiting = asyncio.create_task(standing(client, "second").run(asyncio.Event().wait))
    await asyncio.sleep(3)
    asked = client.requests.total()
    await asyncio.sleep(250)
    assert client.requests.total() == asked
    leading.cancel()
    waiting.cancel()


async def test_a_fenced_cluster_sends_no_write_without_a_lease(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    elector = standing(cluster, "me")
    client = cluster.client()
    fenced = FencedCluster(client, elector.assert_leading)
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": "x", "namespace": "default"},
    }
    writes = [
        lambda: fenced.apply(LEASE, lease, manager="m"),
        lambda: fenced.create(LEASE, lease),
        lambda: fenced.replace(LEASE, lease),
        lambda: fenced.patch(LEASE, "default", "x", [], manager="m"),
        lambda: fenced.delete(LEASE, "default", "x"),
    ]
    for write in writes:
        with pytest.raises(NotLeadingError):
            await write()
    assert client.writes == 0
    assert [page.items async for page in fenced.list(LEASE, "default")] == [[]], (
        "reading is for all"
    )
    leading = asyncio.create_task(elector.run(asyncio.Event().wait))
    await until(elector.may_send)
    await fenced.apply(LEASE, lease, manager="m")
    assert (await fenced.get(LEASE, "default", "x"))["metadata"]["name"] == "x"
    await fenced.delete(LEASE, "default", "x")
    leading.cancel()


async def test_a_write_that_waits_is_given_up_when_leadership_lapses(clock: LoopClock) -> None:
    """As one does that waits for a connection, or for a plugin that renews its credentials."""
    cluster = MemoryCluster(clock=clock)
    client = cluster.client()
    elector = standing(client, "me")
    waiting = cluster.client()
    waiting.faults.latency = 60.0
    fenced = FencedCluster(waiting, elector.assert_leading)
    leading = asyncio.create_task(elector.run(asyncio.Event().wait))
    await until(elector.may_send)

    write = asyncio.create_task(fenced.delete(LEASE, "default", "x"))
    await asyncio.sleep(30)
    assert not write.done(), "renewals move the deadline"
    began = asyncio.get_running_loop().time()
    with client.faults.unreachable(), pytest.raises(NotLeadingError):
        await write
    assert asyncio.get_running_loop().time() - began < 10.1
    leading.cancel()


async def test_a_write_that_is_cancelled_by_its_owner_ends_as_that(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    waiting = cluster.client()
    waiting.faults.latency = 60.0
    fenced = FencedCluster(waiting, lambda: 10.0)

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(20):
            await fenced.delete(LEASE, "default", "x")


async def test_an_answer_lost_at_the_take_over_is_no_second_leader(clock: LoopClock) -> None:
    cluster = MemoryCluster(clock=clock)
    client = cluster.client()
    client.faults.fail("create", LEASE, answer_lost=True, error=lambda: TransientError("lost"))
    elector = standing(client, "me")
    leading = asyncio.create_task(elector.run(asyncio.Event().wait))
    await until(elector.may_send)
    assert now() < 5, "it knows itself in the record, and does not wait for itself to expire"
    leading.cancel()
