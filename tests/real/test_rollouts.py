"""Rollouts on the real scheduler and Deployment controller: eight accelerators, and endpoints that fill them."""

import asyncio
import contextlib

import pytest

from gco.core.model.ids import EndpointName
from gco.core.model.names import ROLLOUT_ANNOTATION
from gco.kinds.registry import DEPLOYMENT
from testbed import crds
from tests.real.region import real_region
from tests.waiting import background, eventually

pytestmark = pytest.mark.real

NEW = "vllm/vllm-openai:v2"
GAP = {"allowDowntime": True}


@pytest.fixture(scope="module")
def plane(control_plane):
    """A control plane of a cluster where nobody makes nodes."""
    crds.remove(control_plane, crds.KARPENTER)
    yield control_plane
    crds.install(control_plane, crds.KARPENTER)


@pytest.fixture
async def region(plane):
    async with real_region(plane, gpus=8) as made:
        yield made


async def chosen(region, name):
    found = await region.cluster.get(DEPLOYMENT, region.namespace, name)
    return found["metadata"]["annotations"].get(ROLLOUT_ANNOTATION)


async def answering(region, name):
    pods = (await region.pods(name)).values()
    conditions = [c for p in pods for c in p.get("status", {}).get("conditions", ())]
    return sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


@contextlib.asynccontextmanager
async def fewest(region, name):
    """Collect how many pods answer while the block runs."""
    seen = [await answering(region, name)]

    async def look():
        while True:
            seen.append(await answering(region, name))
            await asyncio.sleep(0.1)

    async with background(look()):
        yield seen


@contextlib.asynccontextmanager
async def choices(region, *names):
    """Collect how the pods of each endpoint are replaced while the block runs."""
    seen = {name: {await chosen(region, name)} for name in names}

    async def look():
        while True:
            for name, steps in seen.items():
                steps.add(await chosen(region, name))
            await asyncio.sleep(0.05)

    async with background(look()):
        yield seen


async def test_endpoints_that_fill_every_accelerator_are_rolled_out_together(region):
    counts = {"web": 4, "other": 3, "third": 1}
    for name, replicas in counts.items():
        await region.want(name, replicas=replicas, rollout=GAP)
    for name, replicas in counts.items():
        await region.workload_ready(name, replicas)

    region.kubelet.ready_after = 1.0
    async with fewest(region, "web") as seen, choices(region, *counts) as steps:
        for name, replicas in counts.items():
            await region.want(name, replicas=replicas, rollout=GAP, image=NEW)
        for name, replicas in counts.items():
            await region.workload_ready(name, replicas)

    assert "in-place" in steps["web"] & steps["other"]
    assert min(seen) >= 3


async def test_with_one_free_one_rollout_makes_a_new_pod_first_and_the_other_goes_in_place(region):
    region.kubelet.ready_after = 1.0
    counts = {"web": 4, "other": 3}
    for name, replicas in counts.items():
        await region.want(name, replicas=replicas)
    for name, replicas in counts.items():
        await region.workload_ready(name, replicas)

    async with choices(region, *counts) as steps:
        for name, replicas in counts.items():
            await region.want(name, replicas=replicas, image=NEW)
        for name, replicas in counts.items():
            await region.workload_ready(name, replicas)

    assert sorted("in-place" in seen for seen in steps.values()) == [False, True]


async def test_a_single_pod_is_not_taken_away_for_want_of_room(region):
    await region.want("web")
    await region.want("other", replicas=7)
    await region.workload_ready("web", 1)
    await region.workload_ready("other", 7)

    async with fewest(region, "web") as seen:
        await region.want("web", image=NEW)
        await region.shows("web", "WaitingForGPU", "has 1 free", "rollout.allowDowntime")
        assert await answering(region, "web") == 1

        await region.want("other", replicas=6)
        await region.workload_ready("web", 1)
    assert min(seen) == 1


async def test_a_scale_to_one_during_a_rollout_in_place_keeps_a_pod_ready(region):
    four = {"replicas": 4, "resources": {"count": 2}}
    await region.want("web", **four)
    await region.workload_ready("web", 4)
    region.kubelet.ready_after = 4.0

    async with fewest(region, "web") as seen:
        await region.want("web", image=NEW, **four)

        async def goes_in_place():
            in_place = await chosen(region, "web") == "in-place"
            return in_place and await answering(region, "web") == 3

        await eventually(goes_in_place, within=60)
        await region.service.scale(EndpointName("web"), replicas=1)
        await region.workload_ready("web", 1)
    assert min(seen) >= 1


async def test_downtime_that_is_allowed_ends_the_wait(region):
    await region.want("web", resources={"count": 8})
    await region.workload_ready("web", 1)

    await region.want("web", resources={"count": 8}, image=NEW)
    await region.shows("web", "WaitingForGPU", "8 × nvidia.com/gpu requested")  # noqa: RUF001
    await region.want("web", resources={"count": 8}, image=NEW, rollout=GAP)
    await region.workload_ready("web", 1)


async def test_where_karpenter_makes_nodes_a_new_pod_comes_first_and_in_place_when_it_cannot(
    region, plane
):
    await asyncio.to_thread(crds.install, plane, crds.KARPENTER)
    try:
        await eventually(lambda: elastic(region), within=60, what="nodes are made here")
        await region.want("web", replicas=8)
        await region.workload_ready("web", 8)

        await region.want("web", replicas=8, image=NEW)

        async def surged():
            return await chosen(region, "web") == "surge" and await pending(region, "web")

        pod = await eventually(surged, within=60)
        region.kubelet.ready_after = 1.0
        words = "Failed to schedule pod, all available instance types exceed limits"
        await region.note(pod, "FailedScheduling", words, by="karpenter")
        await region.shows("web", "InsufficientCapacity", "exceed limits")

        async with choices(region, "web") as steps:
            await region.workload_ready("web", 8)
        assert "in-place" in steps["web"]
    finally:
        await asyncio.to_thread(crds.remove, plane, crds.KARPENTER)


async def elastic(region):
    """Whether the region has said so: its heartbeat tells."""
    (info,) = await region.service.regions()
    return info.region.elastic


async def pending(region, name):
    pods = await region.pods(name)
    return next((n for n, p in pods.items() if not p["spec"].get("nodeName")), "")
