"""What the tests of this folder do to an installation and ask of it."""

import asyncio
import contextlib
import json
import urllib.request

from gco.service import Until
from tests.documents import documents

NAMESPACE = "--namespace=gco-inference"


def endpoint(
    name, *, replicas=1, regions=("us-east-1", "eu-west-1"), image="vllm/vllm-openai:v1", **spec
):
    """Return one document, as a person would have written it."""
    return documents(
        {
            "apiVersion": "gco.io/v1alpha1",
            "kind": "InferenceEndpoint",
            "metadata": {"name": name},
            "spec": {"image": image, "replicas": replicas, "regions": list(regions), **spec},
        }
    )


async def apply(service, docs):
    await service.apply(docs, source="test")


async def settled(service, name, *, until=Until.READY, seconds=90.0):
    """Return the last view of the endpoint once `until` holds or a region failed."""
    return [view async for view in service.wait(name, until=until, timeout=seconds)][-1]


async def kubectl(region, *arguments, **options):
    return await asyncio.to_thread(region.plane.kubectl, *arguments, **options)


async def objects(region, kind, name):
    """Return the objects of one endpoint, as the API server has them."""
    told = await kubectl(region, "get", kind, NAMESPACE, f"--selector=app={name}", "--output=json")
    return json.loads(told)["items"]


async def pod_uids(region, name):
    return {pod["metadata"]["uid"] for pod in await objects(region, "pods", name)}


async def ask(region, name):
    """Return what the endpoint answers through the region's entrance."""

    def get():
        url = f"{region.machines.address}/inference/{name}/v1/models"
        with urllib.request.urlopen(url, timeout=10) as answer:  # noqa: S310 - loopback
            return json.load(answer)

    return await asyncio.to_thread(get)


async def until(condition, *, seconds=60.0, what=""):
    """Return what the async `condition` answers once that is true; fail after `seconds`."""
    found = None
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while not (found := await condition()):  # noqa: ASYNC110 - other processes tell nobody
                await asyncio.sleep(0.05)
    assert found, f"not seen within {seconds} s: {what or condition.__name__}"
    return found
