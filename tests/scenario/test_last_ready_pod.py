"""The last ready pod stays until its replacement is ready, whoever writes, unless downtime is allowed.

Invariant: neither a write of ours, nor one of anybody else while our last write stands, lets the last
ready pod go unless `rollout.allowDowntime` permits it. So the strategy follows the smallest count that
can occur (the spec's, an autoscaler's minimum, that of the moment), and is applied with the count.
"""

import asyncio

import pytest

from gco.kinds.registry import DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER
from tests.builders import WEB
from tests.scenario.region_world import NS
from tests.scenario.scaling_world import an_autoscaler, handed_over, scale_by_hand
from tests.scenario.test_endpoint_rollout import NEW, chosen, fewest, ready_pods, region
from tests.virtual_time import until

pytestmark = pytest.mark.looptime(noop_cycles=0)

NEWER = "vllm/vllm-openai:v3"


def rolling_update(world):
    return world.find(DEPLOYMENT, WEB)["spec"]["strategy"]["rollingUpdate"]


async def restart(world):
    """Restart the pods as `kubectl rollout restart` does."""
    path = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt"
    edit = [{"op": "add", "path": path, "value": "2026-01-01T00:00:00Z"}]
    await world.person.patch(DEPLOYMENT, NS, WEB, edit, manager="kubectl-rollout")


async def test_a_scale_to_one_during_a_rollout_in_place_keeps_a_pod_ready(clock):
    async with region(clock, gpus=4) as world:
        await world.want(replicas=4)
        await world.ready()
        world.kubelet.ready_after = 60.0
        async with fewest(world, WEB) as seen:
            await world.want(revision=2, replicas=4, image=NEW)
            await until(lambda: chosen(world, WEB) == "in-place" and ready_pods(world, WEB) == 3)
            await world.want(revision=3, replicas=1, image=NEW)
            await until(lambda: world.find(DEPLOYMENT, WEB)["spec"]["replicas"] == 1)
            assert rolling_update(world) == {"maxSurge": 1, "maxUnavailable": 0}
            await world.ready(revision=3)
        assert min(seen) >= 1


async def test_a_restart_by_hand_of_a_single_pod_that_was_several_keeps_it_ready(clock):
    async with region(clock, gpus=4) as world:
        await world.want(replicas=4)
        await world.ready()
        await world.want(revision=2, replicas=4, image=NEW)
        await world.ready(revision=2)
        await world.want(revision=3, replicas=1, image=NEW)
        await world.ready(revision=3)
        world.kubelet.ready_after = 60.0
        async with fewest(world, WEB) as seen:
            await restart(world)
            await asyncio.sleep(300)
        assert min(seen) >= 1


@pytest.mark.parametrize(
    ("autoscaling", "strategy"),
    [
        pytest.param({"min": 1, "max": 6}, "surge", id="may-go-down-to-one"),
        pytest.param({"min": 2, "max": 6}, "in-place", id="keeps-two"),
    ],
)
async def test_an_autoscaler_that_scales_down_during_a_rollout_keeps_a_pod_ready(
    clock, autoscaling, strategy
):
    async with region(clock, gpus=4) as world:
        await world.want(replicas=4)
        await world.ready()
        await world.want(revision=2, replicas=4, autoscaling=autoscaling)
        await until(lambda: handed_over(world))
        await world.ready(revision=2)
        world.kubelet.ready_after = 60.0
        async with fewest(world, WEB) as seen:
            await world.want(revision=3, replicas=4, autoscaling=autoscaling, image=NEW)
            await until(lambda: chosen(world, WEB) == strategy)
            await asyncio.sleep(20)
            await scale_by_hand(world, autoscaling["min"])
            await world.ready(revision=3)
        assert min(seen) >= 1


async def test_autoscaling_off_one_replica_and_a_new_image_in_one_apply(clock):
    """A neighbour waits for the accelerators that the scale-down frees."""
    scaled = {"min": 2, "max": 6}
    async with region(clock, gpus=3) as world:
        await world.want(replicas=3)
        await world.ready()
        await world.want(revision=2, replicas=3, autoscaling=scaled)
        await until(lambda: handed_over(world))
        await world.want("other", replicas=3)
        await asyncio.sleep(60)
        async with fewest(world, WEB) as seen:
            await world.want(revision=3, replicas=1, image=NEW)
            await asyncio.sleep(3600)
        assert min(seen) >= 1


@pytest.mark.parametrize("resources", [{}, {"accelerator": "none"}], ids=["gpu", "cpu"])
async def test_an_autoscaler_of_someone_else_may_go_down_to_one(clock, resources):
    async with region(clock, gpus=4) as world:
        stated = {"resources": resources} if resources else {}
        await world.want(replicas=4, **stated)
        await world.ready()
        await world.person.create(HORIZONTAL_POD_AUTOSCALER, an_autoscaler("mine", minReplicas=1))
        await asyncio.sleep(60)
        world.kubelet.ready_after = 60.0
        async with fewest(world, WEB) as seen:
            await world.want(revision=2, replicas=4, image=NEW, **stated)
            await asyncio.sleep(20)
            await scale_by_hand(world, 1)
            await asyncio.sleep(600)
        assert rolling_update(world)["maxUnavailable"] == 0
        assert min(seen) >= 1


async def test_an_autoscaler_of_someone_else_that_keeps_two_lets_pods_be_replaced_in_place(clock):
    """And where its minimum is lowered meanwhile, the strategy follows before it can act."""
    async with region(clock, gpus=4) as world:
        await world.want(replicas=4)
        await world.ready()
        await world.person.create(HORIZONTAL_POD_AUTOSCALER, an_autoscaler("mine", minReplicas=2))
        await asyncio.sleep(60)
        world.kubelet.ready_after = 60.0
        async with fewest(world, WEB) as seen:
            await world.want(revision=2, replicas=4, image=NEW)
            await until(lambda: chosen(world, WEB) == "in-place")
            await scale_by_hand(world, 2)
            await until(lambda: ready_pods(world, WEB) == 1)
            edit = [{"op": "replace", "path": "/spec/minReplicas", "value": 1}]
            await world.person.patch(HORIZONTAL_POD_AUTOSCALER, NS, "mine", edit, manager="kubectl")
            await until(lambda: rolling_update(world)["maxUnavailable"] == 0)
            await scale_by_hand(world, 1)
            await asyncio.sleep(300)
        assert min(seen) >= 1
