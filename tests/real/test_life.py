"""An endpoint's life on real control planes: what is declared becomes answered requests, and goes."""

import asyncio
import json

import pytest

from gco.core.model.ids import EndpointName, RegionName
from gco.service import Until
from tests.real.driving import (
    NAMESPACE,
    apply,
    ask,
    endpoint,
    kubectl,
    objects,
    pod_uids,
    settled,
    until,
)

pytestmark = pytest.mark.real


@pytest.fixture
async def service(installation):
    async with installation.service() as made:
        yield made


@pytest.fixture
async def web(service, request):
    """An endpoint of the test's own, ready in both regions, and deleted afterwards."""
    name = EndpointName(request.node.name.removeprefix("test_").replace("_", "-")[:30].strip("-"))
    await apply(service, endpoint(name))
    assert (await settled(service, name)).ready
    yield name
    if await service.delete([name], confirmed=True, missing_ok=True):
        await settled(service, name, until=Until.DELETED)


async def test_what_is_declared_once_is_answered_in_every_region(installation, web):
    for region in installation.regions:
        assert (await ask(region, web))["data"]


async def test_kubectl_shows_state_and_waits_for_readiness(installation, web):
    for region in installation.regions:
        table = await kubectl(region, "get", "iep", web, NAMESPACE)
        assert "running" in table
        assert "1/1" in table
        await kubectl(region, "wait", "--for=condition=Ready", f"iep/{web}", NAMESPACE)
        assert "Created" in await kubectl(region, "describe", "iep", web, NAMESPACE)


async def test_a_new_image_replaces_every_pod(installation, service, web):
    before = [await pod_uids(region, web) for region in installation.regions]

    await service.update_image(web, "vllm/vllm-openai:v2")
    assert (await settled(service, web)).ready

    for region, old in zip(installation.regions, before, strict=True):

        async def replaced(region=region, old=old):
            return not old & await pod_uids(region, web)

        await until(replaced, what="old pods gone")
        (deployment,) = await objects(region, "deployment", web)
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        assert container["image"] == "vllm/vllm-openai:v2"


async def test_scaling_wins_over_another_client_that_scales(installation, service, web):
    east = installation.regions[0]
    before = await pod_uids(east, web)
    await kubectl(east, "scale", "deployment", web, NAMESPACE, "--replicas=0")
    await service.scale(web, 2)
    assert (await settled(service, web)).ready

    for region in installation.regions:

        async def two(region=region):
            return len(await pod_uids(region, web)) == 2

        await until(two, what="two pods")
    assert before


async def test_a_stopped_endpoint_frees_everything_and_starts_again(installation, service, web):
    await service.stop(web)
    assert (await settled(service, web)).ready
    for region in installation.regions:
        assert await pod_uids(region, web) == set()
        assert await objects(region, "ingress", web) == []

    await service.start(web)
    assert (await settled(service, web)).ready
    for region in installation.regions:
        assert (await ask(region, web))["data"]


async def test_a_hand_edit_is_repaired_and_told_with_its_author(installation, service, web):
    east = installation.regions[0]
    await kubectl(east, "set", "image", f"deployment/{web}", "inference=other:v9", NAMESPACE)

    async def repaired():
        (deployment,) = await objects(east, "deployment", web)
        (container,) = deployment["spec"]["template"]["spec"]["containers"]
        return container["image"] == "vllm/vllm-openai:v1"

    await until(repaired, seconds=15)

    async def told():
        view = await service.get(web)
        (region,) = [r for r in view.regions if r.region == east.name]
        drifted = [c for c in region.conditions if c.type == "Drifted"]
        return drifted and "containers[inference].image" in drifted[0].message and drifted[0]

    condition = await until(told, seconds=15)
    assert "kubectl" in condition.message


async def test_a_service_deleted_by_hand_comes_back(installation, web):
    east = installation.regions[0]
    (before,) = await objects(east, "service", web)
    await kubectl(east, "delete", "service", web, NAMESPACE)

    async def back():
        found = await objects(east, "service", web)
        return found and found[0]["metadata"]["uid"] != before["metadata"]["uid"]

    await until(back, seconds=15)


async def test_a_region_taken_out_is_cleaned_up_and_the_other_serves_on(installation, service, web):
    east, west = installation.regions
    await service.remove_region(web, RegionName(west.name))

    async def gone():
        return not await objects(west, "deployment,service,ingress,iep", web)

    await until(gone)
    view = await until(lambda: _one_region(service, web))
    assert [region.region for region in view.regions] == [east.name]
    assert (await ask(east, web))["data"]


async def test_deleted_is_said_when_nothing_is_left(installation, service, web):
    await service.delete([web], confirmed=True)
    await settled(service, web, until=Until.DELETED)

    for region in installation.regions:
        kinds = "deployment,service,ingress,controllerrevision,iep,pods"
        assert await objects(region, kinds, web) == []


@pytest.mark.parametrize("cascade", ["background", "foreground"])
async def test_a_custom_resource_deleted_by_hand_keeps_serving(installation, service, web, cascade):
    east = installation.regions[0]
    pods = await pod_uids(east, web)
    before = (await _resource(east, web))["metadata"]["uid"]

    await kubectl(east, "delete", "iep", web, NAMESPACE, f"--cascade={cascade}")

    async def made_again():
        resource = await _resource(east, web)
        return resource and resource["metadata"]["uid"] != before

    await until(made_again, seconds=20)

    async def told():
        return "DeletedOutsideGCO" in json.dumps(await _resource(east, web))

    await until(told, seconds=20)
    assert (await settled(service, web)).ready
    assert await pod_uids(east, web) == pods
    assert (await ask(east, web))["data"]


async def test_a_definition_deleted_and_applied_again_keeps_serving(installation, service, web):
    from testbed.world import MANIFESTS  # noqa: PLC0415

    east = installation.regions[0]
    pods = await pod_uids(east, web)

    await kubectl(east, "delete", "crd", "inferenceendpoints.gco.io", seconds=60)
    assert await pod_uids(east, web) == pods
    await kubectl(east, "apply", "-f", str(MANIFESTS / "crd.yaml"))

    async def back():
        found = await kubectl(
            east, "get", "iep", web, NAMESPACE, "--ignore-not-found", "--output=name"
        )
        return web in found

    await until(back, seconds=60)
    assert (await settled(service, web)).ready
    assert await pod_uids(east, web) == pods


async def test_too_few_accelerators_are_named_with_their_numbers(installation, service, web):
    east = installation.regions[0]
    await service.scale(web, 9, region=RegionName(east.name))

    async def waiting():
        view = await service.get(web)
        (region,) = [r for r in view.regions if r.region == east.name]
        return region.reason == "WaitingForGPU" and region

    region = await until(waiting, seconds=40)
    assert "nvidia.com/gpu" in region.message
    await service.scale(web, 1, region=RegionName(east.name))
    assert (await settled(service, web)).ready


async def _one_region(service, name):
    view = await service.get(name)
    return view if len(view.regions) == 1 else None


async def _resource(region, name):
    told = await kubectl(region, "get", "iep", name, NAMESPACE, "--ignore-not-found", "-o", "json")
    return json.loads(told) if told else None


async def test_two_endpoints_do_not_touch_each_other(installation, service, web):
    east = installation.regions[0]
    other = EndpointName(f"{web[:30]}-other")
    await apply(service, endpoint(other))
    assert (await settled(service, other)).ready
    pods = await pod_uids(east, web)

    await service.delete([other], confirmed=True)
    await settled(service, other, until=Until.DELETED)

    assert await pod_uids(east, web) == pods
    await asyncio.gather(*(ask(region, web) for region in installation.regions))
