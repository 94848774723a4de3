"""Moving in on real control planes: what another client made and runs becomes GCO's, and goes on answering."""

import asyncio
import collections
import contextlib
import json
import urllib.error
import urllib.request

import pytest

from gco.cluster.kubernetes import connect
from gco.core.model.ids import EndpointName
from gco.core.model.names import MANAGER
from gco.service import Fate, Until
from gco.store.dynamodb import read_original
from tests import originals
from tests.real.driving import NAMESPACE, kubectl, objects, pod_uids, settled, until
from tests.store.test_dynamodb import ORIGINAL

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

TABLE = "gco-original-endpoints"
CLIENT = f"{originals.CLIENT}/29.0.0/python"
"""How Kubernetes' Python client introduces itself."""


def row(name, **spec):
    """The row that the original would have for what `originals.make` made."""
    said = {
        "image": {"S": originals.IMAGE},
        "port": {"N": "8000"},
        "health_check_path": {"S": "/health"},
        **spec,
    }
    return {
        "endpoint_name": {"S": name},
        "desired_state": {"S": "running"},
        "namespace": {"S": "gco-inference"},
        "target_regions": {"L": [{"S": "us-east-1"}]},
        "ingress_path": {"S": f"/inference/{name}"},
        "spec": {"M": said},
    }


@pytest.fixture(scope="module")
def table(installation):
    installation.dynamodb.call("CreateTable", {"TableName": TABLE, **ORIGINAL})

    def put(item):
        installation.dynamodb.call("PutItem", {"TableName": TABLE, "Item": item})

    return put


@pytest.fixture
async def service(installation):
    async with installation.service("mover") as made:
        yield made


@pytest.fixture
def east(installation):
    return installation.regions[0]


@pytest.fixture
async def web(east, service, request):
    """What the original made under a name of the test's own, answering; deleted afterwards."""
    name = EndpointName(request.node.name.removeprefix("test_").replace("_", "-")[:30].strip("-"))
    client = connect(east.plane.kubeconfig_path, user_agent=CLIENT)
    try:
        await originals.make(client, name, replicas=2, env={"A": "1"})
    finally:
        await client.close()
    await until(lambda: _answers(east, name), what=f"{name} answers")
    yield name
    if await service.delete([name], confirmed=True, missing_ok=True):
        await settled(service, name, until=Until.DELETED)


async def _answers(region, name):
    return await asyncio.to_thread(_ask, region, name) == 200


def _ask(region, name):
    """Return the status of one answer, or the name of what went wrong instead."""
    url = f"{region.machines.address}/inference/{name}/v1/models"
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
            return answer.status
    except urllib.error.HTTPError as error:
        return error.code
    except OSError as error:
        return type(error).__name__


@contextlib.asynccontextmanager
async def traffic(region, name):
    """Ask again and again while the block runs; what came of it is counted."""
    told = collections.Counter()

    async def ask():
        while True:
            told[await asyncio.to_thread(_ask, region, name)] += 1
            await asyncio.sleep(0.01)

    task = asyncio.create_task(ask())
    try:
        yield told
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def move(installation, service):
    endpoint = installation.dynamodb.endpoint_url
    with pytest.MonkeyPatch.context() as patch:
        for variable, value in installation.variables.items():
            patch.setenv(variable, value)
        rows = await read_original(TABLE, region="us-east-1", endpoint_url=endpoint)
    return {one.name: one for one in await service.move(rows, source=TABLE, write=True)}


async def stands(region, name):
    """Return what must not change: the pods, their ReplicaSet, and the objects themselves."""
    found = {"pods": await pod_uids(region, name)}
    for kind in ("replicaset", "deployment", "service", "ingress"):
        found[kind] = {o["metadata"]["uid"] for o in await objects(region, kind, name)}
    (deployment,) = await objects(region, "deployment", name)
    return found | {"template": deployment["spec"]["template"]}


async def managers(region, kind, name):
    told = await kubectl(
        region, "get", kind, name, NAMESPACE, "--show-managed-fields", "--output=json"
    )
    entries = json.loads(told)["metadata"]["managedFields"]
    return {e["manager"] for e in entries if "f:spec" in e["fieldsV1"] and not e.get("subresource")}


async def endpoints_of(region, name):
    """Return what the Service leads to, as its EndpointSlices say: names of ports, and addresses."""
    told = await kubectl(
        region,
        "get",
        "endpointslices",
        NAMESPACE,
        f"--selector=kubernetes.io/service-name={name}",
        "--output=json",
    )
    slices = json.loads(told)["items"]
    return sorted((s["metadata"]["uid"], str(s["ports"]), s["endpoints"] and 1) for s in slices)


async def test_what_ran_is_taken_over_and_no_request_is_dropped(
    installation, service, table, east, web
):
    table(row(web, replicas={"N": "2"}, gpu_type={"S": "g5.xlarge"}))
    before, slices = await stands(east, web), await endpoints_of(east, web)

    async with traffic(east, web) as told:
        moved = (await move(installation, service))[web]
        assert (moved.fate, moved.written) == (Fate.CREATED, True)
        assert [problem.path for problem in moved.lost] == ["gpu_type"]
        assert (await settled(service, web)).ready

    assert set(told) == {200}
    assert await stands(east, web) == before
    assert await endpoints_of(east, web) == slices
    for kind, name in (("deployment", web), ("service", web), ("ingress", f"inference-{web}")):
        assert await managers(east, kind, name) == {MANAGER}

    await kubectl(east, "set", "image", f"deployment/{web}", "inference=other:v9", NAMESPACE)
    await until(lambda: _runs(east, web, originals.IMAGE), seconds=15, what="a repair")
    assert (await settled(service, web)).ready

    async with traffic(east, web) as told:
        await service.update_image(web, "vllm/vllm-openai:v0.8.5")
        assert (await settled(service, web)).ready
        await until(lambda: _gone(east, web, before["pods"]), what="the old pods gone")
    assert not {404, 503} & set(told), told  # somebody is always behind the route
    (deployment,) = await objects(east, "deployment", web)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert not container.get("env")

    again = (await move(installation, service))[web]
    assert (again.fate, again.written) == (Fate.LEFT, False)


async def _runs(region, name, image):
    (deployment,) = await objects(region, "deployment", name)
    return deployment["spec"]["template"]["spec"]["containers"][0]["image"] == image


async def _gone(region, name, pods):
    return not pods & await pod_uids(region, name)


async def test_a_monitor_killed_in_the_middle_of_it_restarts_nothing(
    installation, service, table, east, web
):
    table(row(web, replicas={"N": "2"}))
    before = await stands(east, web)
    leader = await asyncio.to_thread(east.leader)

    async with traffic(east, web) as told:
        await move(installation, service)
        await until(lambda: _begun(east, web), what="the first object taken over")
        leader.kill()
        try:
            assert (await settled(service, web)).ready
        finally:
            leader.start()
    await asyncio.to_thread(leader.wait_until_ready)

    assert set(told) == {200}
    assert await stands(east, web) == before


async def _begun(region, name):
    return await objects(region, "controllerrevision", name)
