"""Everything together, from a person's file to pods in two regions and back: no stand-in for any loop."""

import asyncio
import contextlib

import pytest

from gco.controllers.sync import SyncController, identify_cluster
from gco.controllers.sync.surroundings import Surroundings
from gco.core.model.ids import Epoch
from gco.core.model.status import ConditionType, Region
from gco.kinds.registry import DEPLOYMENT, INFERENCE_ENDPOINT, INGRESS, POD, SERVICE
from tests.scenario import region_world
from tests.scenario.fleet_world import EAST, NS, WEB, WEST, World, both
from tests.virtual_time import until
from tests.waiting import background, eventually

pytestmark = pytest.mark.looptime
NEWER = "vllm/vllm-openai:v0.8.5"


async def a_sync(name, site, store) -> SyncController:
    region = Region(
        name=name,
        cluster_uid=await identify_cluster(site.server),
        namespaces=(NS,),
        heartbeat=site.clock.now(),
        epoch=Epoch(0),
    )
    watched = site.server.client("gco-monitor")
    surroundings = Surroundings(watched, [NS])
    return SyncController(store, watched, site.clock, region, surroundings=surroundings)


@contextlib.asynccontextmanager
async def two_regions(clock, **stated):
    """Two whole regions in which an endpoint runs, promoted."""
    world = World(clock, EAST, WEST)
    sites = {name: region_world.World(clock) for name in (EAST, WEST)}
    loops = [world.fleet_loop()]
    for name, site in sites.items():
        await site.install()
        loops += [*site.loops(), *both(await a_sync(name, site, world.store))]
    async with background(*loops):
        await eventually(lambda: world.registered(2))
        await world.apply(**stated)
        await world.settled("running")
        yield world, sites


def pods(site):
    return {
        name: pod["spec"]["containers"][0]["image"]
        for name, pod in site.all(POD).items()
        if "deletionTimestamp" not in pod["metadata"]
    }


async def ready(world):
    return (await world.service().get(WEB)).ready


async def test_the_life_of_an_endpoint_leaves_nothing_behind(clock):
    async with two_regions(clock, replicas=2) as (world, sites):
        service = world.service()
        assert {len(pods(site)) for site in sites.values()} == {2}

        await service.update_image(WEB, NEWER)
        await eventually(lambda: ready(world), within=600)
        assert {i for site in sites.values() for i in pods(site).values()} == {NEWER}

        await service.scale(WEB, 3, region=WEST)
        await eventually(lambda: ready(world), within=600)
        assert {name: len(pods(site)) for name, site in sites.items()} == {EAST: 2, WEST: 3}

        await service.stop(WEB)
        await eventually(lambda: ready(world), within=600)
        assert [pods(site) for site in sites.values()] == [{}, {}]

        await service.start(WEB)
        await world.settled("running")
        assert {name: len(pods(site)) for name, site in sites.items()} == {EAST: 2, WEST: 3}

        await service.remove_region(WEB, WEST)
        await eventually(lambda: only_in(world, EAST), within=600)
        await until(lambda: empty(sites[WEST]), within=600)
        assert len(pods(sites[EAST])) == 2

        await service.delete([WEB])
        await world.settled(None)
        await until(lambda: empty(sites[EAST]), within=600)


async def only_in(world, region):
    return list((await world.endpoint()).targets) == [region]


def empty(site):
    kinds = (INFERENCE_ENDPOINT, DEPLOYMENT, SERVICE, INGRESS, POD)
    return not any(site.all(kind) for kind in kinds)


async def test_a_custom_resource_deleted_by_hand_keeps_serving_and_says_so(clock):
    async with two_regions(clock, replicas=2) as (_, sites):
        site = sites[EAST]
        before, uid = pods(site), site.find(INFERENCE_ENDPOINT, WEB)["metadata"]["uid"]

        await site.person.delete(INFERENCE_ENDPOINT, NS, WEB)
        await until(lambda: made_again(site, uid))
        await site.ready()

        assert pods(site) == before
        assert site.reason(ConditionType.DRIFTED) == "DeletedOutsideGCO"


def made_again(site, uid):
    found = site.find(INFERENCE_ENDPOINT, WEB)
    return found is not None and found["metadata"]["uid"] != uid


async def test_capacity_is_told_with_the_heartbeat(clock):
    async with two_regions(clock, replicas=3) as (world, _):
        await asyncio.sleep(60)
        for info in await world.service().regions():
            counted = info.region.capacity["nvidia.com/gpu"]
            assert (counted.total, counted.free, counted.nodes) == (8, 5, 1)
            assert info.region.address == "http://lb.example.com"
