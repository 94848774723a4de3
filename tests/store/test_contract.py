"""The promises of `gco.store.port` that every adapter keeps."""

import asyncio

import pytest

from gco.core.model.endpoint import Endpoint, EndpointState, Write
from gco.core.model.ids import EndpointName, EndpointUid, Epoch, RegionName, RevisionNumber, Seq
from gco.core.model.spec import GatewayRef
from gco.core.model.status import AcceleratorCapacity, Region, RegionStatus
from gco.errors import (
    ConflictError,
    FencedError,
    GapError,
    NotFoundError,
    StoreError,
    TooLargeError,
)
from gco.store.port import KEPT_REVISIONS, MAX_WRITES, StatusRemoval, Version
from tests.store.builders import (
    EAST,
    WEB,
    WEST,
    a_lease,
    a_region,
    a_revision,
    a_spec,
    a_status,
    an_endpoint,
    creating,
    promoting,
    purging,
    revising,
)

UID = EndpointUid("uid-1")


async def everything(entries):
    return [entry async for entry in entries]


async def names_of(store):
    return [endpoint.name async for endpoint in store.list()]


async def revise(store, name=WEB, **fields):
    write = revising(await store.get(name), **fields)
    await store.write([write])
    return write


# Identity


async def test_a_store_has_one_identity_whoever_opens_it(opened):
    one, other = await opened(), await opened()

    assert await one.identity() == await other.identity() != ""


# Endpoints


async def test_an_unknown_endpoint_is_not_found(store):
    with pytest.raises(NotFoundError, match="web"):
        await store.get(WEB)


async def test_an_endpoint_comes_back_as_it_was_written(store):
    spec = a_spec(
        env=[{"name": "A", "value": ""}, {"name": "B", "valueFrom": {"secretKeyRef": None}}],
        autoscaling={"max": 3},
        envFrom=[{"threshold": 0.1}, {"big": 2**62}],
        podOverrides={"a": [None, True, 1e300, {"": "ü\u0000"}]},
    )
    write = creating(spec=spec)
    await store.write([write])

    assert await store.get(WEB) == write.endpoint


async def test_an_endpoint_written_by_one_is_read_by_all_at_once(opened):
    one, other = await opened(), await opened()
    await one.write([creating()])

    assert (await other.get(WEB)).generation == 1


async def test_reading_many_leaves_out_those_that_do_not_exist(store):
    written = [creating(f"e-{n:03}") for n in range(120)]
    for start in range(0, 120, 40):
        await store.write(written[start : start + 40])
    names = [EndpointName(f"e-{n:03}") for n in range(130)]

    found = await store.get_many(names)

    assert dict(found) == {write.name: write.endpoint for write in written}


async def test_reading_none_finds_none(store):
    assert await store.get_many([]) == {}


async def test_a_listing_is_by_name_and_holds_tombstones(store):
    await store.write([creating("b"), creating("c"), creating("a")])
    await store.write([promoting(await store.get(EndpointName("b")), EndpointState.DELETED)])

    assert await names_of(store) == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("after", "rest"),
    [
        pytest.param("b", ["b-2", "c"], id="a-name"),
        pytest.param("b-1", ["b-2", "c"], id="one-that-is-gone"),
        pytest.param("a", ["b", "b-2", "c"], id="before-the-first"),
        pytest.param("c", [], id="the-last"),
    ],
)
async def test_a_listing_continues_after_a_name(store, after, rest):
    await store.write([creating(name) for name in ("b-2", "c", "b")])

    assert [e.name async for e in store.list(after=EndpointName(after))] == rest


async def test_an_empty_store_lists_nothing(store):
    assert await names_of(store) == []


class NewerEndpoint(Endpoint):
    """As a later version would write it."""

    warp: int = 9


async def test_a_record_of_a_newer_version_fails_a_listing_unless_that_can_go_on_without(store):
    newer = NewerEndpoint.model_validate(an_endpoint("b").model_dump())
    await store.write([creating("a"), Write(newer.name, None, newer), creating("c")])

    with pytest.raises(StoreError, match="upgrade gco"):
        _ = [endpoint async for endpoint in store.list()]
    unread = {}
    read = [endpoint.name async for endpoint in store.list(unread=unread.__setitem__)]

    assert read == ["a", "c"]
    assert list(unread) == ["b"]


async def test_a_record_that_cannot_be_read_is_discarded_and_no_other(store):
    """A person can get rid of it; its name is free again, and its revisions are gone."""
    newer = NewerEndpoint.model_validate(an_endpoint("b").model_dump())
    await store.write([creating("a"), Write(newer.name, None, newer, a_revision(newer))])
    head = await store.head()

    with pytest.raises(ConflictError, match="can be read"):
        await store.discard(EndpointName("a"))
    with pytest.raises(NotFoundError):
        await store.discard(EndpointName("c"))
    seq = await store.discard(newer.name)

    assert await names_of(store) == ["a"]
    assert [change.names async for change in store.changes(head)] == [("b",)]
    assert seq == head + 1
    assert await store.revisions(newer.name, newer.uid) == []
    await store.write([creating("b")])
    assert await names_of(store) == ["a", "b"]


class NewerStatus(RegionStatus):
    """As a later version would write it: a field of a shape that this version does not know."""

    last_transition: str


class NewerRegion(Region):
    """As a later version would write it: a period that this version does not know."""

    heartbeat_seconds: int


def a_newer_status(name, **fields):
    said = a_status(name, **fields).model_dump() | {"lastTransition": "warp"}
    return NewerStatus.model_validate(said)


async def test_a_status_of_a_newer_version_hides_no_other(store):
    """One record that cannot be read keeps nobody from reading the others."""
    epoch = await store.lead_region(a_region())
    await store.write_statuses(EAST, epoch, [a_status("a"), a_newer_status("b"), a_status("c")])

    with pytest.raises(StoreError, match="upgrade gco"):
        await store.statuses(EAST)
    unread = {}
    read = await store.statuses(EAST, unread=unread.__setitem__)

    assert [status.name for status in read] == ["a", "c"]
    assert list(unread) == ["b"]


@pytest.mark.parametrize(
    ("uid", "revision", "replaces"),
    [
        pytest.param("uid-1", 2, True, id="same-uid-same-revision"),
        pytest.param("uid-1", 1, False, id="same-uid-lower-revision"),
        pytest.param("uid-2", 1, True, id="another-uid"),
    ],
)
async def test_a_status_replaces_one_that_cannot_be_read_by_the_same_rule(
    store, uid, revision, replaces
):
    epoch = await store.lead_region(a_region())
    await store.write_statuses(EAST, epoch, [a_newer_status("web", revision=2)])

    await store.write_statuses(EAST, epoch, [a_status("web", uid=uid, revision=revision)])

    read = await store.statuses(EAST, unread=lambda *_: None)
    assert bool(read) is replaces


async def test_a_region_of_a_newer_version_hides_no_other_and_keeps_its_cluster(store):
    newer = NewerRegion.model_validate(a_region("b").model_dump() | {"heartbeatSeconds": 0})
    for region in (a_region("a"), newer, a_region("c")):
        await store.lead_region(region)

    with pytest.raises(StoreError, match="upgrade gco"):
        await store.regions()
    unread = {}
    read = await store.regions(unread=unread.__setitem__)

    assert [region.name for region in read] == ["a", "c"]
    assert list(unread) == ["b"]
    with pytest.raises(ConflictError, match="bound to the cluster"):
        await store.lead_region(a_region("b", cluster="cluster-2"))
    assert await store.lead_region(a_region("b")) == 2


async def test_a_value_that_a_newer_version_reports_is_kept_in_a_record_that_is_written_back(store):
    """A word that this version does not list is no reason to lose the record, and none to change it."""
    region = Region.model_validate(a_region().model_dump() | {"routeBackend": "warp"})
    epoch = await store.lead_region(region)
    newer = {"type": "Warped", "status": "Maybe", "reason": "New", "lastTransitionTime": 0}
    said = a_status("web").model_dump() | {"state": "warping", "conditions": [newer]}
    await store.write_statuses(EAST, epoch, [RegionStatus.model_validate(said)])

    [read], [known] = await store.statuses(EAST), await store.regions()
    await store.write_statuses(EAST, epoch, [read.model_copy(update={"replicas_ready": 7})])
    await store.update_region(known.model_copy(update={"address": "http://elsewhere"}))
    [read], [known] = await store.statuses_of({"web": [EAST]}), await store.regions()

    assert (read.state, read.replicas_ready) == ("warping", 7)
    assert [(c.type, c.status) for c in read.conditions] == [("Warped", "Maybe")]
    assert (known.route_backend, known.address) == ("warp", "http://elsewhere")


async def test_a_listing_larger_than_a_page_is_whole(store):
    large = a_spec(env=[{"name": "LONG", "value": "x" * 60_000}])
    names = [f"e-{number:03}" for number in range(60)]
    for start in range(0, 60, 15):
        await store.write([creating(name, spec=large) for name in names[start : start + 15]])

    assert await names_of(store) == names


async def test_of_two_writers_at_one_generation_the_second_is_refused_and_nothing_is_lost(store):
    await store.write([creating()])
    read = await store.get(WEB)
    await store.write([revising(read, image="wins:1")])

    with pytest.raises(ConflictError, match=r"web .* generation 2") as refused:
        await store.write([revising(read, image="loses:1")])
    assert (refused.value.name, refused.value.generation) == ("web", 2)
    assert (await store.get(WEB)).spec.image == "wins:1"


async def test_creating_what_exists_is_refused(store):
    await store.write([creating()])

    with pytest.raises(ConflictError, match="exists already, at generation 1"):
        await store.write([creating(uid="uid-2")])


async def test_changing_what_was_purged_is_refused(store):
    await store.write([creating()])
    read = await store.get(WEB)
    await store.write([purging(read)])

    with pytest.raises(ConflictError, match="no longer exists") as refused:
        await store.write([promoting(read)])
    assert refused.value.generation is None


async def test_a_batch_with_one_stale_write_stores_none_of_it(store):
    await store.write([creating()])
    stale = promoting(an_endpoint(generation=7))
    head = await store.head()

    with pytest.raises(ConflictError, match="web"):
        await store.write([creating("other"), stale])
    assert await names_of(store) == ["web"]
    assert await store.head() == head


async def test_a_batch_of_the_largest_size_is_one_change(store):
    batch = [creating(f"e-{number:02}") for number in range(MAX_WRITES)]
    seq = await store.write(batch)

    assert [(c.seq, c.names) for c in await everything(store.changes(Seq(0)))] == [
        (seq, tuple(write.name for write in batch))
    ]
    assert len(await names_of(store)) == MAX_WRITES


@pytest.mark.parametrize(
    "writes",
    [
        pytest.param([], id="none"),
        pytest.param([creating(f"e-{n}") for n in range(MAX_WRITES + 1)], id="too many"),
        pytest.param([creating(), creating()], id="one endpoint twice"),
        pytest.param([Write(WEB, None, None)], id="a purge that expects nothing"),
        pytest.param([Write(WEB, None, an_endpoint(generation=2))], id="a generation left out"),
        pytest.param([Write(EndpointName("other"), None, an_endpoint())], id="another's record"),
    ],
)
async def test_an_unsound_batch_is_a_mistake_of_the_caller(store, writes):
    with pytest.raises(ValueError, match=r"."):
        await store.write(writes)
    assert await store.head() == 0


@pytest.mark.parametrize(
    "sizes",
    [pytest.param([400_000], id="one record"), pytest.param([340_000] * 6, id="all together")],
)
async def test_what_no_store_can_hold_is_refused_before_anything_is_written(store, sizes):
    specs = [a_spec(env=[{"name": "LONG", "value": "x" * size}]) for size in sizes]

    with pytest.raises(TooLargeError, match="bytes"):
        await store.write([creating(f"e-{n}", spec=spec) for n, spec in enumerate(specs)])
    assert await names_of(store) == []


# Revisions


async def test_a_revision_stays_as_it_was_when_the_endpoint_moves_on(store):
    first = creating()
    await store.write([first])
    await revise(store)

    assert await store.revision(WEB, UID, RevisionNumber(1)) == first.revision


async def test_a_revision_is_never_written_again(store):
    await store.write([creating()])
    read = await store.get(WEB)
    again = promoting(read)
    again = Write(again.name, again.expected, again.endpoint, creating().revision)

    with pytest.raises(ConflictError, match="revision 1 already"):
        await store.write([again])
    assert (await store.get(WEB)).generation == 1


async def test_the_last_revisions_are_kept_newest_first(store):
    await store.write([creating()])
    for _ in range(KEPT_REVISIONS + 1):
        await revise(store)

    kept = await store.revisions(WEB, UID)
    assert [revision.number for revision in kept] == list(range(KEPT_REVISIONS + 2, 2, -1))
    assert [r.number for r in await store.revisions(WEB, UID, limit=2)] == [52, 51]
    with pytest.raises(NotFoundError, match="revision 2"):
        await store.revision(WEB, UID, RevisionNumber(2))


async def test_an_endpoint_recreated_under_its_name_counts_its_revisions_anew(store):
    await store.write([creating(uid="uid-1")])
    await store.write([purging(await store.get(WEB))])
    await store.write([creating(uid="uid-2")])

    assert (await store.get(WEB)).uid == "uid-2"
    assert [r.uid for r in await store.revisions(WEB, EndpointUid("uid-2"))] == ["uid-2"]


async def test_a_purge_leaves_neither_endpoint_nor_revisions(store):
    await store.write([creating()])
    await revise(store)
    await store.write([purging(await store.get(WEB))])

    assert await names_of(store) == []
    assert await store.revisions(WEB, UID) == []
    with pytest.raises(NotFoundError):
        await store.revision(WEB, UID, RevisionNumber(1))


async def test_a_purge_spares_an_endpoint_made_again_since_it_was_read(store):
    await store.write([creating()])
    old = await store.get(WEB)
    await store.write([purging(old)])
    await store.write([creating(uid="uid-2")])
    await revise(store)

    with pytest.raises(ConflictError):
        await store.write([purging(old)])
    assert (await store.get(WEB)).uid == "uid-2"


async def test_an_endpoint_whose_name_starts_another_is_its_own(store):
    await store.write([creating("web"), creating("web-canary", uid="uid-2")])
    await store.write([purging(await store.get(WEB))])

    assert await names_of(store) == ["web-canary"]
    assert len(await store.revisions(EndpointName("web-canary"), EndpointUid("uid-2"))) == 1


# The change log


async def test_the_log_of_an_empty_store_is_empty(store):
    assert await store.head() == 0
    assert await everything(store.changes(Seq(0))) == []


async def test_changes_follow_writes_in_order(store):
    first = await store.write([creating("a"), creating("b")])
    second = await store.write([promoting(await store.get(EndpointName("b")))])

    assert [(c.seq, c.names) for c in await everything(store.changes(Seq(0)))] == [
        (first, ("a", "b")),
        (second, ("b",)),
    ]
    assert [c.seq for c in await everything(store.changes(first))] == [second]
    assert await everything(store.changes(second)) == []
    assert await store.head() == second == first + 1


async def test_a_purge_is_a_change(store):
    await store.write([creating()])
    seq = await store.write([purging(await store.get(WEB))])

    assert [c.names for c in await everything(store.changes(Seq(seq - 1)))] == [("web",)]


async def test_a_reader_whose_position_expired_is_told_so(place, store):
    for number in range(5):
        await store.write([creating(f"e-{number}")])
    await place.expire("changes", Seq(3))

    with pytest.raises(GapError, match="no longer reaches back to 2"):
        await everything(store.changes(Seq(2)))
    assert [c.seq for c in await everything(store.changes(Seq(3)))] == [4, 5]


async def test_the_head_outlives_every_entry(place, store):
    for number in range(3):
        await store.write([creating(f"e-{number}")])
    await place.expire("changes", Seq(3))

    assert await store.head() == 3
    assert await everything(store.changes(Seq(3))) == []
    with pytest.raises(GapError):
        await everything(store.changes(Seq(2)))
    assert await store.write([creating("next")]) == 4


async def test_a_reader_ahead_of_the_log_of_a_restored_store_is_told_so(store):
    await store.write([creating()])

    with pytest.raises(GapError):
        await everything(store.changes(Seq(20)))


async def test_a_long_log_is_read_whole(store):
    await store.write([creating()])
    for _ in range(30):
        await store.write([promoting(await store.get(WEB))])

    assert [c.seq for c in await everything(store.changes(Seq(0)))] == list(range(1, 32))


async def commit(store, name, times, seqs):
    """Change one endpoint shared by several writers, reading again after each conflict."""
    done = 0
    while done < times:
        try:
            seqs.append(await store.write([promoting(await store.get(name))]))
        except ConflictError:
            continue
        done += 1


async def follow(store, until):
    """Tail the log from its start as a region does, and return what was seen."""
    seen, version = [], Version(0)
    while not seen or seen[-1].seq < until:
        version = await store.wait(version)
        async for change in store.changes(seen[-1].seq if seen else Seq(0)):
            seen.append(change)  # noqa: PERF401 -- what was seen is read while it grows
    return seen


async def test_eight_writers_leave_no_gap_and_three_tailers_agree(opened):
    writers, times, names = 8, 10, [EndpointName("a"), EndpointName("b")]
    first = await opened()
    await first.write([creating(name) for name in names])
    stores = [first, *[await opened() for _ in range(writers - 1)]]
    seqs = [Seq(1)]

    async with asyncio.timeout(120), asyncio.TaskGroup() as group:
        last = Seq(writers * times + 1)
        tailers = [group.create_task(follow(stores[n], last)) for n in range(3)]
        for number, store in enumerate(stores):
            group.create_task(commit(store, names[number % 2], times, seqs))

    assert sorted(seqs) == list(range(1, last + 1))
    assert [c.seq for c in tailers[0].result()] == sorted(seqs)
    assert tailers[0].result() == tailers[1].result() == tailers[2].result()
    generations = [(await first.get(name)).generation for name in names]
    assert sum(generations) == writers * times + 2


# Waiting


async def test_the_first_wait_returns_at_once(store):
    async with asyncio.timeout(5):
        assert await store.wait(Version(0)) != 0


async def test_a_write_before_the_wait_is_not_slept_through(opened):
    reader, writer = await opened(), await opened()
    version = await reader.wait(Version(0))
    await writer.write([creating()])

    async with asyncio.timeout(5):
        await reader.wait(version)


@pytest.mark.parametrize("own", [pytest.param(True, id="own"), pytest.param(False, id="another's")])
async def test_a_write_wakes_those_who_wait(opened, own):
    reader = await opened()
    writer = reader if own else await opened()
    version = await reader.wait(Version(0))
    waiting = [asyncio.create_task(reader.wait(version)) for _ in range(3)]
    await asyncio.sleep(0)
    await writer.write([creating()])

    async with asyncio.timeout(5):
        await asyncio.gather(*waiting)


# Regions


async def test_each_leader_of_a_region_counts_its_epoch_up(store):
    epochs = [await store.lead_region(a_region(epoch=99)) for _ in range(3)]

    assert epochs == [1, 2, 3]
    assert await store.regions() == [a_region(epoch=3)]


async def test_leaders_that_race_for_a_region_get_different_epochs(opened):
    stores = [await opened() for _ in range(4)]
    epochs = await asyncio.gather(*(store.lead_region(a_region()) for store in stores))

    assert sorted(epochs) == [1, 2, 3, 4]


async def test_a_region_comes_back_as_it_was_written_by_name(store):
    east = a_region(
        capacity={"nvidia.com/gpu": AcceleratorCapacity(total=8, free=0, nodes=1)},
        address="http://127.0.0.1:8080",
        route_backend="gateway",
        gateway=GatewayRef(name="public", namespace="gateways", listener="https"),
        alb_rewrites=False,
    )
    await store.lead_region(east)
    await store.lead_region(a_region(WEST, cluster="cluster-2"))

    assert await store.regions() == [
        a_region(WEST, cluster="cluster-2", epoch=1),
        east.model_copy(update={"epoch": Epoch(1)}),
    ]


async def test_a_name_bound_to_another_cluster_is_refused_until_told_to_replace(store):
    await store.lead_region(a_region(cluster="cluster-1"))

    with pytest.raises(ConflictError, match="cluster-1"):
        await store.lead_region(a_region(cluster="cluster-2"))
    assert (await store.regions())[0].cluster_uid == "cluster-1"
    assert await store.lead_region(a_region(cluster="cluster-2"), replace_cluster=True) == 2
    assert (await store.regions())[0].cluster_uid == "cluster-2"


async def test_the_leader_updates_its_region_and_a_former_one_is_fenced(store):
    await store.lead_region(a_region())
    await store.lead_region(a_region())
    await store.update_region(a_region(epoch=2, address="http://now"))

    with pytest.raises(FencedError):
        await store.update_region(a_region(epoch=1, address="http://then"))
    assert (await store.regions())[0].address == "http://now"


async def test_a_region_that_nobody_leads_is_not_made_by_an_update(store):
    with pytest.raises(FencedError):
        await store.update_region(a_region(epoch=1))
    assert await store.regions() == []


async def test_a_removed_region_is_forgotten_with_what_it_said(store):
    epoch = await store.lead_region(a_region())
    await store.write_statuses(EAST, epoch, [a_status()])
    await store.remove_region(EAST)

    assert await store.regions() == []
    assert await store.statuses(EAST) == []
    with pytest.raises(NotFoundError):
        await store.remove_region(EAST)


async def test_the_former_leader_of_a_removed_region_is_fenced_even_once_it_is_back(store):
    epoch = await store.lead_region(a_region())
    await store.write_statuses(EAST, epoch, [a_status()])
    await store.remove_region(EAST)

    with pytest.raises(FencedError):
        await store.write_statuses(EAST, epoch, [a_status()])
    assert await store.lead_region(a_region(cluster="cluster-2")) > epoch
    with pytest.raises(FencedError):
        await store.update_region(a_region(epoch=epoch))
    assert await store.status_head(EAST) == 1


async def test_a_removed_region_is_nobodys_whatever_the_epoch(store):
    await store.lead_region(a_region())
    await store.remove_region(EAST)

    for epoch in range(4):
        with pytest.raises(FencedError):
            await store.update_region(a_region(epoch=epoch))
        with pytest.raises(FencedError):
            await store.write_statuses(EAST, Epoch(epoch), [a_status()])
    assert await store.regions() == []


# What regions say


@pytest.fixture
async def led(store):
    """A store in which one leader of EAST has taken over, at epoch 1."""
    await store.lead_region(a_region())
    return store


async def said(store, region=EAST):
    return {s.name: (s.uid, s.observed_revision) for s in await store.statuses(region)}


async def test_a_status_comes_back_as_it_was_written_by_name(led):
    written = [a_status("b"), a_status("a", ready=2, error="no")]
    await led.write_statuses(EAST, Epoch(1), written)

    assert await led.statuses(EAST) == [written[1], written[0]]
    assert await led.statuses(WEST) == []


async def test_the_regions_that_speak_of_an_endpoint_are_asked_at_once(led):
    await led.lead_region(a_region(WEST, cluster="cluster-2"))
    east, west = a_status(region=EAST), a_status(region=WEST)
    other, another = a_status("other", region=EAST), a_status("another", region=EAST)
    await led.write_statuses(EAST, Epoch(1), [east, other, another])
    await led.write_statuses(WEST, Epoch(1), [west])

    silent = RegionName("silent")
    wanted = {other.name: [WEST, EAST], WEB: [EAST, silent, WEST], EndpointName("none"): [EAST]}
    assert await led.statuses_of(wanted) == [other, east, west]
    assert await led.statuses_of({WEB: []}) == []
    assert await led.statuses_of({}) == []


async def test_what_is_said_of_more_endpoints_than_one_request_takes_is_read_whole(led):
    every = [a_status(f"e-{number:02}") for number in range(MAX_WRITES)]
    await led.write_statuses(EAST, Epoch(1), every)

    assert await led.statuses_of({status.name: [EAST] for status in every}) == every


async def test_a_former_leader_says_nothing_any_more(led):
    await led.lead_region(a_region())

    with pytest.raises(FencedError, match="epoch 1"):
        await led.write_statuses(EAST, Epoch(1), [a_status()])
    assert await led.statuses(EAST) == []
    assert await led.status_head(EAST) == 0


async def test_an_unregistered_region_says_nothing(store):
    with pytest.raises(FencedError):
        await store.write_statuses(EAST, Epoch(1), [a_status()])


async def test_a_lower_revision_of_one_uid_is_ignored_and_the_rest_is_stored(led):
    await led.write_statuses(EAST, Epoch(1), [a_status("a", revision=5)])
    late = [a_status("a", revision=4), a_status("b")]
    seq = await led.write_statuses(EAST, Epoch(1), late)

    assert await said(led) == {"a": ("uid-1", 5), "b": ("uid-1", 1)}
    assert [c.names for c in await everything(led.status_changes(EAST, Seq(seq - 1)))] == [("b",)]


async def test_a_batch_of_nothing_new_is_no_change(led):
    first = await led.write_statuses(EAST, Epoch(1), [a_status("a", revision=5)])
    late = [a_status("a", revision=4), StatusRemoval(EndpointName("absent"), UID)]

    assert await led.write_statuses(EAST, Epoch(1), late) == first
    assert await led.status_head(EAST) == first


@pytest.mark.parametrize(
    ("status", "stored"),
    [
        pytest.param(a_status(revision=5), ("uid-1", 5), id="same revision"),
        pytest.param(a_status(revision=6), ("uid-1", 6), id="higher revision"),
        pytest.param(a_status(uid="uid-2", revision=1), ("uid-2", 1), id="another uid"),
    ],
)
async def test_what_is_news_replaces_what_was_said(led, status, stored):
    await led.write_statuses(EAST, Epoch(1), [a_status(revision=5)])
    await led.write_statuses(EAST, Epoch(1), [status])

    assert await said(led) == {"web": stored}


@pytest.mark.parametrize(
    ("uid", "left"),
    [
        pytest.param("uid-1", {}, id="its own"),
        pytest.param("uid-2", {"web": ("uid-1", 1)}, id="another uid's"),
    ],
)
async def test_a_removal_takes_away_only_what_speaks_of_its_uid(led, uid, left):
    await led.write_statuses(EAST, Epoch(1), [a_status()])
    await led.write_statuses(EAST, Epoch(1), [StatusRemoval(WEB, EndpointUid(uid))])

    assert await said(led) == left


async def test_each_region_has_a_log_of_its_own(led):
    await led.lead_region(a_region(WEST, cluster="cluster-2"))
    await led.write_statuses(EAST, Epoch(1), [a_status("a"), a_status("b")])
    await led.write_statuses(EAST, Epoch(1), [StatusRemoval(EndpointName("a"), UID)])

    found = await everything(led.status_changes(EAST, Seq(0)))
    assert [(c.seq, c.names) for c in found] == [(1, ("a", "b")), (2, ("a",))]
    assert await everything(led.status_changes(WEST, Seq(0))) == []
    assert [await led.status_head(region) for region in (EAST, WEST)] == [2, 0]
    assert await led.head() == 0


async def test_a_reader_of_statuses_whose_position_expired_is_told_so(place, led):
    for ready in range(3):
        await led.write_statuses(EAST, Epoch(1), [a_status(ready=ready)])
    await place.expire(f"status/{EAST}", Seq(2))

    with pytest.raises(GapError):
        await everything(led.status_changes(EAST, Seq(1)))
    assert await led.status_head(EAST) == 3
    assert [c.seq for c in await everything(led.status_changes(EAST, Seq(2)))] == [3]


async def test_the_largest_batch_of_statuses_is_one_change(led):
    batch = [a_status(f"e-{number:02}") for number in range(MAX_WRITES)]
    await led.write_statuses(EAST, Epoch(1), batch)

    assert await led.statuses(EAST) == batch
    assert await led.status_head(EAST) == 1


@pytest.mark.parametrize(
    "statuses",
    [
        pytest.param([], id="none"),
        pytest.param([a_status(f"e-{n}") for n in range(MAX_WRITES + 1)], id="too many"),
        pytest.param([a_status(), StatusRemoval(WEB, UID)], id="one endpoint twice"),
        pytest.param([a_status(region=WEST)], id="another region's"),
    ],
)
async def test_unsound_statuses_are_a_mistake_of_the_caller(led, statuses):
    with pytest.raises(ValueError, match=r"."):
        await led.write_statuses(EAST, Epoch(1), statuses)


# The fleet's lease


async def test_nobody_holds_the_lease_at_first(store):
    assert await store.fleet_lease() is None


async def test_a_lease_is_taken_renewed_and_taken_over_by_who_saw_it_last(store):
    first, renewed, other = a_lease(), a_lease(counter=2), a_lease("b", epoch=2)
    await store.write_fleet_lease(first, seen=None)
    await store.write_fleet_lease(renewed, seen=first)
    await store.write_fleet_lease(other, seen=renewed)

    assert await store.fleet_lease() == other


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(None, id="as free"),
        pytest.param(a_lease(counter=1), id="before it was renewed"),
        pytest.param(a_lease("b", counter=2), id="as another's"),
    ],
)
async def test_who_did_not_see_the_lease_as_it_is_does_not_take_it(store, seen):
    held = a_lease(counter=2)
    await store.write_fleet_lease(a_lease(), seen=None)
    await store.write_fleet_lease(held, seen=a_lease())

    with pytest.raises(ConflictError):
        await store.write_fleet_lease(a_lease("c", epoch=2), seen=seen)
    assert await store.fleet_lease() == held


async def test_of_those_who_race_for_the_lease_one_gets_it(opened):
    stores = [await opened() for _ in range(4)]
    takes = [
        store.write_fleet_lease(a_lease(f"holder-{n}"), seen=None) for n, store in enumerate(stores)
    ]
    results = await asyncio.gather(*takes, return_exceptions=True)

    assert [type(result) for result in results if result] == [ConflictError] * 3
    winner = results.index(None)
    assert await stores[0].fleet_lease() == a_lease(f"holder-{winner}")


async def test_the_fleet_writes_only_at_the_epoch_of_its_lease(store):
    await store.write([creating()])
    with pytest.raises(FencedError):
        await store.write([promoting(await store.get(WEB))], fleet_epoch=Epoch(1))
    await store.write_fleet_lease(a_lease(epoch=1), seen=None)
    await store.write([promoting(await store.get(WEB))], fleet_epoch=Epoch(1))
    await store.write_fleet_lease(a_lease("b", epoch=2), seen=a_lease(epoch=1))

    with pytest.raises(FencedError, match="epoch 1"):
        await store.write([promoting(await store.get(WEB))], fleet_epoch=Epoch(1))
    assert (await store.get(WEB)).generation == 2


async def test_a_fenced_write_is_fenced_even_where_it_is_stale_too(store):
    await store.write([creating()])

    with pytest.raises(FencedError):
        await store.write([promoting(an_endpoint(generation=7))], fleet_epoch=Epoch(1))


async def test_the_fleet_writes_the_largest_batch(store):
    await store.write_fleet_lease(a_lease(), seen=None)
    await store.write([creating(f"e-{number:02}") for number in range(MAX_WRITES)])
    read = [endpoint async for endpoint in store.list()]

    await store.write([promoting(endpoint) for endpoint in read], fleet_epoch=Epoch(1))
    assert {e.state async for e in store.list()} == {EndpointState.RUNNING}
