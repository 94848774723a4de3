"""Leaders die, API servers restart, the store goes away: nothing is lost, and nothing is deleted."""

import asyncio

import pytest

from gco.core.model.ids import EndpointName
from gco.service import Until
from testbed.monitor_pods import container_ended, remove_pod
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

pytestmark = [pytest.mark.real, pytest.mark.timeout(400)]

WEB = EndpointName("steady")
STORE_OUTAGE_SECONDS = 60.0


@pytest.fixture
async def service(installation):
    async with installation.service() as made:
        yield made


@pytest.fixture
async def web(service):
    await apply(service, endpoint(WEB))
    assert (await settled(service, WEB)).ready
    yield WEB
    if await service.delete([WEB], confirmed=True, missing_ok=True):
        await settled(service, WEB, until=Until.DELETED)


async def acts(region, name, *, seconds):
    """Check that within `seconds` somebody repairs the region; return how long it took."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    while True:  # a scaling that is undone by the leader, whoever that is by then
        await kubectl(region, "scale", "deployment", name, NAMESPACE, "--replicas=3")

        async def undone():
            (deployment,) = await objects(region, "deployment", name)
            return deployment["spec"]["replicas"] == 1

        await until(undone, seconds=seconds)
        return loop.time() - began


async def test_a_killed_leader_is_replaced_within_twenty_seconds(installation, web):
    east = installation.regions[0]
    leader = await asyncio.to_thread(east.leader)
    leader.kill()
    try:
        assert await acts(east, web, seconds=20) < 20
        other = await asyncio.to_thread(east.leader)
        assert other is not None
        assert other is not leader
    finally:
        leader.start()
    await asyncio.to_thread(leader.wait_until_ready)


async def test_a_standby_leads_within_five_seconds_of_kubelets_word(installation, web):
    east = installation.regions[0]
    leader = await asyncio.to_thread(east.leader)
    lease = ("lease", "inference-monitor-leader", NAMESPACE)
    identity = await kubectl(east, "get", *lease, "-o=jsonpath={.spec.holderIdentity}")
    leader.kill()
    try:
        await asyncio.to_thread(container_ended, east.plane, leader.name, identity)
        assert await acts(east, web, seconds=20) < 5
        assert await asyncio.to_thread(east.leader) is not leader
    finally:
        await asyncio.to_thread(remove_pod, east.plane, leader.name)
        leader.start()
    await asyncio.to_thread(leader.wait_until_ready)


async def test_a_leader_told_to_end_hands_over_within_two_seconds(installation, web):
    east = installation.regions[0]
    leader = await asyncio.to_thread(east.leader)
    ending = asyncio.create_task(asyncio.to_thread(leader.stop))
    try:
        assert await acts(east, web, seconds=4) < 2 + 1  # kubectl itself takes its part of a second
    finally:
        await ending
        leader.start()
    await asyncio.to_thread(leader.wait_until_ready)


async def test_a_leader_that_was_frozen_writes_nothing_when_it_goes_on(installation, service, web):
    east = installation.regions[0]
    leader = await asyncio.to_thread(east.leader)
    leader.pause()
    try:
        await acts(east, web, seconds=20)
    finally:
        leader.resume()
    assert await acts(east, web, seconds=20) < 20
    assert (await settled(service, web)).ready
    assert leader.running


async def test_a_restart_of_the_api_server_is_ridden_out(installation, service, web):
    east = installation.regions[0]
    pods = await pod_uids(east, web)
    await asyncio.to_thread(east.plane.restart_apiserver)

    await service.update_image(web, "vllm/vllm-openai:v2")
    assert (await settled(service, web, seconds=120)).ready

    async def replaced():
        return not pods & await pod_uids(east, web)

    await until(replaced, what="old pods gone")
    assert all(monitor.running for monitor in east.monitors)


async def test_while_the_store_is_away_repairs_go_on_and_nothing_is_deleted(
    installation, service, web
):
    pods = [await pod_uids(region, web) for region in installation.regions]
    loop = asyncio.get_running_loop()
    began = loop.time()
    installation.dynamodb.pause()
    try:
        for region in installation.regions:
            await acts(region, web, seconds=20)

        async def a_minute_has_passed():
            return loop.time() - began > STORE_OUTAGE_SECONDS

        await until(a_minute_has_passed, seconds=2 * STORE_OUTAGE_SECONDS)
        for region, before in zip(installation.regions, pods, strict=True):
            assert before <= await pod_uids(region, web)
            assert (await ask(region, web))["data"]
    finally:
        installation.dynamodb.resume()

    await service.scale(web, 2)
    assert (await settled(service, web)).ready
    assert all(monitor.running for region in installation.regions for monitor in region.monitors)
