"""The route's watchdog on a real control plane: the Ingress goes, and comes back with a pod that answers."""

import pytest

from gco.errors import AbsentError
from gco.kinds.registry import INFERENCE_ENDPOINT, INGRESS
from tests.kubelet import Fate
from tests.real.region import real_region
from tests.waiting import eventually

pytestmark = pytest.mark.real

IMAGE = "vllm/vllm-openai:v1"


@pytest.fixture
async def region(control_plane):
    async with real_region(control_plane, unhealthy_seconds=2) as made:
        yield made


async def routed(region):
    try:
        return bool(await region.cluster.get(INGRESS, region.namespace, "inference-web"))
    except AbsentError:
        return False


async def test_a_route_goes_when_nothing_answers_and_returns_with_the_first_answer(region):
    await region.want("web")
    await region.workload_ready("web", 1)
    await eventually(lambda: routed(region), within=30, what="a route")

    region.kubelet.image(IMAGE, Fate.OUT_OF_MEMORY)
    await region.shows("web", "RouteWithdrawn", "OutOfMemory", "made again when a pod answers")
    assert not await routed(region)
    resource = await region.cluster.get(INFERENCE_ENDPOINT, region.namespace, "web")
    assert resource["status"]["silentSince"]

    region.kubelet.image(IMAGE, Fate.READY)
    await eventually(lambda: routed(region), within=30, what="the route again")
    await region.workload_ready("web", 1)
