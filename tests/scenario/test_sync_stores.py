"""Which store's custom resources a region follows, where the cluster has those of several stores.

A region follows its store whatever other resources there are, and never changes a resource that
carries another store's uid, until a person accepts the store.
"""

import asyncio
import copy

import pytest

from gco.core.model.names import STORE_ANNOTATION, SYNC_MANAGER
from gco.kinds.registry import INFERENCE_ENDPOINT, NAMESPACE
from tests.fleet.builders import region
from tests.scenario.fleet_world import EAST, NS, WEB, World, both
from tests.scenario.test_sync_faults import one_region, uid_of
from tests.virtual_time import until
from tests.waiting import background, eventually

pytestmark = pytest.mark.looptime


def store_of(site, name=WEB):
    return site.copy(name)["metadata"]["annotations"][STORE_ANNOTATION]


async def foreign(site, name, *, namespace=NS, store="another-store"):
    """A custom resource like that of `web`, which another store's uid is on."""
    manifest = copy.deepcopy(site.copy())
    for field in ("uid", "resourceVersion", "managedFields", "generation", "creationTimestamp"):
        manifest["metadata"].pop(field)
    manifest["metadata"] |= {"name": name, "namespace": namespace}
    manifest["metadata"]["annotations"][STORE_ANNOTATION] = store
    manifest.pop("status", None)
    await site.person.apply(INFERENCE_ENDPOINT, manifest, manager=SYNC_MANAGER)
    return await site.person.get(INFERENCE_ENDPOINT, namespace, name)


async def orphans_of(world):
    [known] = await world.store.regions()
    return known.orphans


async def another_store(site):
    """A world of another store over the same cluster, in which the region is registered."""
    other = World(site.clock, EAST)
    other.store._uid = "the-second-store"
    other.sites[EAST] = site
    await other.store.lead_region(region(EAST, cluster_uid=await uid_of(site)))
    return other


@pytest.mark.parametrize("left_over", ["one", "all"])
async def test_after_a_store_was_accepted_an_orphan_does_not_stop_a_plain_restart(clock, left_over):
    async with one_region(clock) as (world, site):
        await world.apply("left")
        await world.settled("running", "left")
    other = await another_store(site)
    if left_over == "one":
        await other.apply(replicas=5)
    accepting = await site.sync(other.store, accept_store=True)
    async with background(*both(accepting)):
        await until(lambda: {store_of(site), store_of(site, "left")} == {"the-second-store"})
        assert site.asked("left") == ("running", 1, 1)

    async with background(*both(await site.sync(other.store)), site.hands.run()):
        await other.apply(replicas=7)
        await until(lambda: site.asked()[2] == 7)
        await eventually(lambda: is_orphan(other, f"{NS}/left"))
    assert site.copy("left")["metadata"].get("deletionTimestamp") is None
    assert site.hands.deleted_children == []


async def test_a_hand_made_resource_of_another_store_stops_nothing_and_is_reported(clock):
    async with one_region(clock) as (world, site):
        made = await foreign(site, "odd")
        key = f"{NS}/odd (of the store another-store)"
        await eventually(lambda: is_orphan(world, key))
    async with world.running():
        await world.apply(replicas=3)
        await until(lambda: site.asked() == ("running", 2, 3))
        await asyncio.sleep(60)
        assert site.copy("odd")["spec"] == made["spec"]
        [known] = await world.store.regions()
        assert known.orphans == (key,)
        assert known.lost == {}  # the other store knows it


async def is_orphan(world, key):
    return key in await orphans_of(world)


async def test_an_endpoint_whose_name_another_stores_resource_has_says_so_and_can_be_deleted(clock):
    async with one_region(clock) as (world, site):
        made = await foreign(site, "odd")
        await world.apply("odd", replicas=9)

        async def refused():
            [row] = (await world.service().get("odd")).regions
            return row.reason == "OtherStore" and "--accept-store" in row.message

        await eventually(refused)
        await world.service().delete(["odd"])
        await world.settled(None, "odd")
        assert site.copy("odd")["spec"] == made["spec"]
        assert site.copy("odd")["metadata"]["uid"] == made["metadata"]["uid"]


async def test_a_second_installation_with_a_store_of_its_own_is_no_concern(clock):
    """Resources in namespaces that the region does not serve are another installation's."""
    async with one_region(clock) as (world, site):
        await site.person.create(NAMESPACE, {"metadata": {"name": "theirs"}})
        await foreign(site, "chat", namespace="theirs")
        site.hands.rest()
        leaving = await foreign(site, "leaving", namespace="theirs")
        await site.person.delete(INFERENCE_ENDPOINT, "theirs", "leaving")
        await asyncio.sleep(60)
        held = await site.person.get(INFERENCE_ENDPOINT, "theirs", "leaving")
        assert held["metadata"]["finalizers"] == leaving["metadata"]["finalizers"]
        site.hands.work()
    async with world.running():
        await world.apply(replicas=3)
        await until(lambda: site.asked() == ("running", 2, 3))
        await asyncio.sleep(60)
        assert await orphans_of(world) == ()


async def test_a_region_without_endpoints_starts_beside_another_installation(clock):
    async with one_region(clock) as (_, site):
        await site.person.create(NAMESPACE, {"metadata": {"name": "theirs"}})
        await foreign(site, "chat", namespace="theirs")
        await site.person.delete(INFERENCE_ENDPOINT, NS, WEB)
    other = await another_store(site)
    if site.copy() is not None:
        released = [{"op": "replace", "path": "/metadata/finalizers", "value": []}]
        await site.person.patch(INFERENCE_ENDPOINT, NS, WEB, released, manager="kubectl-edit")
    async with background(*both(await site.sync(other.store)), site.hands.run()):
        await other.apply("new")
        await until(lambda: site.asked("new") == ("running", 1, 1))


async def test_a_monitor_of_the_wrong_store_registers_and_changes_nothing(clock):
    async with one_region(clock) as (_, site):
        before = copy.deepcopy(site.copy())
    wrong = await another_store(site)
    epoch = (await wrong.store.regions())[0].epoch
    await wrong.apply(replicas=5)
    async with background(*both(await site.sync(wrong.store)), site.hands.run()):
        await asyncio.sleep(120)
        assert site.copy() == before
        assert (await wrong.store.regions())[0].epoch == epoch
