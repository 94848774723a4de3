"""Rollouts by what is free: a new pod first where it fits, in place where not, never stuck, never dark."""

import asyncio
import contextlib

import pytest

from gco.controllers.sync.surroundings import Surroundings
from gco.core.model.names import ROLLOUT_ANNOTATION
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, DEPLOYMENT, POD
from tests.karpenter import nodeclaim_definition
from tests.kubelet import add_node
from tests.scenario.region_world import GPU_NODE, NS, World
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

NEW = "vllm/vllm-openai:v2"


@contextlib.asynccontextmanager
async def region(clock, *, gpus=8, counted=True):
    """A region whose nodes are counted, or not, and whose every run is watched for readiness."""
    world = World(clock)
    await world.install(gpus=gpus)
    surroundings = Surroundings(world.monitor, [NS])
    told = {"supply": surroundings} if counted else {}
    async with background(surroundings.run(), *world.loops(**told)):
        await asyncio.sleep(1)
        yield world


def ready_pods(world, name):
    pods = [p for p in world.all(POD).values() if p["metadata"]["labels"].get("app") == name]
    conditions = [c for p in pods for c in p.get("status", {}).get("conditions", ())]
    return sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


def chosen(world, name):
    found = world.find(DEPLOYMENT, name)["metadata"]["annotations"]
    return found.get(ROLLOUT_ANNOTATION)


@contextlib.asynccontextmanager
async def fewest(world, name):
    """Keep the smallest count of ready pods while the block runs."""
    seen = [ready_pods(world, name)]

    async def look():
        while True:
            seen.append(ready_pods(world, name))
            await asyncio.sleep(0.05)

    async with background(look()):
        yield seen


@contextlib.asynccontextmanager
async def history(read):
    """Keep what `read` returns, each change of it once, while the block runs and a second longer."""
    seen = [read()]

    async def look():
        while True:
            if read() != seen[-1]:
                seen.append(read())
            await asyncio.sleep(0.05)

    async with background(look()):
        yield seen
        await asyncio.sleep(1)


def choices(world, name):
    """Keep how the endpoint's pods are replaced, one choice after the other."""
    return history(lambda: chosen(world, name))


async def test_with_every_accelerator_taken_pods_are_replaced_in_place_one_at_a_time(clock):
    async with region(clock) as world:
        for name in ("web", "other"):
            await world.want(name, replicas=4)
            await world.ready(name)
        others = {n for n in world.all(POD) if n.startswith("other")}
        world.kubelet.ready_after = 2.0

        async with fewest(world, "web") as seen, choices(world, "web") as steps:
            await world.want("web", revision=2, replicas=4, image=NEW)
            await world.ready("web", revision=2)

        assert steps == ["surge", "in-place", "surge"]
        assert min(seen) == 3
        assert others == {n for n in world.all(POD) if n.startswith("other")}


async def test_with_one_free_a_new_pod_comes_first_and_none_is_missed(clock):
    async with region(clock) as world:
        await world.want(replicas=7)
        await world.ready()
        world.kubelet.ready_after = 2.0

        async with fewest(world, "web") as seen:
            await world.want(revision=2, replicas=7, image=NEW)
            await world.ready(revision=2)

        assert chosen(world, "web") == "surge"
        assert min(seen) == 7


async def test_devices_that_are_free_on_several_nodes_are_no_room_for_one_pod(clock):
    async with region(clock, gpus=4) as world:
        await add_node(world.person, "n2", gpus=4, labels=GPU_NODE)
        await world.want(replicas=2, resources={"count": 3})
        await world.ready()

        world.kubelet.ready_after = 2.0
        async with choices(world, "web") as steps:
            await world.want(revision=2, replicas=2, resources={"count": 3}, image=NEW)
            await world.ready(revision=2)

        assert "in-place" in steps


async def test_two_rollouts_do_not_count_on_the_same_free_device(clock):
    async with region(clock) as world:
        for name, replicas in (("web", 4), ("other", 3)):
            await world.want(name, replicas=replicas)
            await world.ready(name)
        world.kubelet.ready_after = 5.0

        async with choices(world, "web") as web, choices(world, "other") as other:
            for name, replicas in (("web", 4), ("other", 3)):
                await world.want(name, revision=2, replicas=replicas, image=NEW)
            for name in ("web", "other"):
                await world.ready(name, revision=2)

        assert sorted([web, other]) == [["surge"], ["surge", "in-place", "surge"]]


async def test_a_single_pod_serves_on_until_there_is_room_and_says_how_to_let_it_go(clock):
    async with region(clock) as world:
        await world.want(replicas=1)
        await world.want("other", replicas=7)
        await world.ready()
        await world.ready("other")

        async with fewest(world, "web") as seen:
            await world.want(revision=2, image=NEW)
            await until(lambda: world.reason() == "WaitingForGPU")
            assert "rollout.allowDowntime" in world.status().message
            await asyncio.sleep(3600)
            assert not world.is_ready()

            await world.want("other", revision=2, replicas=6)
            await world.ready(revision=2)
        assert min(seen) == 1


async def test_a_gap_that_is_allowed_meanwhile_ends_the_wait(clock):
    async with region(clock, gpus=1) as world:
        await world.want()
        await world.ready()
        await world.want(revision=2, image=NEW)
        await until(lambda: world.reason() == "WaitingForGPU")

        world.kubelet.gone_after = 2.0
        async with choices(world, "web") as steps:
            await world.want(revision=3, image=NEW, rollout={"allowDowntime": True})
            await world.ready(revision=3)
        assert ready_pods(world, "web") == 1
        assert steps[0] == steps[-1] == "surge"


async def test_a_new_pod_that_stays_pending_for_what_was_not_counted_is_planned_anew(clock):
    async with region(clock) as world:
        cpu = {"requests": {"cpu": "20"}, "limits": {"cpu": "20"}}
        await world.want(replicas=3, resources=cpu)
        await world.ready()

        await world.want(revision=2, replicas=3, resources=cpu, image=NEW)
        begun = asyncio.get_running_loop().time()
        world.kubelet.ready_after = 2.0
        await until(lambda: chosen(world, "web") == "in-place")
        await world.ready(revision=2)

        assert 29 <= asyncio.get_running_loop().time() - begun < 40


async def test_where_nodes_are_made_a_new_pod_comes_first_for_as_long_as_a_node_takes(clock):
    async with region(clock) as world:
        await world.person.apply(
            CUSTOM_RESOURCE_DEFINITION, nodeclaim_definition(), manager="kubectl"
        )
        await asyncio.sleep(5)
        await world.want(replicas=8)
        await world.ready()

        await world.want(revision=2, replicas=8, image=NEW)
        world.kubelet.ready_after = 2.0
        await asyncio.sleep(500)
        assert chosen(world, "web") == "surge"
        assert ready_pods(world, "web") == 8

        await until(lambda: chosen(world, "web") == "in-place", within=120)
        await world.ready(revision=2)


async def test_at_rest_neither_a_changed_count_nor_changed_room_touches_the_strategy(clock):
    """It is a surge, with which no pod goes before another is ready, whatever anybody does."""
    async with region(clock) as world:
        await world.want(replicas=4)
        await world.ready()
        await world.want(revision=2, replicas=4, image=NEW)
        await world.ready(revision=2)
        strategy = world.find(DEPLOYMENT, "web")["spec"]["strategy"]

        await world.want("other", replicas=4)
        await world.ready("other")
        await world.want(revision=3, replicas=1, image=NEW)
        await world.ready(revision=3)
        await world.quiet()
        writes = world.monitor.writes
        await add_node(world.person, "n2", gpus=8, labels=GPU_NODE)
        await asyncio.sleep(600)

        assert world.find(DEPLOYMENT, "web")["spec"]["strategy"] == strategy
        assert strategy["rollingUpdate"] == {"maxSurge": 1, "maxUnavailable": 0}
        assert chosen(world, "web") == "surge"
        assert world.monitor.writes == writes


async def test_where_nothing_is_counted_one_goes_and_one_comes(clock):
    async with region(clock, counted=False) as world:
        await world.want(replicas=8)
        await world.ready()

        world.kubelet.ready_after = 2.0
        await world.want(revision=2, replicas=8, image=NEW)
        await until(lambda: chosen(world, "web") is None)
        told = world.find(DEPLOYMENT, "web")["spec"]["strategy"]["rollingUpdate"]
        assert told == {"maxSurge": 1, "maxUnavailable": "13%"}
        await world.ready(revision=2)


async def test_a_monitor_that_takes_over_goes_on_with_the_rollout_as_it_was_chosen(clock):
    world = World(clock)
    await world.install()
    surroundings = Surroundings(world.monitor, [NS])
    async with background(surroundings.run(), *world.others()):
        async with background(world.controller(supply=surroundings).run()):
            await world.want(replicas=8)
            await world.ready()
            world.kubelet.ready_after = 5.0
            await world.want(revision=2, replicas=8, image=NEW)
            await until(lambda: chosen(world, "web") == "in-place")
            await asyncio.sleep(7)

        async with (
            background(world.controller(supply=surroundings).run()),
            choices(world, "web") as steps,
        ):
            await world.ready(revision=2)
        assert steps == ["in-place", "surge"]
