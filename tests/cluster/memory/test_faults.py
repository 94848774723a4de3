"""Each fault does what it says, to the client that has it and to no other."""

import asyncio

import pytest

from gco.cluster.memory import MemoryCluster
from gco.cluster.port import EventType
from gco.errors import (
    AbsentError,
    ExpiredError,
    ForbiddenError,
    RejectedError,
    ThrottledError,
    TransientError,
)
from gco.kinds.registry import LEASE, SERVICE
from tests.cluster.manifests import lease, service
from tests.cluster.memory.world import NAMESPACE
from tests.virtual_time import until as eventually

pytestmark = pytest.mark.looptime


def now():
    return asyncio.get_running_loop().time()


async def started(cluster):
    """Follow leases in the background: the events so far, and the task."""
    seen = []
    version = (await cluster.get(LEASE, NAMESPACE, "first"))["metadata"]["resourceVersion"]

    async def follow():
        async for event in cluster.watch(LEASE, NAMESPACE, after=version):
            name = event.object["metadata"].get("name")
            seen.append((now(), event.type, name))

    task = asyncio.create_task(follow())
    await asyncio.sleep(0.001)
    return seen, task


async def one_lease():
    cluster = MemoryCluster()
    await cluster.create(LEASE, lease("first", NAMESPACE))
    return cluster


async def test_an_unreachable_cluster_refuses_every_request_and_breaks_open_watches():
    cluster = await one_lease()
    _, watch = await started(cluster)
    with cluster.faults.unreachable():
        with pytest.raises(TransientError):
            await cluster.get(LEASE, NAMESPACE, "first")
        with pytest.raises(TransientError):
            await watch
        assert await cluster.client().get(LEASE, NAMESPACE, "first")
    assert await cluster.get(LEASE, NAMESPACE, "first")


async def test_the_next_writes_of_a_kind_fail_and_nothing_else_does():
    cluster = await one_lease()
    cluster.faults.fail(kind=SERVICE, times=2, error=lambda: ThrottledError("later", 7))
    await cluster.create(LEASE, lease("second", NAMESPACE))
    for _ in range(2):
        with pytest.raises(ThrottledError):
            await cluster.apply(SERVICE, service("web", NAMESPACE), manager="gco")
    await cluster.apply(SERVICE, service("web", NAMESPACE), manager="gco")


async def test_a_lost_answer_is_an_error_though_the_write_was_done():
    cluster = await one_lease()
    cluster.faults.fail("delete", LEASE, answer_lost=True)
    with pytest.raises(TransientError):
        await cluster.delete(LEASE, NAMESPACE, "first")
    with pytest.raises(AbsentError):
        await cluster.get(LEASE, NAMESPACE, "first")


async def test_a_lagging_watch_is_late_by_what_was_set_and_loses_nothing():
    cluster = await one_lease()
    cluster.faults.watch_delay = 5.0
    seen, watch = await started(cluster)
    began = now()
    await cluster.create(LEASE, lease("second", NAMESPACE))
    await cluster.delete(LEASE, NAMESPACE, "second")
    await asyncio.sleep(6)
    watch.cancel()
    assert [(kind, name) for _, kind, name in seen] == [("ADDED", "second"), ("DELETED", "second")]
    assert seen[0][0] == pytest.approx(began + 5, abs=0.1)


async def test_a_black_hole_says_nothing_and_afterwards_all_of_it():
    cluster = await one_lease()
    seen, watch = await started(cluster)
    with cluster.faults.black_hole():
        await cluster.create(LEASE, lease("second", NAMESPACE))
        await asyncio.sleep(1000)
        assert not seen
        assert not watch.done()
    await eventually(lambda: seen)
    watch.cancel()
    assert seen[0][1:] == (EventType.ADDED, "second")


async def test_expired_history_ends_watches_and_listings_that_are_under_way():
    cluster = MemoryCluster(page_size=1)
    for name in ("first", "second"):
        await cluster.create(LEASE, lease(name, NAMESPACE))
    _, watch = await started(cluster)
    pages = cluster.list(LEASE, NAMESPACE)
    await anext(pages)
    cluster.expire_history()
    with pytest.raises(ExpiredError):
        await watch
    with pytest.raises(ExpiredError):
        await anext(pages)


async def test_a_watch_that_fell_behind_the_window_is_expired():
    cluster = MemoryCluster(history=5)
    made = await cluster.create(LEASE, lease("first", NAMESPACE))
    for number in range(20):
        await cluster.create(LEASE, lease(f"n-{number}", NAMESPACE))
    with pytest.raises(ExpiredError):
        await anext(cluster.watch(LEASE, NAMESPACE, after=made["metadata"]["resourceVersion"]))


async def test_a_quiet_watch_gets_bookmarks_and_ends_like_a_servers():
    cluster = await one_lease()
    seen, watch = await started(cluster)
    await watch
    assert 300 <= now() <= 601
    assert {kind for _, kind, _ in seen} == {EventType.BOOKMARK}
    assert len(seen) in range(4, 11)


@pytest.mark.parametrize("error", [RejectedError, ForbiddenError])
async def test_admission_may_refuse(error):
    cluster = await one_lease()

    def refuse(kind, _):
        if kind == SERVICE:
            raise error("policy")

    remove = cluster.admit(refuse)
    with pytest.raises(error):
        await cluster.apply(SERVICE, service("web", NAMESPACE), manager="gco")
    remove()
    await cluster.apply(SERVICE, service("web", NAMESPACE), manager="gco")


async def test_admission_may_change_a_value_without_owning_it():
    cluster = await one_lease()

    def relabel(_, manifest):
        manifest["metadata"].setdefault("labels", {})["team"] = "other"

    cluster.admit(relabel)
    ours = service("web", NAMESPACE, labels={"team": "ours"})
    made = await cluster.apply(SERVICE, ours, manager="gco")
    assert made["metadata"]["labels"] == {"team": "other"}
    (entry,) = made["metadata"]["managedFields"]
    assert entry["fieldsV1"]["f:metadata"] == {"f:labels": {"f:team": {}}}
    assert await cluster.apply(SERVICE, ours, manager="gco") == made


async def test_requests_are_counted_by_verb_and_kind_for_each_client():
    cluster = await one_lease()
    other = cluster.client()
    await other.apply(LEASE, lease("first", NAMESPACE), manager="gco")
    async for _ in other.list(LEASE, NAMESPACE):
        pass
    assert dict(other.requests) == {("apply", "Lease"): 1, ("list", "Lease"): 1}
    assert (other.reads, other.writes, cluster.writes) == (1, 1, 1)
