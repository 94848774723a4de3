"""A rollout ends where there are fewer accelerators than replicas, and the last ready pod stays.

Invariant: pods without room count as missing already. A rollout may miss one pod more than those, so
that a new version reaches every pod that has room; whoever changes the count meanwhile, one ready pod
stays unless `rollout.allowDowntime` permits otherwise. A template that no node takes costs a bounded
number of ready pods.
"""

import asyncio

import pytest

from gco.core.model.names import UNAVAILABLE_ANNOTATION
from gco.kinds.registry import DEPLOYMENT, NODE, POD
from tests.builders import WEB
from tests.kubelet import add_node
from tests.scenario.canary_world import pods
from tests.scenario.region_world import GPU_NODE, NS
from tests.scenario.scaling_world import handed_over, scale_by_hand
from tests.scenario.test_endpoint_rollout import NEW, fewest, history, ready_pods, region
from tests.virtual_time import until

pytestmark = pytest.mark.looptime(noop_cycles=0)

GAP = {"allowDowntime": True}
LATER = "vllm/vllm-openai:v3"


def serving(world, image):
    return len(pods(world, WEB, image=image))


def unavailable(world):
    return world.find(DEPLOYMENT, WEB)["spec"]["strategy"]["rollingUpdate"]["maxUnavailable"]


def noted(world):
    return world.find(DEPLOYMENT, WEB)["metadata"]["annotations"].get(UNAVAILABLE_ANNOTATION)


@pytest.mark.parametrize(
    ("replicas", "gpus", "stated", "least"),
    [
        pytest.param(8, 6, {}, 5, id="six-of-eight"),
        pytest.param(3, 2, {}, 1, id="two-of-three"),
        pytest.param(8, 2, {}, 1, id="two-of-eight"),
        pytest.param(3, 2, {"rollout": {"strategy": "in-place"}}, 1, id="in-place-is-stated"),
        pytest.param(3, 1, {"rollout": GAP}, 0, id="the-last-one-may-go"),
    ],
)
async def test_every_pod_that_has_room_gets_the_new_version(clock, replicas, gpus, stated, least):
    async with region(clock, gpus=gpus) as world:
        await world.want(replicas=replicas, **stated)
        await until(lambda: ready_pods(world, WEB) == gpus)
        await asyncio.sleep(60)
        world.kubelet.ready_after = 40.0
        async with fewest(world, WEB) as seen:
            await world.want(revision=2, replicas=replicas, image=NEW, **stated)
            await until(lambda: serving(world, NEW) == gpus, within=3600)
        assert min(seen) == least


async def test_where_all_but_one_have_no_room_the_status_says_how_to_let_the_last_one_go(clock):
    async with region(clock, gpus=1) as world:
        await world.want(replicas=3)
        await until(lambda: ready_pods(world, WEB) == 1)
        await world.want(revision=2, replicas=3, image=NEW)
        await until(lambda: "rollout.allowDowntime" in world.status().message, within=300)
        assert (ready_pods(world, WEB), serving(world, NEW)) == (1, 0)

        await world.want(revision=3, replicas=3, image=NEW, rollout=GAP)
        await until(lambda: serving(world, NEW) == 1)


async def lose_a_node(world, pod):
    """Take a pod's node away, and the pod, as a cloud and the collector of pods do."""
    lost = world.find(POD, pod)
    await world.person.delete(NODE, None, lost["spec"]["nodeName"])
    await world.person.delete(POD, NS, lost["metadata"]["name"], grace_seconds=0)


async def test_a_node_that_is_lost_during_a_rollout_does_not_stop_it(clock):
    """And what may be missing only rises, until the rollout ended."""
    async with region(clock, gpus=1) as world:
        for name in ("n2", "n3", "n4"):
            await add_node(world.person, name, gpus=1, labels=GPU_NODE)
        await world.want(replicas=4)
        await world.ready()
        world.kubelet.ready_after = 10.0
        told = history(lambda: (noted(world), unavailable(world)))
        async with fewest(world, WEB) as seen, told as steps:
            await world.want(revision=2, replicas=4, image=NEW)
            await until(lambda: serving(world, NEW) == 1)
            await lose_a_node(world, pods(world, WEB, image=NEW)[0])
            await until(lambda: serving(world, NEW) == 3, within=600)
        assert steps == [(None, 0), (None, 1), ("50", "50%"), (None, 0)]
        assert min(seen) == 2

        await add_node(world.person, "n5", gpus=1, labels=GPU_NODE)
        await until(lambda: serving(world, NEW) == 4)
        await asyncio.sleep(60)
        assert (noted(world), unavailable(world)) == (None, 0)
        await world.want(revision=3, replicas=4, image=LATER)
        await until(lambda: serving(world, LATER) == 1)
        assert (noted(world), unavailable(world)) == (None, 1)
        await until(lambda: serving(world, LATER) == 4)


async def test_a_template_that_no_node_takes_costs_two_ready_pods_at_most(clock):
    async with region(clock, gpus=6) as world:
        await world.want(replicas=6)
        await world.ready()
        async with fewest(world, WEB) as seen:
            await world.want(revision=2, replicas=6, image=NEW, resources={"count": 7})
            await asyncio.sleep(240)
        assert min(seen) >= 4


async def test_a_pod_whose_place_is_about_to_be_free_is_not_counted_as_without_room(clock):
    async with region(clock, gpus=4) as world:
        await world.want(replicas=4)
        await world.ready()
        world.kubelet.gone_after, world.kubelet.ready_after = 45.0, 10.0
        async with fewest(world, WEB) as seen:
            await world.want(revision=2, replicas=4, image=NEW)
            await world.ready(revision=2)
        assert (min(seen), noted(world)) == (3, None)


async def test_without_rights_on_nodes_a_pod_counts_after_ten_minutes(clock):
    async with region(clock, gpus=2, counted=False) as world:
        await world.want(replicas=3)
        await until(lambda: ready_pods(world, WEB) == 2)
        world.kubelet.ready_after = 20.0
        async with fewest(world, WEB) as seen:
            await world.want(revision=2, replicas=3, image=NEW)
            await until(lambda: serving(world, NEW) == 2, within=700)
        assert min(seen) == 1


@pytest.mark.parametrize("least", [2, 4])
async def test_an_autoscaler_that_wants_more_than_there_is_and_goes_down_in_between(clock, least):
    scaled = {"min": least, "max": 8}
    async with region(clock, gpus=6) as world:
        await world.want(replicas=8, autoscaling=scaled)
        await until(lambda: handed_over(world))
        await scale_by_hand(world, 8)
        await until(lambda: ready_pods(world, WEB) == 6)
        await asyncio.sleep(60)
        world.kubelet.ready_after = 20.0
        async with fewest(world, WEB) as seen:
            await world.want(revision=2, replicas=8, autoscaling=scaled, image=NEW)
            await until(lambda: serving(world, NEW) == 2)
            assert unavailable(world) == "38%"
            await scale_by_hand(world, least)
            await until(lambda: serving(world, NEW) == least)
        assert min(seen) >= 1
