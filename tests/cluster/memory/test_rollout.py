"""Deployments become ready pods, and move between templates within their limits."""

import asyncio

import pytest

from gco.cluster.memory import MemoryCluster
from gco.kinds.registry import DEPLOYMENT, POD, REPLICA_SET
from tests.cluster.manifests import deployment
from tests.cluster.memory.world import NAMESPACE, all_of, world
from tests.kubelet import Fate
from tests.virtual_time import until as eventually

pytestmark = pytest.mark.looptime


class Seen:
    """The latest state of one Deployment and its pods, looked at after each change."""

    def __init__(self, cluster: MemoryCluster) -> None:
        self.cluster = cluster

    def status(self, field):
        found = self.cluster.server.get(DEPLOYMENT, NAMESPACE, "web").get("status", {})
        return found.get(field, 0)

    def condition(self, kind):
        conditions = self.status("conditions") or []
        return next((c for c in conditions if c["type"] == kind), {"status": None, "reason": None})

    def done(self, image="model:v1"):
        live = self.cluster.server.get(DEPLOYMENT, NAMESPACE, "web")
        status = live.get("status", {})
        wanted = live["spec"]["replicas"]
        counts = {status.get(n, 0) for n in ("replicas", "updatedReplicas", "availableReplicas")}
        image_now = live["spec"]["template"]["spec"]["containers"][0]["image"]
        current = status.get("observedGeneration") == live["metadata"]["generation"]
        return current and counts == {wanted} and image_now == image


async def test_a_deployment_becomes_ready_and_says_so():
    async with world() as (cluster, _):
        await cluster.apply(DEPLOYMENT, deployment("web", NAMESPACE, replicas=2), manager="gco")
        seen = Seen(cluster)
        await eventually(seen.done)
        assert seen.condition("Available")["status"] == "True"
        assert seen.condition("Progressing")["reason"] == "NewReplicaSetAvailable"
        live = await cluster.get(DEPLOYMENT, NAMESPACE, "web")
        assert live["metadata"]["annotations"]["deployment.kubernetes.io/revision"] == "1"
        (replica_set,) = await all_of(cluster, REPLICA_SET)
        assert replica_set["metadata"]["labels"]["pod-template-hash"]
        assert len(await all_of(cluster, POD)) == 2


@pytest.mark.parametrize(
    ("surge", "unavailable", "least", "most"),
    [
        pytest.param(1, 0, 3, 4, id="surge"),
        pytest.param(0, 1, 2, 3, id="in-place"),
        pytest.param(1, 1, 2, 4, id="both"),
        pytest.param("34%", "0%", 3, 5, id="percent"),
    ],
)
async def test_a_rolling_update_stays_within_its_limits(surge, unavailable, least, most):
    async with world() as (cluster, kubelet):
        manifest = deployment("web", NAMESPACE, replicas=3)
        limits = {"maxSurge": surge, "maxUnavailable": unavailable}
        manifest["spec"]["strategy"]["rollingUpdate"] = limits
        await cluster.apply(DEPLOYMENT, manifest, manager="gco")
        seen = Seen(cluster)
        await eventually(seen.done)
        kubelet.ready_after = 20.0
        manifest["spec"]["template"]["spec"]["containers"][0]["image"] = "model:v2"
        await cluster.apply(DEPLOYMENT, manifest, manager="gco")
        ready, made = [], []
        while not seen.done("model:v2"):
            ready.append(seen.status("availableReplicas"))
            made.append(len(await all_of(cluster, POD)))
            await asyncio.sleep(0.5)
        assert min(ready) >= least
        assert max(made) <= most
        pods = await all_of(cluster, POD)
        assert {pod["spec"]["containers"][0]["image"] for pod in pods} == {"model:v2"}


async def test_recreate_lets_every_old_pod_go_first():
    async with world() as (cluster, kubelet):
        manifest = deployment("web", NAMESPACE, replicas=2)
        manifest["spec"]["strategy"] = {"type": "Recreate"}
        await cluster.apply(DEPLOYMENT, manifest, manager="gco")
        seen = Seen(cluster)
        await eventually(seen.done)
        kubelet.gone_after = 10.0
        manifest["spec"]["template"]["spec"]["containers"][0]["image"] = "model:v2"
        await cluster.apply(DEPLOYMENT, manifest, manager="gco")
        while not seen.done("model:v2"):
            pods = await all_of(cluster, POD)
            assert len({pod["spec"]["containers"][0]["image"] for pod in pods}) <= 1
            await asyncio.sleep(0.5)


@pytest.mark.parametrize("replicas", [0, 1, 5])
async def test_scaling_makes_and_removes_pods(replicas):
    async with world() as (cluster, _):
        await cluster.apply(DEPLOYMENT, deployment("web", NAMESPACE, replicas=2), manager="gco")
        seen = Seen(cluster)
        await eventually(seen.done)
        changed = deployment("web", NAMESPACE, replicas=replicas)
        await cluster.apply(DEPLOYMENT, changed, manager="gco")
        await eventually(seen.done)
        await eventually(lambda: len(cluster.server.storage.table(POD).objects) == replicas)
        assert len(await all_of(cluster, REPLICA_SET)) == 1


async def test_a_return_to_an_old_template_uses_its_replica_set_again():
    async with world() as (cluster, _):
        seen = Seen(cluster)
        for image in ("model:v1", "model:v2", "model:v1"):
            manifest = deployment("web", NAMESPACE, image=image)
            await cluster.apply(DEPLOYMENT, manifest, manager="gco")
            await eventually(lambda image=image: seen.done(image))
        assert len(await all_of(cluster, REPLICA_SET)) == 2


async def test_a_rollout_that_does_not_get_on_says_so_at_its_deadline():
    async with world() as (cluster, kubelet):
        kubelet.image("model:v1", Fate.IMAGE_PULL)
        await cluster.apply(DEPLOYMENT, deployment("web", NAMESPACE), manager="gco")
        seen = Seen(cluster)
        await eventually(
            lambda: seen.condition("Progressing")["reason"] == "ProgressDeadlineExceeded",
            within=700,
        )
        kubelet.image("model:v1", Fate.READY)
        await eventually(seen.done)
        assert seen.condition("Progressing")["status"] == "True"


async def test_a_deleted_pod_is_replaced():
    async with world() as (cluster, _):
        await cluster.apply(DEPLOYMENT, deployment("web", NAMESPACE), manager="gco")
        seen = Seen(cluster)
        await eventually(seen.done)
        (pod,) = await all_of(cluster, POD)
        await cluster.delete(POD, NAMESPACE, pod["metadata"]["name"])
        pods = cluster.server.storage.table(POD).objects
        name = pod["metadata"]["name"]
        await eventually(lambda: seen.done() and all(key[1] != name for key in pods))
        assert len(pods) == 1


async def test_at_rest_nobody_asks_anything():
    async with world() as (cluster, _):
        await cluster.apply(DEPLOYMENT, deployment("web", NAMESPACE, replicas=3), manager="gco")
        await eventually(Seen(cluster).done)
        await asyncio.sleep(30)
        version = cluster.server.storage.version
        await asyncio.sleep(3600)
        assert cluster.server.storage.version == version
