"""Autoscalers on what real processes use: measured as a metrics server does, decided as Kubernetes does."""

import asyncio
import os
import sys

import pytest

from gco.cluster.memory import MemoryCluster
from gco.cluster.memory.controllers import run_controllers
from gco.kinds.registry import DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER
from gco.sandbox.config import ImageConfig, NodeConfig, SandboxConfig
from gco.sandbox.kubelet import Kubelet
from gco.sandbox.metrics import MetricsServer
from gco.sandbox.metrics.usage import usage
from tests.waiting import background, eventually

NETWORK = 98
SPIN = "while True: pass"
OF_A_CHILD = f"import subprocess, sys; subprocess.run([sys.executable, '-c', '{SPIN}'])"
SLEEP = "import time; time.sleep(600)"  # a process that has nothing to do
CONFIG = SandboxConfig(
    nodes=(NodeConfig(count=1, devices=0, accelerator=""),),
    images=(
        ImageConfig(pattern="busy:*", command=("{python}", "-c", OF_A_CHILD)),
        ImageConfig(pattern="idle:*", command=("{python}", "-c", SLEEP)),
    ),
    drain_seconds=0,
)


@pytest.fixture
async def cluster(tmp_path):
    """A region without any loop of ours, measured every half second."""
    cluster = MemoryCluster()
    kubelet = Kubelet(
        cluster,
        "test",
        config=CONFIG,
        network=NETWORK,
        folder=tmp_path,
        base_env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    metrics = MetricsServer(cluster, cluster.server.loads.tell, seconds=0.5)
    async with background(run_controllers(cluster), kubelet.run(), metrics.run()):
        yield cluster


def container(image, name="inference", **requests):
    return {"name": name, "image": image, "resources": {"requests": requests}}


async def run(cluster, *containers):
    labels = {"app": "web"}
    spec = {"terminationGracePeriodSeconds": 1, "containers": list(containers)}
    deployment = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }
    await cluster.apply(DEPLOYMENT, deployment, manager="test")


async def scale_by(cluster, *metrics, most=3):
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": "web"},
        "minReplicas": 1,
        "maxReplicas": most,
        "metrics": list(metrics),
        "behavior": {"scaleDown": {"stabilizationWindowSeconds": 0}},
    }
    autoscaler = {
        "apiVersion": "autoscaling/v2",
        "kind": "HorizontalPodAutoscaler",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": spec,
    }
    await cluster.apply(HORIZONTAL_POD_AUTOSCALER, autoscaler, manager="test")


def of_container(resource, target=50, name="inference"):
    target = {"type": "Utilization", "averageUtilization": target}
    source = {"name": resource, "container": name, "target": target}
    return {"type": "ContainerResource", "containerResource": source}


async def replicas(cluster, count):
    async def there():
        live = await cluster.get(DEPLOYMENT, "default", "web")
        return live["spec"]["replicas"] == count

    await eventually(there, within=60, what=f"{count} replicas")


async def active(cluster, status):
    """Wait until the autoscaler says whether it can measure."""

    async def told():
        live = await cluster.get(HORIZONTAL_POD_AUTOSCALER, "default", "web")
        conditions = {c["type"]: c["status"] for c in live.get("status", {}).get("conditions", ())}
        return conditions.get("ScalingActive") == status

    await eventually(told, within=60, what=f"ScalingActive {status}")


@pytest.mark.parametrize(
    ("image", "requests", "resource"),
    [
        pytest.param("busy:1", {"cpu": "50m"}, "cpu", id="cpu-of-what-the-container-started"),
        pytest.param("idle:1", {"memory": "1Mi"}, "memory", id="memory"),
    ],
)
async def test_replicas_come_with_what_processes_use(cluster, image, requests, resource):
    await run(cluster, container(image, **requests))
    await scale_by(cluster, of_container(resource))
    await replicas(cluster, 3)
    await active(cluster, "True")


async def test_replicas_leave_with_the_load(cluster):
    await run(cluster, container("busy:1", cpu="50m"))
    await scale_by(cluster, of_container("cpu"), most=2)
    await replicas(cluster, 2)
    await run(cluster, container("idle:1", cpu="50m"))
    await replicas(cluster, 1)


async def test_a_busy_sidecar_is_not_taken_for_the_server(cluster):
    busy = container("busy:1", "sidecar", cpu="50m")
    await run(cluster, container("idle:1", cpu="1"), busy)
    await scale_by(cluster, of_container("cpu"))
    await active(cluster, "True")
    await replicas(cluster, 1)


async def test_what_requests_nothing_has_no_share_of_it(cluster):
    await run(cluster, container("busy:1", memory="1Gi"))
    await scale_by(cluster, of_container("cpu"))
    await active(cluster, "False")
    await scale_by(cluster, of_container("memory", target=90))
    await active(cluster, "True")
    await replicas(cluster, 1)


async def test_a_process_is_counted_with_those_it_started():
    code = "import subprocess, sys; subprocess.run([sys.executable, '-c', 'sum(range(10**7))']); input()"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-c", code), stdin=asyncio.subprocess.PIPE, start_new_session=True
    )

    async def spent():
        found = usage().get(process.pid)
        return found is not None and found.cpu_seconds > 0.1 and found.memory_bytes > 2**20

    try:
        await eventually(spent, within=60, what="the time of a child that has ended")
    finally:
        await process.communicate(b"\n")
