"""The kubelet and the router on a memory cluster: real processes, real sockets, no endpoints."""

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from gco.cluster.memory import MemoryCluster
from gco.cluster.memory.controllers import run_controllers
from gco.cluster.port import LogOptions
from gco.errors import AbsentError, SettingsError
from gco.kinds.registry import DEPLOYMENT, INGRESS, NODE, POD, SERVICE
from gco.sandbox.config import ImageConfig, NodeConfig, SandboxConfig
from gco.sandbox.kubelet import Kubelet
from gco.sandbox.router import Router
from tests.virtual_time import until
from tests.waiting import eventually

NETWORK = 99
CONFIG = SandboxConfig(
    nodes=(NodeConfig(count=1, devices=1),),
    images=(
        ImageConfig(pattern="private/*", pull_error="denied"),
        ImageConfig(pattern="ends:*", command=("{python}", "-c", "print('so long'); exit(3)")),
    ),
    load_seconds=0,
    tokens_per_second=0,
    drain_seconds=0.1,
)
PROBE = {"httpGet": {"path": "/health", "port": 8000}, "periodSeconds": 1, "failureThreshold": 60}


def pods(replicas=1, **container):
    labels = {"app": "web"}
    spec = {
        "terminationGracePeriodSeconds": 5,
        "containers": [
            {
                "name": "inference",
                "image": "vllm/vllm-openai:v1",
                "ports": [{"containerPort": 8000}],
                "readinessProbe": PROBE,
                **container,
            }
        ],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


SERVICE_OBJECT = {
    "apiVersion": "v1",
    "kind": "Service",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8000}]},
}
INGRESS_OBJECT = {
    "apiVersion": "networking.k8s.io/v1",
    "kind": "Ingress",
    "metadata": {"name": "web", "namespace": "default"},
    "spec": {
        "rules": [
            {
                "http": {
                    "paths": [
                        {
                            "path": "/",
                            "pathType": "Prefix",
                            "backend": {"service": {"name": "web", "port": {"number": 80}}},
                        }
                    ]
                }
            }
        ]
    },
}


def alive(pid):
    return Path(f"/proc/{pid}").exists()


class Region:
    """A running sandbox region without any loop of ours."""

    def __init__(self, folder: Path) -> None:
        self.logs = folder
        self.cluster = MemoryCluster()
        self.kubelet = Kubelet(
            self.cluster,
            "test",
            config=CONFIG,
            network=NETWORK,
            folder=folder,
            base_env={"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
        self.router = Router(self.cluster, "test", namespace="default")
        self.router.listen()

    @contextlib.asynccontextmanager
    async def running(self):
        loops = (lambda: run_controllers(self.cluster), self.kubelet.run, self.router.run)
        tasks = [asyncio.create_task(loop()) for loop in loops]
        try:
            yield self
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def apply(self, kind, manifest):
        await self.cluster.apply(kind, manifest, manager="test")

    async def pods(self):
        return [pod async for page in self.cluster.list(POD, "default") for pod in page.items]

    async def statuses(self):
        return [
            status
            for pod in await self.pods()
            for status in pod.get("status", {}).get("containerStatuses", ())
        ]

    async def pids(self):
        found = [s.get("containerID", "").removeprefix("process://") for s in await self.statuses()]
        return {int(pid) for pid in found if pid}


@pytest.fixture
async def region(tmp_path):
    place = Region(tmp_path)
    async with place.running():
        yield place


def ready(region, count):
    async def holds():
        return sum(status["ready"] for status in await region.statuses()) == count

    return holds


async def get(region, path="/v1/models"):
    async with (
        aiohttp.ClientSession() as client,
        client.get(region.router.address + path) as answer,
    ):
        return answer.status, answer.headers.get("X-Served-By"), await answer.text()


async def serve(region, **deployment):
    await region.apply(DEPLOYMENT, pods(**deployment))
    await region.apply(SERVICE, SERVICE_OBJECT)
    await region.apply(INGRESS, INGRESS_OBJECT)
    await eventually(ready(region, deployment.get("replicas", 1)), within=20, what="ready")


async def test_requests_reach_every_ready_pod_in_turn(region):
    await serve(region, replicas=2)

    served = {(await get(region))[1] for _ in range(4)}

    assert len(served) == 2


async def test_pods_that_listen_everywhere_do_not_take_each_others_port(region):
    everywhere = ["--host", "0.0.0.0"]  # noqa: S104

    await serve(region, replicas=2, args=everywhere)

    assert len({(await get(region))[1] for _ in range(4)}) == 2


async def test_the_ingress_is_told_where_the_router_listens(region):
    await serve(region)

    async def told():
        ingress = await region.cluster.get(INGRESS, "default", "web")
        return ingress.get("status", {}).get("loadBalancer", {}).get("ingress")

    await eventually(told, within=20, what="an address")
    assert (await told())[0]["ip"] == "127.0.0.1"


async def test_a_process_that_is_killed_is_started_again_and_the_status_says_how_it_ended(region):
    await serve(region)
    (victim,) = await region.pids()

    os.kill(victim, signal.SIGKILL)

    async def replaced():
        return victim not in await region.pids() and await ready(region, 1)()

    await eventually(replaced, within=20, what="a new process")
    (status,) = await region.statuses()
    assert status["restartCount"] == 1
    assert status["lastState"]["terminated"]["exitCode"] == 137


async def test_a_container_that_keeps_ending_backs_off_with_its_last_words(region):
    await region.apply(DEPLOYMENT, pods(image="ends:1"))

    async def backing_off():
        waiting = [s["state"].get("waiting", {}).get("reason") for s in await region.statuses()]
        return waiting == ["CrashLoopBackOff"]

    await eventually(backing_off, within=20, what="back-off")
    (status,) = await region.statuses()
    assert status["lastState"]["terminated"]["exitCode"] == 3
    assert "so long" in status["lastState"]["terminated"]["message"]


async def test_an_image_that_cannot_be_pulled_reads_as_that(region):
    await region.apply(DEPLOYMENT, pods(image="private/model:1"))

    async def refused():
        waiting = [s["state"].get("waiting", {}) for s in await region.statuses()]
        return [w.get("reason") for w in waiting] == ["ImagePullBackOff"] and "denied" in str(
            waiting
        )

    await eventually(refused, within=20, what="a pull error")
    assert await region.pids() == set()


async def test_a_command_that_does_not_exist_is_a_start_error(region):
    await region.apply(DEPLOYMENT, pods(command=["/no/such/program"]))

    async def failed():
        return any(
            s.get("lastState", {}).get("terminated", {}).get("reason") == "StartError"
            for s in await region.statuses()
        )

    await eventually(failed, within=20, what="a start error")


async def test_a_deleted_pod_goes_with_its_process(region):
    await serve(region)
    (pid,) = await region.pids()
    await region.cluster.delete(DEPLOYMENT, "default", "web")

    async def gone():
        return not await region.pods()

    await eventually(gone, within=20, what="no pod")
    assert not alive(pid)


async def test_a_pod_on_its_way_out_drains_no_longer_than_the_configuration_says(region):
    lifecycle = {"preStop": {"sleep": {"seconds": 600}}}
    await serve(region, lifecycle=lifecycle)
    (pid,) = await region.pids()
    await region.cluster.delete(DEPLOYMENT, "default", "web")

    async def ended():
        return not alive(pid)

    await eventually(ended, within=4, what="its end, before its grace period of five seconds")


async def test_a_route_without_a_ready_pod_answers_503_and_no_route_404(region):
    assert (await get(region))[0] == 404
    await region.apply(SERVICE, SERVICE_OBJECT)
    await region.apply(INGRESS, INGRESS_OBJECT)

    async def routed():
        return (await get(region))[0] == 503

    await eventually(routed, within=20, what="a route")


async def test_logs_are_those_of_the_process(region):
    await serve(region)
    (pod,) = await region.pods()

    wanted = LogOptions("inference")
    lines = region.kubelet.stream_log("default", pod["metadata"]["name"], wanted)
    assert "serving stub" in "".join([line.text async for line in lines])
    with pytest.raises(AbsentError):
        await anext(region.kubelet.stream_log("default", "another", wanted))


async def test_nothing_runs_any_more_once_the_kubelet_has_ended(tmp_path):
    place = Region(tmp_path)
    async with place.running():
        await serve(place)
        pids = await place.pids()

    await until(lambda: not any(map(alive, pids)))


async def test_devices_run_out(region):
    limits = {"limits": {"nvidia.com/gpu": "1"}}
    await region.apply(DEPLOYMENT, pods(replicas=2, resources=limits))
    await eventually(ready(region, 1), within=20, what="one ready")

    async def one_waits():
        conditions = [c for p in await region.pods() for c in p["status"].get("conditions", ())]
        return any("Insufficient nvidia.com/gpu" in c.get("message", "") for c in conditions)

    await eventually(one_waits, within=20, what="one pending")


async def test_a_node_offers_what_the_configuration_says(region):
    async def registered():
        return [n async for page in region.cluster.list(NODE, None) for n in page.items]

    await eventually(registered, within=20, what="a node")
    (node,) = await registered()
    assert node["status"]["allocatable"]["nvidia.com/gpu"] == "1"


async def test_a_port_that_is_taken_is_said_plainly(region):
    port = int(region.router.address.rpartition(":")[2])
    other = Router(region.cluster, "other", namespace="default", port=port)

    with pytest.raises(SettingsError, match="the router of other cannot listen"):
        other.listen()


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        pytest.param({}, 200, id="a program"),
        pytest.param({"Host": "localhost"}, 200, id="localhost"),
        pytest.param({"Host": "rebound.example.com"}, 403, id="a name that leads here"),
        pytest.param({"Origin": "https://evil.example.com"}, 403, id="a form of another site"),
        pytest.param({"Origin": "null"}, 403, id="a frame without an origin"),
        pytest.param({"Sec-Fetch-Site": "cross-site"}, 403, id="an image of another site"),
    ],
)
async def test_no_web_page_of_another_site_asks_a_sandbox(region, headers, status):
    await serve(region)
    async with (
        aiohttp.ClientSession(headers=headers) as client,
        client.get(f"{region.router.address}/v1/models") as answer,
    ):
        assert answer.status == status


async def test_others_on_this_machine_cannot_read_logs(region):
    await serve(region)
    logs = list(region.logs.rglob("*.log"))
    assert logs
    assert {path.stat().st_mode & 0o077 for path in logs} == {0}
