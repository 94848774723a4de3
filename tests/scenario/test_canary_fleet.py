"""A canary over two whole regions, every loop included: tried, promoted, and what an outage leaves of it."""

import asyncio

import pytest

from gco.core.model.endpoint import EndpointState
from tests.kubelet import Fate
from tests.scenario.canary_world import CANARY, canary_objects, weight
from tests.scenario.canary_world import pods as ready_pods
from tests.scenario.fleet_world import EAST, WEB, WEST
from tests.scenario.test_fleet_whole import NEWER, ready, two_regions
from tests.virtual_time import until
from tests.waiting import eventually

pytestmark = pytest.mark.looptime


async def test_a_promotion_goes_on_where_a_region_was_out_of_reach(clock):
    async with two_regions(clock) as (world, sites):
        await world.service().canary(WEB, image=NEWER, weight=30)
        await eventually(lambda: ready(world))
        assert [weight(site) for site in sites.values()] == [30, 30]

        with sites[WEST].monitor.faults.unreachable():
            await world.service().promote(WEB)
            await until(lambda: not canary_objects(sites[EAST]), within=300)
            await asyncio.sleep(300)
            assert weight(sites[WEST]) == 30
            assert ready_pods(sites[WEST], CANARY)
            held = await world.store.get(WEB)
            assert held.state is EndpointState.DEPLOYING
            assert all(target.canary.promoting for target in held.targets.values())

        await world.settled("running")
        assert not canary_objects(sites[WEST])
        assert weight(sites[WEST]) == 0
        for site in sites.values():
            assert len(ready_pods(site, WEB, image=NEWER)) == 1
        done = await world.store.get(WEB)
        assert {target.canary for target in done.targets.values()} == {None}


async def test_an_abort_reaches_a_region_that_was_out_of_reach(clock):
    async with two_regions(clock) as (world, sites):
        await world.service().canary(WEB, image=NEWER)
        await eventually(lambda: ready(world))

        with sites[WEST].monitor.faults.unreachable():
            await world.service().abort_canary(WEB)
            await until(lambda: not canary_objects(sites[EAST]), within=300)
            assert weight(sites[WEST]) == 10

        await eventually(lambda: ready(world))
        assert not canary_objects(sites[WEST])
        assert not any(ready_pods(site, WEB, image=NEWER) for site in sites.values())


async def test_a_canary_that_stops_serving_leaves_the_endpoint_running_and_is_told(clock):
    async with two_regions(clock) as (world, sites):
        await world.service().canary(WEB, image=NEWER)
        await eventually(lambda: ready(world))
        sites[EAST].kubelet.image(NEWER, Fate.CRASH)

        async def told():
            view = await world.service().get(WEB)
            return view.summary.startswith(f"1/2 regions ready; {EAST}: CrashLooping")

        await eventually(told)
        assert (await world.store.get(WEB)).state is EndpointState.RUNNING
        assert (weight(sites[EAST]), weight(sites[WEST])) == (0, 10)
