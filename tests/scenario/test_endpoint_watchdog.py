"""A route leaves when nothing has answered for too long, and comes back; a load is no outage."""

import asyncio
import datetime as dt

import pytest

from gco.core.model.status import ConditionType
from gco.kinds.registry import DEPLOYMENT, INFERENCE_ENDPOINT, INGRESS, POD
from tests.kubelet import Fate
from tests.scenario.region_world import NS, ROUTE, World
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

IMAGE = "vllm/vllm-openai:v0.8.4"


def route(world):
    return world.find(INGRESS, ROUTE)


def now() -> float:
    return asyncio.get_running_loop().time()


async def test_a_route_leaves_when_nothing_answers_and_returns_with_the_first_answer(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        silent = now()
        world.kubelet.image(IMAGE, Fate.OUT_OF_MEMORY)

        await until(lambda: route(world) is None, within=330)
        assert 295 <= now() - silent <= 320
        await until(lambda: world.reason(ConditionType.ROUTE_READY) == "RouteWithdrawn")
        assert world.reason() == "OutOfMemory"
        assert ("RouteWithdrawn", f"Ingress {ROUTE}") in world.events()
        await world.quiet(30)

        writes = world.monitor.writes
        await asyncio.sleep(3600)
        assert world.monitor.writes == writes

        world.kubelet.image(IMAGE, Fate.READY)
        await world.ready()
        assert route(world)
        assert world.status().silent_since is None


async def test_a_gap_shorter_than_the_threshold_leaves_the_route_alone(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        uid = route(world)["metadata"]["uid"]

        for _ in range(3):
            world.kubelet.image(IMAGE, Fate.OUT_OF_MEMORY)
            await asyncio.sleep(250)
            world.kubelet.image(IMAGE, Fate.READY)
            await world.ready()

        await asyncio.sleep(600)
        assert route(world)["metadata"]["uid"] == uid


async def test_a_load_that_is_longer_than_the_threshold_is_no_outage(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(probes={"startupSeconds": 1200})
        await world.ready()
        uid = route(world)["metadata"]["uid"]
        world.kubelet.image(IMAGE, Fate.NEVER_READY)
        for name in world.all(POD):
            await world.person.delete(POD, NS, name)
        await until(lambda: not world.is_ready())

        await asyncio.sleep(1000)
        assert world.reason() == "StillLoading"
        world.kubelet.image(IMAGE, Fate.READY)
        await world.ready()
        assert route(world)["metadata"]["uid"] == uid


async def test_the_memory_of_the_silence_survives_a_restart_of_the_monitor(clock):
    world = World(clock)
    await world.install()
    async with background(*world.others()):
        async with background(world.controller().run()):
            await world.want()
            await world.ready()
            world.kubelet.image(IMAGE, Fate.OUT_OF_MEMORY)
            silent = now()
            await until(lambda: world.status().silent_since is not None)
            await asyncio.sleep(200)

        async with background(world.controller().run()):
            await until(lambda: route(world) is None, within=200)
            assert 295 <= now() - silent <= 320


async def test_the_threshold_is_a_setting_and_a_stopped_endpoint_is_not_silent(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops(unhealthy=dt.timedelta(seconds=60))):
        await world.want()
        await world.ready()
        world.kubelet.image(IMAGE, Fate.OUT_OF_MEMORY)
        await until(lambda: route(world) is None, within=70)

        await world.want(revision=2, state="stopped")
        await until(lambda: world.reason() == "Stopped", within=120)
        assert world.status().silent_since is None
        assert world.find(DEPLOYMENT, "web")["spec"]["replicas"] == 0
        assert "silentSince" not in world.find(INFERENCE_ENDPOINT, "web")["status"]


async def test_a_server_that_flickers_moves_its_route_no_faster_than_the_threshold(clock):
    world = World(clock)
    await world.install()
    made = set()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        for _ in range(20):
            world.kubelet.image(IMAGE, Fate.OUT_OF_MEMORY)
            await asyncio.sleep(55)
            world.kubelet.image(IMAGE, Fate.READY)
            await asyncio.sleep(5)
            made.add(route(world)["metadata"]["uid"])

    assert len(made) == 1
