"""Parts that break as a whole: an API server without history, a full etcd, a lost role, an empty table.

As in the tests of single faults: what serves keeps serving, nothing of a live endpoint is deleted,
and every accepted change takes effect within 60 seconds once the part works again.
"""

import asyncio
import contextlib

import pytest

from gco.errors import AbsentError
from gco.kinds.registry import DEPLOYMENT, SERVICE
from testbed import etcd
from tests.chaos.world import WEB, chaos_world
from tests.waiting import eventually

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

OUTAGE_SECONDS = 5.0
V1, V2 = "vllm/vllm-openai:v1", "vllm/vllm-openai:v2"
ACCOUNT = "chaos-monitor"


async def kept(world, uids):
    """Check what holds at any time."""
    assert world.uids(WEB) == uids
    assert world.watcher.deleted == []
    assert world.watcher.fewest[WEB] >= 1


async def test_an_api_server_that_restarts_without_history_is_listed_again(
    own_plane, dynamodb, tmp_path
):
    async with chaos_world(own_plane, dynamodb, tmp_path) as world:
        uids = world.uids(WEB)
        await asyncio.to_thread(own_plane.stop_apiserver, kill=True)
        await world.service.update_image(WEB, V2)
        await asyncio.to_thread(etcd.compact, own_plane)
        await asyncio.to_thread(own_plane.start_apiserver)
        await world.serves(WEB, V2, 2)
        await kept(world, uids)


async def test_a_full_etcd_refuses_writes_and_ends_nothing(own_plane, dynamodb, tmp_path):
    async with chaos_world(own_plane, dynamodb, tmp_path) as world:
        uids = world.uids(WEB)
        await asyncio.to_thread(etcd.set_full, own_plane, True)
        try:
            await world.service.update_image(WEB, V2)
            await asyncio.sleep(OUTAGE_SECONDS)
            assert world.watcher.ready()[WEB] == 2
        finally:
            await asyncio.to_thread(etcd.set_full, own_plane, False)
        await world.serves(WEB, V2, 2)
        await kept(world, uids)


def account(plane):
    """Make the monitors' account, which may do everything; return a token for it."""
    plane.kubectl("create", "serviceaccount", ACCOUNT)
    return plane.service_account_token(ACCOUNT)


def bind(plane):
    plane.kubectl(
        "create",
        "clusterrolebinding",
        ACCOUNT,
        "--clusterrole=cluster-admin",
        f"--serviceaccount=default:{ACCOUNT}",
    )


@pytest.fixture
def token_file(own_plane, tmp_path):
    """A file with a token of an account that may do everything."""
    path = tmp_path / "token"
    path.write_text(account(own_plane))
    bind(own_plane)
    yield path
    for kind in ("serviceaccount", "clusterrolebinding"):
        own_plane.kubectl("delete", kind, ACCOUNT, "--ignore-not-found")


async def test_tokens_that_are_no_longer_valid_are_read_again(
    own_plane, dynamodb, tmp_path, token_file
):
    async with chaos_world(own_plane, dynamodb, tmp_path, token_file=token_file) as world:
        uids = world.uids(WEB)
        await asyncio.to_thread(own_plane.kubectl, "delete", "serviceaccount", ACCOUNT)
        token = await asyncio.to_thread(account, own_plane)
        await world.service.update_image(WEB, V2)
        await asyncio.sleep(OUTAGE_SECONDS)
        assert world.watcher.ready()[WEB] == 2
        token_file.write_text(token)
        await world.serves(WEB, V2, 2)
        await kept(world, uids)


async def test_a_permission_that_is_removed_and_returns_costs_no_pod(
    own_plane, dynamodb, tmp_path, token_file
):
    async with chaos_world(own_plane, dynamodb, tmp_path, token_file=token_file) as world:
        uids = world.uids(WEB)
        await asyncio.to_thread(own_plane.kubectl, "delete", "clusterrolebinding", ACCOUNT)
        await world.service.update_image(WEB, V2)
        await asyncio.sleep(OUTAGE_SECONDS)
        assert world.watcher.ready()[WEB] == 2
        await asyncio.to_thread(bind, own_plane)
        await world.serves(WEB, V2, 2)
        await kept(world, uids)


async def test_an_emptied_table_deletes_nothing_and_stops_no_repair(world, dynamodb):
    uids = world.uids(WEB)
    items = await asyncio.to_thread(dynamodb.empty, world.table)
    await asyncio.sleep(OUTAGE_SECONDS)
    await kept(world, uids)
    with contextlib.suppress(AbsentError):
        await world.people.delete(SERVICE, world.namespace, WEB)

    async def back():
        service = world.watcher.get(SERVICE, WEB)
        return service is not None and service["metadata"]["uid"] != uids["Service"]

    await eventually(back, within=30, what="the Service is repaired")
    assert world.watcher.get(DEPLOYMENT, WEB)["metadata"]["uid"] == uids["Deployment"]

    await asyncio.to_thread(dynamodb.fill, world.table, items)
    await world.service.update_image(WEB, V2)
    await world.serves(WEB, V2, 2)
    assert world.watcher.fewest[WEB] >= 1
