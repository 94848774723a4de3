"""The memory cluster's autoscaler: bounds, targets, its patience, and what it says without metrics."""

import asyncio

import pytest

from gco.kinds.registry import DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER
from tests.cluster.manifests import deployment
from tests.cluster.memory.world import NAMESPACE, world
from tests.virtual_time import until

pytestmark = pytest.mark.looptime


def autoscaler(low=2, high=6, window=60):
    target = {"type": "Utilization", "averageUtilization": 50}
    metric = {"type": "Resource", "resource": {"name": "cpu", "target": target}}
    return {
        "apiVersion": HORIZONTAL_POD_AUTOSCALER.api_version,
        "kind": HORIZONTAL_POD_AUTOSCALER.name,
        "metadata": {"name": "web", "namespace": NAMESPACE},
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
            "minReplicas": low,
            "maxReplicas": high,
            "metrics": [metric],
            "behavior": {"scaleDown": {"stabilizationWindowSeconds": window}},
        },
    }


def replicas(cluster):
    return cluster.server.get(DEPLOYMENT, NAMESPACE, "web")["spec"]["replicas"]


def condition(cluster, kind):
    found = cluster.server.get(HORIZONTAL_POD_AUTOSCALER, NAMESPACE, "web").get("status", {})
    return next((c["reason"] for c in found.get("conditions", ()) if c["type"] == kind), None)


async def scaled(cluster, **bounds):
    await cluster.create(DEPLOYMENT, deployment("web", NAMESPACE, replicas=3))
    await cluster.create(HORIZONTAL_POD_AUTOSCALER, autoscaler(**bounds))


@pytest.mark.parametrize(
    ("load", "count"),
    [
        pytest.param(250, 5, id="up"),
        pytest.param(150, 3, id="on-target"),
        pytest.param(160, 3, id="within-the-tolerance"),
        pytest.param(900, 6, id="no-more-than-the-maximum"),
        pytest.param(0, 2, id="no-less-than-the-minimum"),
    ],
)
async def test_the_count_follows_the_load(load, count):
    async with world() as (cluster, _):
        await scaled(cluster)
        cluster.server.loads.set(NAMESPACE, "web", cpu=load)

        await until(lambda: replicas(cluster) == count, within=120)
        await asyncio.sleep(300)
        assert replicas(cluster) == count
        assert condition(cluster, "ScalingActive") == "ValidMetricFound"


async def test_fewer_replicas_must_have_been_enough_for_a_while():
    async with world() as (cluster, _):
        await scaled(cluster)
        cluster.server.loads.set(NAMESPACE, "web", cpu=250)
        await until(lambda: replicas(cluster) == 5)
        cluster.server.loads.set(NAMESPACE, "web", cpu=100)
        await asyncio.sleep(50)
        assert replicas(cluster) == 5

        await until(lambda: replicas(cluster) == 2, within=20)


async def test_without_metrics_it_keeps_the_bounds_and_says_so():
    async with world() as (cluster, _):
        await scaled(cluster, low=4)

        await until(lambda: replicas(cluster) == 4)
        assert condition(cluster, "ScalingActive") == "FailedGetResourceMetric"


async def test_none_wanted_switches_it_off():
    async with world() as (cluster, _):
        await scaled(cluster)
        edit = [{"op": "replace", "path": "/spec/replicas", "value": 0}]
        await cluster.patch(DEPLOYMENT, NAMESPACE, "web", edit, manager="kubectl")
        cluster.server.loads.set(NAMESPACE, "web", cpu=500)

        await until(lambda: condition(cluster, "ScalingActive") == "ScalingDisabled")
        await asyncio.sleep(60)
        assert replicas(cluster) == 0
