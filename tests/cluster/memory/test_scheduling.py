"""Pods find a node with room, or say in the real scheduler's words why there is none."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.cluster.memory.controllers.placement import Node, place, requests_of
from gco.kinds.registry import DEPLOYMENT, NODE, POD
from tests.cluster.manifests import deployment
from tests.cluster.memory.world import NAMESPACE, all_of, world
from tests.kubelet import add_node
from tests.virtual_time import until as eventually

TAINT = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoSchedule"}


def node(*, gpus="8", taints=(), labels=None, used=None, **spec):
    allocatable = {"cpu": "8", "memory": "64Gi", "pods": "10", "nvidia.com/gpu": gpus}
    manifest = {
        "metadata": {"name": "n", "labels": labels or {}},
        "spec": {"taints": list(taints), **spec},
        "status": {"allocatable": allocatable},
    }
    return Node(manifest, used or {})


def pod(*, gpus="1", cpu="1", **spec):
    requests = {"cpu": cpu, "nvidia.com/gpu": gpus}
    return {"spec": {"containers": [{"resources": {"requests": requests}}], **spec}}


@pytest.mark.parametrize(
    ("nodes", "wanted", "message"),
    [
        pytest.param([], pod(), "no nodes available to schedule pods", id="no-nodes"),
        pytest.param(
            [node(used={"nvidia.com/gpu": 8000})] * 3,
            pod(),
            "0/3 nodes are available: 3 Insufficient nvidia.com/gpu.",
            id="no-gpu-free",
        ),
        pytest.param(
            [node(gpus="0"), node(labels={"x": "y"}, gpus="0")],
            pod(nodeSelector={"x": "y"}),
            "0/2 nodes are available: 1 Insufficient nvidia.com/gpu, "
            "1 node(s) didn't match Pod's node affinity/selector.",
            id="reasons-are-counted",
        ),
        pytest.param(
            [node(taints=[TAINT])],
            pod(),
            "0/1 nodes are available: 1 node(s) had untolerated taint {nvidia.com/gpu: present}.",
            id="taint",
        ),
        pytest.param(
            [node(unschedulable=True)],
            pod(),
            "0/1 nodes are available: 1 node(s) were unschedulable.",
            id="cordoned",
        ),
        pytest.param(
            [node(used={"pods": 10_000})],
            pod(),
            "0/1 nodes are available: 1 Too many pods.",
            id="full-of-pods",
        ),
    ],
)
def test_a_pod_that_fits_nowhere_says_why(nodes, wanted, message):
    found, why = place(wanted, {str(i): each for i, each in enumerate(nodes)})
    assert found is None
    assert why.startswith(message)


@pytest.mark.parametrize(
    ("on", "wanted"),
    [
        pytest.param(
            node(taints=[TAINT]),
            pod(tolerations=[{"key": "nvidia.com/gpu", "operator": "Exists"}]),
            id="tolerated-taint",
        ),
        pytest.param(
            node(taints=[{**TAINT, "effect": "PreferNoSchedule"}]), pod(), id="soft-taint"
        ),
        pytest.param(
            node(labels={"zone": "a"}),
            pod(
                affinity={
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {
                                    "matchExpressions": [
                                        {"key": "zone", "operator": "In", "values": ["a", "b"]},
                                        {"key": "old", "operator": "DoesNotExist"},
                                    ]
                                }
                            ]
                        }
                    }
                }
            ),
            id="affinity",
        ),
        pytest.param(node(used={"cpu": 7500}), pod(cpu="500m"), id="exactly-enough"),
    ],
)
def test_a_pod_that_fits_is_placed(on, wanted):
    assert place(wanted, {"n": on}) == ("n", "")


def test_a_pod_asks_for_its_containers_together_or_for_its_largest_init_container():
    containers = [{"resources": {"requests": {"cpu": "1"}}}] * 2
    inits = [{"resources": {"requests": {"cpu": "3", "memory": "1Ki"}}}]
    wanted = {"spec": {"containers": containers, "initContainers": inits}}
    assert requests_of(wanted) == {"cpu": 3000, "memory": 1_024_000, "pods": 1000}


@given(st.lists(st.integers(0, 4), max_size=8), st.integers(1, 4))
def test_a_node_is_never_given_more_than_it_has(sizes, room):
    used = {"nvidia.com/gpu": 0}
    for size in sizes:
        found, _ = place(pod(gpus=str(size), cpu="0"), {"n": node(gpus=str(room), used=used)})
        if found:
            used["nvidia.com/gpu"] += size * 1000
    assert used["nvidia.com/gpu"] <= room * 1000


def scheduled(manifest):
    conditions = manifest.get("status", {}).get("conditions", ())
    return next((c for c in conditions if c["type"] == "PodScheduled"), {"status": ""})


@pytest.mark.looptime
@pytest.mark.parametrize("frees", ["pod", "node"])
async def test_a_pod_that_waits_is_placed_as_soon_as_anything_frees(frees):
    async with world(gpus=1) as (cluster, _):
        await cluster.apply(DEPLOYMENT, deployment("first", NAMESPACE), manager="gco")
        pods = cluster.server.storage.table(POD).objects
        await eventually(lambda: any(p["spec"].get("nodeName") for p in pods.values()))
        await cluster.apply(DEPLOYMENT, deployment("second", NAMESPACE), manager="gco")
        await eventually(lambda: any(scheduled(p)["status"] == "False" for p in pods.values()))
        (waiting,) = await all_of(cluster, POD, "app=second")
        assert scheduled(waiting)["reason"] == "Unschedulable"
        assert scheduled(waiting)["message"].startswith(
            "0/1 nodes are available: 1 Insufficient nvidia.com/gpu."
        )
        if frees == "pod":
            await cluster.delete(DEPLOYMENT, NAMESPACE, "first")
        else:
            await add_node(cluster, "node-2", gpus=1)
        await eventually(lambda: all(p["spec"].get("nodeName") for p in pods.values()), within=2)


@pytest.mark.looptime
async def test_a_node_whose_capacity_grows_takes_what_waits():
    async with world(gpus=0) as (cluster, _):
        await cluster.apply(DEPLOYMENT, deployment("web", NAMESPACE), manager="gco")
        pods = cluster.server.storage.table(POD).objects
        await eventually(lambda: any(scheduled(p)["status"] == "False" for p in pods.values()))
        live = await cluster.get(NODE, None, "node-1")
        live["status"]["allocatable"]["nvidia.com/gpu"] = "1"
        await cluster.replace(NODE, live, subresource="status")
        await eventually(lambda: all(p["spec"].get("nodeName") for p in pods.values()), within=2)
