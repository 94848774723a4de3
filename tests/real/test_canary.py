"""A canary's life on real control planes: its share of the requests, and a promotion without a gap."""

import asyncio
import contextlib
import json
import urllib.request
from collections import Counter

import pytest

from gco.core.model.ids import EndpointName
from gco.service import Until
from tests.real.driving import apply, endpoint, objects, settled, until

pytestmark = pytest.mark.real

OLD, NEW = "vllm/vllm-openai:v1", "vllm/vllm-openai:v2"
SHARE = 25


@pytest.fixture
async def service(installation):
    async with installation.service() as made:
        yield made


@pytest.fixture
async def tried(service):
    """An endpoint of two replicas with a canary that has its share, deleted afterwards."""
    name = EndpointName("tried")
    await apply(service, endpoint(name, replicas=2, image=OLD))
    assert (await settled(service, name)).ready
    await service.canary(name, image=NEW, weight=SHARE)
    assert (await settled(service, name)).ready
    yield name
    await service.delete([name], confirmed=True)
    await settled(service, name, until=Until.DELETED)


def served_by(region, name):
    """Send one request through the region's entrance; return the address of the pod that answered."""
    url = f"{region.machines.address}/inference/{name}/v1/models"
    with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
        assert json.load(answer)["data"]
        return answer.headers["X-Served-By"].rpartition("/")[2].partition(":")[0]


async def pods_of(region, app):
    """Return the ready pods of `app` that stay, by their addresses."""
    return {
        pod["status"]["podIP"]: pod
        for pod in await objects(region, "pods", app)
        if "deletionTimestamp" not in pod["metadata"]
        and any(
            c["type"] == "Ready" and c["status"] == "True"
            for c in pod["status"].get("conditions", ())
        )
    }


async def test_a_canary_gets_its_share_of_the_requests_in_every_region(installation, tried):
    for region in installation.regions:
        its = await pods_of(region, f"{tried}-canary")
        own = await pods_of(region, tried)
        assert (len(own), len(its)) == (2, 1)

        answers = [await asyncio.to_thread(served_by, region, tried) for _ in range(80)]

        counted = Counter("canary" if address in its else "own" for address in answers)
        assert set(answers) <= its.keys() | own.keys()
        assert abs(counted["canary"] - 80 * SHARE / 100) <= 8
        (ingress,) = await objects(region, "ingress", tried)
        assert ingress["metadata"]["labels"]["gco.io/canary"] == "true"


async def test_promoted_no_pod_goes_before_its_successor_answers(installation, service, tried):
    async with contextlib.AsyncExitStack() as stack:
        logs = [await stack.enter_async_context(asked(r, tried)) for r in installation.regions]
        await service.promote(tried)
        view = await settled(service, tried)
        assert view.ready, view.summary

    for region, (failures, fewest) in zip(installation.regions, logs, strict=True):
        assert failures == []
        assert min(fewest) >= 1
        images = {
            pod["spec"]["containers"][0]["image"] for pod in (await pods_of(region, tried)).values()
        }
        assert images == {NEW}

        async def gone(region=region):
            kinds = ("deployment", "service", "pods", "controllerrevision")
            return not [o for kind in kinds for o in await objects(region, kind, f"{tried}-canary")]

        await until(gone, what="nothing of the canary left")
        (ingress,) = await objects(region, "ingress", tried)
        assert "gco.io/canary" not in ingress["metadata"]["labels"]


@contextlib.asynccontextmanager
async def asked(region, name):
    """Ask all the time; yield the requests that failed, and how many own pods were ready each time."""
    failures: list[str] = []
    fewest: list[int] = []

    async def ask():
        while True:
            try:
                await asyncio.to_thread(served_by, region, name)
            except OSError as error:
                failures.append(str(error))
            await asyncio.sleep(0.02)

    async def look():
        while True:
            fewest.append(len(await pods_of(region, name)))

    tasks = [asyncio.create_task(ask()), asyncio.create_task(look())]
    try:
        yield failures, fewest
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
