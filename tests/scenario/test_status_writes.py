"""A status is written only when something about its own endpoint changed."""

import asyncio

import pytest

from gco.controllers.sync.surroundings import Surroundings
from gco.kinds.registry import INFERENCE_ENDPOINT, NODE, POD
from tests.kubelet import add_node
from tests.scenario.region_world import GPU_NODE, NS, World
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

WAITERS = {
    "gpus-taken": ("WaitingForGPU", {"resources": {"count": 8}}),
    "nodes-too-small": ("WaitingForGPU", {"resources": {"count": 16}}),
    "other-nodes": (
        "WaitingForGPU",
        {"resources": {"count": 8}, "scheduling": {"nodeSelector": {"pool": "large"}}},
    ),
    "no-such-node": (
        "NoMatchingNode",
        {"resources": {"accelerator": "none"}, "scheduling": {"nodeSelector": {"pool": "none"}}},
    ),
    "too-little-memory": (
        "InsufficientCapacity",
        {"resources": {"accelerator": "none", "requests": {"memory": "1Ti"}}},
    ),
}
"""What endpoints wait for: the reason that Ready gives, and the spec."""
OF_EACH = 2


def of_others(name, gpus):
    requests = {"requests": {"nvidia.com/gpu": str(gpus)}, "limits": {"nvidia.com/gpu": str(gpus)}}
    container = {"name": "job", "image": "job", "resources": requests}
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": NS},
        "spec": {"containers": [container]},
    }


async def test_endpoints_that_wait_for_room_write_no_status_while_others_come_and_go(clock):
    """How much is free, and on how many nodes, is not about the endpoints that wait.

    Otherwise all endpoints that wait write their status whenever a pod of another team comes or goes,
    and each write goes to the store and to the fleet.
    """
    world = World(clock)
    await world.install(gpus=8)
    await add_node(world.person, "n2", gpus=8, labels=GPU_NODE)
    await add_node(world.person, "n3", gpus=4, labels={"pool": "large", **GPU_NODE})
    surroundings = Surroundings(world.monitor, [NS])
    async with background(surroundings.run(), *world.loops(supply=surroundings)):
        for node in ("n1", "n2"):
            holds = of_others(f"holds-{node}", 1)
            holds["spec"]["nodeName"] = node
            await world.person.create(POD, holds)
        await asyncio.sleep(1)
        for kind, (_, spec) in WAITERS.items():
            for number in range(OF_EACH):
                await world.want(f"{kind}-{number}", **spec)
        for kind, (reason, _) in WAITERS.items():
            await until(lambda n=f"{kind}-{OF_EACH - 1}", r=reason: world.reason(name=n) == r)
        await world.quiet()
        words = {pod["status"]["conditions"][0]["message"] for pod in waiting(world)}
        written = dict(world.monitor.requests)

        seen = set()
        for number in range(6):
            await world.person.create(POD, of_others(f"job-{number}", 1 + number % 7))
            await add_node(world.person, f"plain-{number}")
            await asyncio.sleep(5)
            seen |= {pod["status"]["conditions"][0]["message"] for pod in waiting(world)}
            await world.person.delete(POD, NS, f"job-{number}")
            if number % 2:
                await world.person.delete(NODE, None, f"plain-{number}")
            await asyncio.sleep(5)

        assert len(seen - words) >= len(WAITERS)
        assert dict(world.monitor.requests) == written
        assert {world.reason(name=f"{kind}-0") for kind in WAITERS} == {
            reason for reason, _ in WAITERS.values()
        }
        assert ("apply", INFERENCE_ENDPOINT.name) in written


def waiting(world):
    """The pods that have no node."""
    return [pod for pod in world.all(POD).values() if not pod["spec"].get("nodeName")]
