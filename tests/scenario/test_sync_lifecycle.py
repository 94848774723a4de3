"""The main road: what people ask reaches every region, and what regions say comes back."""

import asyncio

import pytest
import structlog

from gco.core.model.endpoint import TargetState
from gco.errors import ForbiddenError
from gco.kinds.registry import NODE
from tests.scenario.fleet_world import (
    EAST,
    REGIONS,
    SOUTH,
    WEB,
    WEST,
    World,
)
from tests.waiting import background, eventually

pytestmark = pytest.mark.looptime


async def test_an_endpoint_runs_in_three_regions_and_is_promoted(clock):
    world = World(clock)
    async with world.running():
        await world.apply(replicas=2)
        await world.settled("running")

    assert {name: site.asked() for name, site in world.sites.items()} == dict.fromkeys(
        REGIONS, ("running", 1, 2)
    )
    view = await world.service().get(WEB)
    assert view.summary == "3/3 regions ready"
    assert view.regions[0].url == "http://ap-south-1.example/inference/web"


async def test_update_scale_stop_and_start_reach_every_region(clock):
    world = World(clock)
    service = world.service()
    async with world.running():
        await world.apply()
        await world.settled("running")
        for change, asked in [
            (service.update_image(WEB, "vllm/vllm-openai:v0.8.5"), ("running", 2, 1)),
            (service.scale(WEB, 3), ("running", 3, 3)),
            (service.stop(WEB), ("stopped", 4, 3)),
            (service.start(WEB), ("running", 5, 3)),
        ]:
            await change
            await eventually(lambda: everyone_ready(world))
            assert {site.asked() for site in world.sites.values()} == {asked}
        await world.settled("running")


async def everyone_ready(world):
    return (await world.service().get(WEB)).ready


async def test_a_deleted_endpoint_leaves_nothing_behind(clock):
    world = World(clock)
    async with world.running():
        await world.apply()
        await world.settled("running")

        await world.service().delete([WEB])
        await world.settled(None)
        await eventually(lambda: nothing_left(world))

    assert {s.hands.deleted_children[0] for s in world.sites.values()} == {WEB}


async def nothing_left(world):
    said = [await world.said(region) for region in REGIONS]
    return not any(said) and not any(site.copy() for site in world.sites.values())


async def test_the_end_is_reported_when_the_objects_are_gone_and_not_before(clock):
    world = World(clock)
    async with world.running():
        await world.apply()
        await world.settled("running")
        world.sites[EAST].hands.rest()

        await world.service().delete([WEB])
        await asyncio.sleep(60)

        endpoint = await world.endpoint()
        assert endpoint is not None
        assert world.sites[EAST].asked() == ("deleted", 1, 1)
        assert (await world.said(EAST)).state == "running"
        world.sites[EAST].hands.work()
        await world.settled(None)


async def test_a_removed_region_is_cleaned_up_and_forgotten_and_the_others_run_on(clock):
    world = World(clock)
    async with world.running():
        await world.apply()
        await world.settled("running")

        await world.service().remove_region(WEB, SOUTH)
        await eventually(lambda: targets_are(world, {EAST, WEST}))
        await eventually(lambda: is_gone(world, SOUTH))
        await world.settled("running")

    assert world.sites[EAST].asked() == ("running", 2, 1)


async def targets_are(world, regions):
    return set((await world.endpoint()).targets) == regions


async def is_gone(world, region):
    return world.sites[region].copy() is None and await world.said(region) is None


async def test_a_region_that_is_joined_again_while_it_is_being_cleaned_runs_again(clock):
    world = World(clock)
    service = world.service()
    async with world.running():
        await world.apply()
        await world.settled("running")
        world.sites[SOUTH].hands.rest()
        await service.remove_region(WEB, SOUTH)
        await eventually(lambda: asks(world, SOUTH, "deleted"))

        await service.add_region(WEB, SOUTH)
        world.sites[SOUTH].hands.work()
        await world.settled("running")

    assert world.sites[SOUTH].asked() == ("running", 3, 1)
    assert (await world.endpoint()).targets[SOUTH].state is TargetState.RUNNING


async def asks(world, region, state):
    asked = world.sites[region].asked()
    return asked is not None and asked[0] == state


async def test_a_name_is_free_again_after_the_purge_with_a_new_uid(clock):
    world = World(clock)
    async with world.running():
        await world.apply()
        first = (await world.endpoint()).uid
        await world.service().delete([WEB])
        await world.settled(None)

        await world.apply(replicas=2)
        await world.settled("running")

    endpoint = await world.endpoint()
    assert (endpoint.uid != first, endpoint.revision) == (True, 1)
    assert {s.copy()["spec"]["uid"] for s in world.sites.values()} == {endpoint.uid}


async def test_at_rest_nothing_is_written_but_heartbeats_and_leases(clock):
    world = World(clock)
    async with world.running():
        await world.apply()
        await world.settled("running")
        await asyncio.sleep(5)
        store, clusters = world.store.writes.copy(), requests(world)

        await asyncio.sleep(600)

        world.store.writes.subtract(store)
        assert requests(world) == clusters
        assert +world.store.writes == {"update_region": world.store.writes["update_region"]}
        assert 3 * 20 <= world.store.writes["update_region"] <= 3 * 24


def requests(world):
    """Every request of the monitors but the watches, which the server ends now and then."""
    return [
        {key: n for key, n in site.monitor.requests.items() if key[0] != "watch"}
        for site in world.sites.values()
    ]


async def test_one_unreachable_region_delays_no_other(clock):
    world = World(clock)
    async with world.running():
        with world.sites[WEST].monitor.faults.unreachable():
            await world.apply()
            await eventually(lambda: ready_regions(world, 2))
            assert (await world.endpoint()).state == "deploying"
        await world.settled("running")


async def ready_regions(world, count):
    return sum(r.done for r in (await world.service().get(WEB)).regions) == count


async def test_a_standby_keeps_its_caches_warm_and_writes_nothing(clock):
    world = World(clock, EAST)
    site = world.sites[EAST]
    idle = site.server.client("standby")
    async with world.running():
        standby = await site.sync(world.store, cluster=idle)
        async with background(standby.watch()):
            await world.apply()
            await world.settled("running")
            await asyncio.sleep(60)

            assert idle.writes == 0
            assert standby.follower.names() == [WEB]
            assert len(standby.copies.items()) == 1
            [known] = await world.store.regions()
            assert known.epoch == 1


async def test_where_nodes_may_not_be_read_capacity_is_unknown_and_all_else_goes_on(clock):
    world = World(clock, EAST)
    faults = world.sites[EAST].monitor.faults
    faults.fail("list", NODE, times=1000, error=lambda: ForbiddenError("nodes is forbidden"))
    with structlog.testing.capture_logs() as log:
        async with world.running():
            await world.apply()
            await world.settled("running")
            await asyncio.sleep(600)

            [info] = await world.service().regions()
            assert info.region.capacity is None
            assert info.silent_seconds is None

            faults.clear()
            await asyncio.sleep(600)
            [info] = await world.service().regions()
            assert info.region.capacity is not None
    said = [line for line in log if line["event"].startswith("accelerators are")]
    assert [line["event"] for line in said] == [
        "accelerators are not counted",
        "accelerators are counted",
    ]
    assert said[0]["forbidden"] == ["nodes"]
    assert "capacity.yaml" in said[0]["next_step"]
