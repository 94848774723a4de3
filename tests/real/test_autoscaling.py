"""Replicas that follow the load: Kubernetes' own autoscaler, by a metrics API that really answers.

Of KEDA there are its definitions, so that its objects are validated as in a cluster that has it; its
operator does not run here.
"""

import pytest

from gco.cluster.port import EventType
from gco.core.model.names import MANAGER, REPLICAS_MANAGER
from gco.errors import AbsentError
from gco.kinds.registry import DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER, SCALED_OBJECT
from testbed import crds
from testbed.controlplane import ControlPlane
from testbed.metrics_api import MetricsApi
from testbed.skipping import skipping
from tests.real.region import real_region
from tests.waiting import background, eventually

pytestmark = pytest.mark.real

SOON = (
    "--horizontal-pod-autoscaler-sync-period=1s",
    "--horizontal-pod-autoscaler-cpu-initialization-period=1s",
    "--horizontal-pod-autoscaler-initial-readiness-delay=1s",
)
"""What takes a quarter of a minute to minutes otherwise."""
SCALING = {"min": 2, "max": 6, "pollers": {"cooldownSeconds": 3}}
REQUESTED = 1000
"""Millicores that a pod requests unless its spec says otherwise."""
QUEUE = {
    "metrics": [{"type": "waiting", "target": 4}],
    "pollers": {"prometheusAddress": "http://prometheus:9090"},
}


@pytest.fixture(scope="module")
def plane():
    with skipping(), ControlPlane("scaling", controller_flags=SOON) as made:
        crds.install(made, crds.KEDA)
        yield made


@pytest.fixture(scope="module")
def metrics(plane):
    with MetricsApi(plane) as api:
        yield api


class Scaled:
    """One endpoint's Deployment and autoscaler, as the API server has them."""

    def __init__(self, region, name):
        self.region = region
        self.name = name
        self.counts = []

    async def find(self, kind, name=None):
        try:
            return await self.region.cluster.get(kind, self.region.namespace, name or self.name)
        except AbsentError:
            return None

    async def live(self):
        found = await self.find(DEPLOYMENT)
        return found["spec"]["replicas"] if found else None

    async def states(self):
        """Return the managers that state the number of replicas."""
        entries = (await self.find(DEPLOYMENT))["metadata"]["managedFields"]
        return {
            entry["manager"]
            for entry in entries
            if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
        }

    async def reaches(self, count):
        async def there():
            return await self.live() == count

        await eventually(there, within=60, what=f"{count} replicas")

    async def says(self, reason, words):
        """Return once AutoscalerReady says that."""

        async def said():
            conditions = (await self.region.view(self.name)).conditions
            told = [c for c in conditions if c.type == "AutoscalerReady"]
            return any(c.reason == reason and words in c.message for c in told)

        await eventually(said, within=60, what=f"{reason}: {words}")

    async def handed_over(self, kind=HORIZONTAL_POD_AUTOSCALER):
        async def there():
            return bool(await self.find(kind)) and MANAGER not in await self.states()

        await eventually(there, within=60, what="the count handed over")

    async def watch(self):
        """Take down every number that the Deployment ever states."""
        cluster, namespace = self.region.cluster, self.region.namespace
        after = (await self.find(DEPLOYMENT))["metadata"]["resourceVersion"]
        async for event in cluster.watch(DEPLOYMENT, namespace, after=after):
            if event.type is not EventType.BOOKMARK:
                self.counts.append(event.object["spec"]["replicas"])


async def test_replicas_follow_the_load_up_and_down_and_none_is_lost_on_the_way_in_or_out(
    plane, metrics
):
    async with real_region(plane) as region:
        scaled = Scaled(region, "web")
        await region.want("web", replicas=3)
        await region.workload_ready("web", 3)
        metrics.load(region.namespace, "web", millicores=3 * 700)
        async with background(scaled.watch()):
            await region.want("web", replicas=3, autoscaling=SCALING)
            await scaled.handed_over()
            assert await scaled.live() == 3
            assert await scaled.states() == {REPLICAS_MANAGER}
            await scaled.says("AutoscalerReady", "2 to 6 replicas by cpu at 70 %")

            metrics.load(region.namespace, "web", millicores=5 * REQUESTED * 70 // 100)
            await scaled.reaches(5)
            await region.workload_ready("web", 5)
            assert await scaled.states() == {"kube-controller-manager"}

            metrics.load(region.namespace, "web", millicores=2 * REQUESTED * 70 // 100)
            await scaled.reaches(2)
            metrics.load(region.namespace, "web", millicores=4 * REQUESTED * 70 // 100)
            await scaled.reaches(4)
            await region.workload_ready("web", 4)
            assert min(scaled.counts) == 2

            scaled.counts.clear()
            await region.want("web")  # states no count, and no autoscaler any more

            async def ours():
                return MANAGER in await scaled.states()

            await eventually(ours, within=60, what="the count taken back")
            await region.workload_ready("web", 4)
            assert await scaled.find(HORIZONTAL_POD_AUTOSCALER) is None
            assert set(scaled.counts) == {4}


async def test_an_autoscaler_edited_or_deleted_by_hand_comes_back(plane, metrics):
    async with real_region(plane) as region:
        scaled = Scaled(region, "web")
        metrics.load(region.namespace, "web", millicores=2 * 700)
        await region.want("web", autoscaling=SCALING)
        await scaled.handed_over()
        edit = [
            {"op": "replace", "path": "/spec/maxReplicas", "value": 50},
            {"op": "replace", "path": "/spec/metrics", "value": []},
        ]
        await region.cluster.patch(
            HORIZONTAL_POD_AUTOSCALER, region.namespace, "web", edit, manager="kubectl-edit"
        )

        async def healed():
            found = await scaled.find(HORIZONTAL_POD_AUTOSCALER)
            metric = found["spec"]["metrics"][0].get("containerResource", {})
            return found["spec"]["maxReplicas"] == 6 and metric.get("container") == "inference"

        await eventually(healed, within=30, what="the edit undone")
        await region.cluster.delete(HORIZONTAL_POD_AUTOSCALER, region.namespace, "web")

        async def back():
            return await scaled.find(HORIZONTAL_POD_AUTOSCALER)

        await eventually(back, within=30, what="the autoscaler made again")
        assert await scaled.live() == 2


async def test_a_second_autoscaler_is_refused_and_the_count_is_kept(plane):
    async with real_region(plane) as region:
        scaled = Scaled(region, "web")
        await region.want("web", replicas=3)
        await region.workload_ready("web", 3)
        plane.kubectl(
            "autoscale",
            "deployment/web",
            "--name=mine",
            "--min=3",
            "--max=4",
            f"--namespace={region.namespace}",
        )
        await region.want("web", replicas=3, autoscaling=SCALING)
        await scaled.says("SecondAutoscaler", "HorizontalPodAutoscaler mine")
        assert await scaled.find(HORIZONTAL_POD_AUTOSCALER) is None
        assert await scaled.live() == 3

        await region.cluster.delete(HORIZONTAL_POD_AUTOSCALER, region.namespace, "mine")
        await scaled.handed_over()
        assert await scaled.live() == 3


async def test_a_scaled_object_is_what_keda_takes_and_the_count_is_handed_over_to_it(plane):
    async with real_region(plane) as region:
        scaled = Scaled(region, "web")
        await region.want("web", replicas=2, autoscaling={**SCALING, **QUEUE})
        await scaled.handed_over(SCALED_OBJECT)
        assert await scaled.live() == 2
        found = await scaled.find(SCALED_OBJECT)
        assert found["spec"]["triggers"][0]["metadata"]["threshold"] == "4"

        await region.want("web", replicas=2)

        async def gone():
            return await scaled.find(SCALED_OBJECT) is None and MANAGER in await scaled.states()

        await eventually(gone, within=30, what="the count taken back")
        assert await scaled.live() == 2
