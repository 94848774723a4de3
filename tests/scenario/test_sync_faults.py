"""What goes wrong around the sync loop, and what it makes of it."""

import asyncio
import contextlib

import pytest

from gco.core.model.endpoint import CanaryTarget, TargetState, Write
from gco.core.model.ids import EndpointName, EndpointUid, RevisionNumber, TemplateKey
from gco.core.model.names import RECREATED_ANNOTATION, STORE_ANNOTATION, SYNC_MANAGER
from gco.core.sync.copies import read_copy
from gco.errors import ConflictError, RejectedError, StoreUnavailableError
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, INFERENCE_ENDPOINT, NAMESPACE
from tests.builders import a_custom_resource
from tests.fleet.builders import region
from tests.scenario.fleet_world import EAST, NS, WEB, WEST, World, both
from tests.virtual_time import until
from tests.waiting import background, eventually

pytestmark = pytest.mark.looptime


@contextlib.asynccontextmanager
async def one_region(clock):
    """One region in which an endpoint runs, promoted."""
    world = World(clock, EAST)
    async with world.running():
        await world.apply()
        await world.settled("running")
        yield world, world.sites[EAST]


def edit(path, value, *, op="replace"):
    return [{"op": op, "path": path, "value": value}]


async def patch(site, operations, name=WEB):
    await site.person.patch(INFERENCE_ENDPOINT, NS, name, operations, manager="kubectl-edit")


def sound(site, name=WEB):
    found = site.copy(name)
    return found is not None and not read_copy(found).edited


@pytest.mark.parametrize(
    "operations",
    [
        pytest.param(edit("/spec/replicas", 7), id="a-value"),
        pytest.param(edit("/spec/endpoint/image", "evil:v1"), id="the-image"),
        pytest.param(edit("/spec/state", "deleted"), id="the-state-even"),
        pytest.param(edit("/spec/revision", 99), id="the-revision"),
        pytest.param(edit("/spec/endpoint/port", 9, op="add"), id="a-field-that-was-not-stated"),
        pytest.param([{"op": "remove", "path": "/spec/endpoint/route"}], id="a-field-removed"),
    ],
)
async def test_a_hand_edit_is_repaired(clock, operations):
    async with one_region(clock) as (_, site):
        before = site.copy()["spec"]

        await patch(site, operations)
        await until(lambda: sound(site))

        assert site.copy()["spec"] == before
        assert site.hands.deleted_children == []


async def test_an_editor_that_was_taken_back_from_does_not_keep_a_field_alive(clock):
    async with one_region(clock) as (world, site):
        await patch(site, edit("/spec/endpoint/port", 9, op="add"))
        await until(lambda: sound(site))
        await world.apply(port=9000)
        await until(lambda: site.copy()["spec"]["endpoint"].get("port") == 9000)
        await world.apply()

        await until(lambda: "port" not in site.copy()["spec"]["endpoint"])


async def test_labels_and_finalizer_taken_away_by_hand_come_back(clock):
    async with one_region(clock) as (_, site):
        labels = site.copy()["metadata"]["labels"]

        await patch(site, edit("/metadata/labels/app", "other"))
        await patch(site, edit("/metadata/finalizers", []))

        await until(lambda: site.copy()["metadata"].get("finalizers"))
        await until(lambda: site.copy()["metadata"]["labels"] == labels)


async def test_a_custom_resource_deleted_by_hand_is_made_again_and_says_so(clock):
    async with one_region(clock) as (world, site):
        uid = site.copy()["metadata"]["uid"]

        await site.person.delete(INFERENCE_ENDPOINT, NS, WEB)
        await until(lambda: site.copy() and site.copy()["metadata"]["uid"] != uid)

        assert RECREATED_ANNOTATION in site.copy()["metadata"]["annotations"]
        assert site.hands.deleted_children == []
        await world.apply(replicas=2)
        await until(lambda: site.asked() == ("running", 2, 2))
        assert RECREATED_ANNOTATION in site.copy()["metadata"]["annotations"]


async def test_one_that_was_deleted_while_nobody_led_says_so_too(clock):
    world = World(clock, EAST)
    site = world.sites[EAST]
    async with world.running(sync=False):
        async with background(*both(await site.sync(world.store))):
            await world_runs(world)
        await site.person.delete(INFERENCE_ENDPOINT, NS, WEB)
        await until(lambda: site.copy() is None)
        async with background(*both(await site.sync(world.store))):
            await until(lambda: sound(site))

    assert RECREATED_ANNOTATION in site.copy()["metadata"]["annotations"]


async def world_runs(world):
    await eventually(lambda: world.registered(1))
    await world.apply()
    await world.settled("running")


async def test_a_first_custom_resource_does_not_say_that_it_was_made_again(clock):
    async with one_region(clock) as (_, site):
        assert RECREATED_ANNOTATION not in site.copy()["metadata"]["annotations"]


async def test_the_kind_deleted_and_installed_again_brings_every_custom_resource_back(clock):
    async with one_region(clock) as (_, site):
        definition = await site.person.get(
            CUSTOM_RESOURCE_DEFINITION, None, "inferenceendpoints.gco.io"
        )
        await site.person.delete(CUSTOM_RESOURCE_DEFINITION, None, definition["metadata"]["name"])
        await asyncio.sleep(60)
        for field in ("uid", "resourceVersion", "managedFields", "generation"):
            definition["metadata"].pop(field, None)
        definition.pop("status", None)
        definition["metadata"].pop("creationTimestamp", None)

        await site.person.create(CUSTOM_RESOURCE_DEFINITION, definition)
        await until(lambda: sound(site))

        assert RECREATED_ANNOTATION in site.copy()["metadata"]["annotations"]
        assert site.hands.deleted_children == []


async def test_while_the_kind_is_going_nothing_counts_as_refused_for_good(clock):
    async with one_region(clock) as (world, site):
        held = {**a_custom_resource("held"), "metadata": {"name": "held", "namespace": NS}}
        held["metadata"]["finalizers"] = ["example.com/hold"]
        await site.person.create(INFERENCE_ENDPOINT, held)
        await site.person.delete(CUSTOM_RESOURCE_DEFINITION, None, "inferenceendpoints.gco.io")
        for _ in range(20):
            await asyncio.sleep(1)
            assert site.copy() is None
            assert not (await world.service().get(WEB)).failed


async def test_with_the_store_away_repairs_go_on_nothing_is_deleted_and_statuses_wait(clock):
    async with one_region(clock) as (world, site):
        with world.store.outage():
            await patch(site, edit("/spec/replicas", 7))
            await until(lambda: sound(site))
            uid = site.copy()["metadata"]["uid"]
            await site.person.delete(INFERENCE_ENDPOINT, NS, WEB)
            await until(lambda: site.copy() and site.copy()["metadata"]["uid"] != uid)
            await asyncio.sleep(60)
            assert site.asked() == ("running", 1, 1)

        await world.apply(replicas=2)
        await eventually(lambda: said_revision(world, 2))
        assert site.hands.deleted_children == []


async def said_revision(world, number):
    said = await world.said(EAST)
    return said is not None and said.observed_revision == number


async def test_a_report_that_could_not_be_written_is_written_later(clock):
    async with one_region(clock) as (world, site):
        site.hands.rest()
        await world.apply(replicas=2)
        await until(lambda: site.asked() == ("running", 2, 2))
        with world.store.outage():
            site.hands.work()
            await asyncio.sleep(60)

        await eventually(lambda: said_revision(world, 2))


async def test_a_report_whose_answer_was_lost_does_not_confuse(clock):
    async with one_region(clock) as (world, _):
        await world.apply(replicas=2)
        with world.store.lost_answers():
            await eventually(lambda: said_revision(world, 2))
        await world.settled("running")


async def test_a_lower_revision_of_the_same_endpoint_is_refused(clock):
    async with one_region(clock) as (world, site):
        await world.apply(replicas=2)
        await until(lambda: site.asked() == ("running", 2, 2))

        endpoint = await world.endpoint()
        first = {"revision": RevisionNumber(1), "replicas": 1}
        older = endpoint.model_copy(  # as a restored backup has it
            update={
                "revision": RevisionNumber(1),
                "generation": endpoint.generation + 1,
                "targets": {EAST: endpoint.targets[EAST].model_copy(update=first)},
            }
        )
        await restore(world, endpoint, older)
        await asyncio.sleep(30)

        assert site.asked() == ("running", 2, 2)


async def restore(world, before, after):
    await world.store.write([Write(WEB, before.generation, after)])


async def test_what_the_store_does_not_know_is_an_orphan_told_and_left_alone(clock):
    async with one_region(clock) as (world, site):
        orphan = site.copy()
        for field in ("uid", "resourceVersion", "managedFields", "generation", "creationTimestamp"):
            orphan["metadata"].pop(field)
        orphan["metadata"]["name"] = "lost"
        orphan.pop("status")
        await site.person.apply(INFERENCE_ENDPOINT, orphan, manager=SYNC_MANAGER)

        await eventually(lambda: orphans_are(world, (f"{NS}/lost",)))
        await asyncio.sleep(60)

        assert site.copy("lost")["metadata"].get("deletionTimestamp") is None


async def orphans_are(world, names):
    [known] = await world.store.regions()
    return known.orphans == names


async def test_an_empty_listing_deletes_nothing(clock):
    async with one_region(clock) as (world, site):
        world.store._endpoints.clear()
        async with background(*both(await site.sync(world.store))):
            await asyncio.sleep(120)

        assert site.asked() == ("running", 1, 1)
        assert site.hands.deleted_children == []


async def test_a_listing_that_fails_midway_is_no_listing(clock):
    world = World(clock, EAST)
    await world.sites[EAST].install()
    listing = world.store.list
    broken = asyncio.Event()

    async def partial(**told):
        async for endpoint in listing(**told):
            yield endpoint
            if not broken.is_set():
                broken.set()
                raise StoreUnavailableError("the second page was lost")

    world.store.list = partial
    await world.store.lead_region(region(EAST, cluster_uid=await uid_of(world.sites[EAST])))
    for name in ("web", "web-2"):
        await world.apply(name)
    sync = await world.sites[EAST].sync(world.store)
    async with background(*both(sync)):
        await broken.wait()
        assert not sync.follower.complete.is_set()
        await until(lambda: world.sites[EAST].copy("web-2"))


async def uid_of(site):
    found = await site.server.get(NAMESPACE, None, "kube-system")
    return found["metadata"]["uid"]


async def test_after_a_gap_in_the_change_log_everything_is_listed(clock):
    async with one_region(clock) as (world, site):
        log = world.store._changes
        with world.store.outage():
            await asyncio.sleep(5)
        stale = await world.endpoint()
        assert stale.revision == 1
        quiet = world.store.changes

        def forgetful(after):
            log._entries.clear()
            return quiet(after)

        world.store.changes = forgetful
        await world.apply(replicas=2)
        await until(lambda: site.asked() == ("running", 2, 2))


async def test_another_store_is_not_followed_until_that_is_accepted(clock):
    async with one_region(clock) as (_, site):
        former = site.copy()["metadata"]["annotations"][STORE_ANNOTATION]

    other = World(clock, EAST)
    other.sites[EAST] = site
    cluster = await uid_of(site)
    await other.store.lead_region(region(EAST, cluster_uid=cluster))
    await other.apply(replicas=5)
    epoch = (await other.store.regions())[0].epoch
    async with background(*both(await site.sync(other.store))):
        await asyncio.sleep(120)
        assert site.asked() == ("running", 1, 1)
        assert (await other.store.regions())[0].epoch == epoch
        assert await other.said(EAST) is None

    accepting = await site.sync(other.store, accept_store=True)
    async with background(*both(accepting)):
        await until(lambda: site.asked() == ("running", 1, 5))
        uid = site.copy()["metadata"]["annotations"][STORE_ANNOTATION]
        assert uid == await other.store.identity() != former


async def test_a_store_that_was_moved_is_accepted_once_and_then_known(clock):
    async with one_region(clock) as (world, site):
        pass
    world.store._uid = "moved"  # the same records in another place
    async with background(*both(await site.sync(world.store, accept_store=True))):
        await until(lambda: site.copy()["metadata"]["annotations"][STORE_ANNOTATION] == "moved")
    async with background(*both(await site.sync(world.store))):
        await world.apply(replicas=2)
        await until(lambda: site.asked() == ("running", 2, 2))


async def test_another_cluster_under_the_regions_name_is_refused_until_told_to_replace(clock):
    world = World(clock, EAST)
    site = world.sites[EAST]
    await site.install()
    await world.store.lead_region(region(EAST, cluster_uid="somewhere-else"))
    await world.apply()

    refused = await site.sync(world.store)
    with pytest.raises(ConflictError, match="replace that one"):
        await refused.watch()
    assert site.copy() is None

    replacing = await site.sync(world.store, replace_cluster=True)
    async with background(*both(replacing)):
        await until(lambda: sound(site))
    [known] = await world.store.regions()
    assert known.cluster_uid == await uid_of(site)


async def test_a_former_leader_writes_nothing_once_another_took_over(clock):
    async with one_region(clock) as (world, site):
        [known] = await world.store.regions()
        await world.store.lead_region(known)  # another process leads from now on
        await asyncio.sleep(200)

        [after] = await world.store.regions()
        assert after.epoch >= known.epoch + 2  # it saw that it was fenced, and claimed anew
        await world.apply(replicas=2)
        await eventually(lambda: said_revision(world, 2))
        assert site.asked() == ("running", 2, 2)


async def test_a_missing_namespace_is_a_condition_and_heals(clock):
    world = World(clock, EAST)
    site = world.sites[EAST]
    site.has_namespace = False
    async with world.running():
        await world.apply()
        await eventually(lambda: reason_is(world, "NamespaceNotFound"))
        assert (await world.service().get(WEB)).failed

        await site.person.create(NAMESPACE, {"metadata": {"name": NS}})
        await world.settled("running")


async def reason_is(world, reason):
    [row] = (await world.service().get(WEB)).regions
    return row.reason == reason


async def test_what_the_api_server_rejects_is_told_with_its_words(clock):
    world = World(clock, EAST)
    site = world.sites[EAST]

    def refuse(kind, _):
        if kind == INFERENCE_ENDPOINT:
            raise RejectedError('admission webhook "policy" denied the request: no GPUs today')

    async with world.running():
        admit_again = site.server.admit(refuse)
        await world.apply()
        await eventually(lambda: reason_is(world, "Rejected"))
        [row] = (await world.service().get(WEB)).regions
        assert "no GPUs today" in row.message

        admit_again()
        await eventually(lambda: is_running(world), within=2000)


async def is_running(world):
    return await world.state() == "running"


async def test_what_admission_changes_is_told_once_and_not_fought_over(clock):
    world = World(clock, EAST)
    site = world.sites[EAST]

    def change(kind, manifest):
        if kind == INFERENCE_ENDPOINT:
            manifest["spec"]["replicas"] = 1

    async with world.running():
        site.server.admit(change)
        await world.apply(replicas=4)
        await eventually(lambda: reason_is(world, "Rejected"))
        [row] = (await world.service().get(WEB)).regions
        assert "another spec than was applied" in row.message
        before = site.monitor.writes
        await asyncio.sleep(600)
        assert site.monitor.writes - before < 30


async def test_a_region_that_is_held_at_an_older_revision_runs_that_one(clock):
    async with one_region(clock) as (world, site):
        await world.apply(image="vllm/vllm-openai:v0.8.5", replicas=3)
        await until(lambda: site.asked() == ("running", 2, 3))
        endpoint = await world.endpoint()
        held = endpoint.targets[EAST].model_copy(
            update={"revision": RevisionNumber(3), "replicas": 1}
        )
        first = await world.store.revision(WEB, endpoint.uid, RevisionNumber(1))
        third = first.model_copy(update={"number": RevisionNumber(3)})
        fourth = first.model_copy(update={"number": RevisionNumber(4), "spec": endpoint.spec})
        for revision in (third, fourth):
            endpoint = await world.endpoint()
            update = {
                "revision": revision.number,
                "generation": endpoint.generation + 1,
                "targets": {EAST: held},
            }
            after = endpoint.model_copy(update=update)
            await world.store.write([Write(WEB, endpoint.generation, after, revision)])

        await until(lambda: site.asked() == ("running", 3, 1))
        assert site.copy()["spec"]["endpoint"]["image"] == first.spec.image


async def test_a_silent_region_says_so_and_speaks_again(clock):
    world = World(clock, EAST, WEST)
    async with world.running(sync=False):
        syncs = {n: await s.sync(world.store) for n, s in world.sites.items()}
        async with background(*both(syncs[EAST])):
            async with background(*both(syncs[WEST])):
                await eventually(lambda: world.registered(2))
                await world.apply()
                await world.settled("running")
            await asyncio.sleep(100)
            view = await world.service().get(WEB)
            assert view.summary.startswith("1/2 regions ready; eu-west-1: RegionSilent")
            async with background(*both(await world.sites[WEST].sync(world.store))):
                await eventually(lambda: all_ready(world))


async def all_ready(world):
    return (await world.service().get(WEB)).ready


async def test_a_name_that_another_endpoint_had_is_taken_over_with_its_uid(clock):
    async with one_region(clock) as (world, site):
        endpoint = await world.endpoint()
        anew = EndpointUid("another-uid")
        await restore(
            world,
            endpoint,
            endpoint.model_copy(
                update={
                    "uid": anew,
                    "generation": endpoint.generation + 1,
                    "targets": {EAST: endpoint.targets[EAST].model_copy(update={"uid": anew})},
                }
            ),
        )

        await until(lambda: site.copy()["spec"]["uid"] == anew)
        assert (await world.endpoint()).targets[EAST].state is TargetState.RUNNING


async def test_a_store_that_was_set_back_is_refused_and_has_its_word_again_with_one_edit(clock):
    world = World(clock, EAST)
    site = world.sites[EAST]
    async with world.running():
        await world.apply()
        await world.settled("running")
        backup = await world.endpoint()
        await world.apply(replicas=2)
        await world.apply(replicas=3)
        await world.settled("running")
        assert site.asked() == ("running", 3, 3)

    current = await world.endpoint()
    restored = backup.model_copy(update={"generation": current.generation + 1})
    await world.store.write([Write(backup.name, current.generation, restored)])
    world.sites[EAST].has_namespace = False
    async with world.running():
        await asyncio.sleep(60)
        assert site.asked() == ("running", 3, 3)  # nothing goes back by itself
        [east] = (await world.service().get(EndpointName(WEB))).regions
        assert east.reason == "RevisionOutdated"

        await world.service().scale(EndpointName(WEB), 1)
        await until(lambda: site.asked() == ("running", 4, 1))
        await world.settled("running")


async def test_an_endpoint_whose_record_was_lost_is_taken_up_again_under_its_uid(clock):
    world = World(clock, EAST)
    site = world.sites[EAST]
    async with world.running():
        await world.apply()
        await world.apply(replicas=2)
        await world.settled("running")
    uid = site.copy()["spec"]["uid"]
    world.store = type(world.store)(clock=clock, uid=await world.store.identity())  # emptied

    async with world.running():

        async def told():
            return (await world.store.regions())[0].lost

        await eventually(told)
        await world.apply(replicas=3)
        await until(lambda: site.asked() == ("running", 3, 3))
        assert site.copy()["spec"]["uid"] == uid
        await world.settled("running")


async def test_a_store_set_back_to_before_a_delete_and_create_changes_nothing_by_itself(clock):
    """The older uid is refused over the newer one, and `gco delete` of it comes to an end.

    The endpoint that runs is then an orphan, and is taken up again under its uid.
    """
    world = World(clock, EAST)
    site = world.sites[EAST]
    async with world.running():
        await world.apply()
        await world.settled("running")
        backup = await world.endpoint()
        await world.service().delete([WEB])
        await world.settled(None)
        await world.apply(replicas=2)
        await world.settled("running")
        newer = site.copy()["spec"]["uid"]
        assert newer != backup.uid
        ended = list(site.hands.deleted_children)

        current = await world.endpoint()
        set_back = backup.model_copy(update={"generation": current.generation + 1})
        await restore(world, current, set_back)
        await eventually(lambda: reason_is(world, "EndpointOutdated"))
        await asyncio.sleep(60)
        assert site.copy()["spec"]["uid"] == newer
        assert site.asked() == ("running", 1, 2)

        await world.service().delete([WEB])
        await world.settled(None)
        assert site.copy()["spec"]["uid"] == newer
        assert site.hands.deleted_children == ended

        async def is_known_as_lost():
            return (await world.store.regions())[0].lost

        await eventually(is_known_as_lost)
        await world.apply(replicas=3)
        await until(lambda: site.asked() == ("running", 2, 3))
        assert site.copy()["spec"]["uid"] == newer


async def out_of_bounds(world):
    """Store a target that parses, and that no custom resource may have."""
    endpoint = await world.endpoint()
    weight = CanaryTarget(template_key=TemplateKey("t"), weight=100, replicas=1)
    target = endpoint.targets[EAST].model_copy(
        update={"canary": weight, "revision": RevisionNumber(2)}
    )
    update = {
        "revision": RevisionNumber(2),
        "generation": endpoint.generation + 1,
        "targets": {EAST: target},
    }
    await restore(world, endpoint, endpoint.model_copy(update=update))


@pytest.mark.parametrize("restarted", [False, True], ids=["while-it-runs", "at-its-start"])
async def test_a_target_that_is_out_of_bounds_is_reported_and_holds_nothing_up(clock, restarted):
    """Nothing that a record contains ends a monitor, or delays another endpoint."""
    world = World(clock, EAST)
    site = world.sites[EAST]
    async with world.running(fleet=False):
        await world.apply()
        await until(lambda: site.asked() == ("running", 1, 1))
        if not restarted:
            await out_of_bounds(world)
            await eventually(lambda: reason_is(world, "Invalid"))
    if restarted:
        await out_of_bounds(world)
    async with world.running(fleet=False):
        await eventually(lambda: reason_is(world, "Invalid"))
        await world.apply("other")
        await until(lambda: site.asked("other") == ("running", 1, 1))
        assert site.asked() == ("running", 1, 1)
        [row] = (await world.service().get(WEB)).regions
        assert "weight" in row.message
        told = await world.said(EAST)
        await asyncio.sleep(600)
        assert await world.said(EAST) == told

        await world.apply(replicas=3)
        await until(lambda: site.asked() == ("running", 3, 3))
        await eventually(lambda: is_not(world, "Invalid"))


async def is_not(world, reason):
    return not await reason_is(world, reason)
