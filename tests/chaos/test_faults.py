"""Every fault of a network, an API server and a table, on real ones: nothing is lost, all heals.

The invariants, in every row: what serves keeps serving while a person's change waits; nothing of a
live endpoint is deleted or made again; no fault makes a hot loop; and once the fault ends, every
accepted change takes effect within 60 seconds.
"""

import asyncio

import pytest

from gco.core.model.ids import EndpointName
from tests.chaos.api_proxy import WRITES, Effect, Fault
from tests.chaos.world import WEB
from tests.store import faulty_proxy as table

pytestmark = [pytest.mark.real, pytest.mark.timeout(300)]

FAULT_SECONDS = 6.0
MOST_REQUESTS = 40
"""Of two monitors, a second of a fault, beside a burst of `BURST` at its beginning and its end."""
BURST = 400

API = {
    "latency": [Fault(Effect.DELAY, seconds=1.0, watches=False)],
    "resets": [Fault(Effect.RESET, share=0.5)],
    "lost answers": [Fault(Effect.LOST, share=0.5)],
    "black holes": [Fault(Effect.BLACK_HOLE, share=0.3, watches=False)],
    "half-closed watches": [Fault(Effect.SILENCE, watches=True)],
    "429 with Retry-After": [
        Fault(Effect.REFUSE, status=429, reason="TooManyRequests", retry_after=2, methods=WRITES)
    ],
    "500": [Fault(Effect.REFUSE, share=0.7, status=500, reason="InternalError")],
    "503 for everything": [Fault(Effect.REFUSE, status=503, reason="ServiceUnavailable")],
    "409 storm": [
        Fault(Effect.REFUSE, share=0.7, status=409, reason="Conflict", methods=WRITES),
    ],
    "410 in every watch": [Fault(Effect.EXPIRE, watches=True)],
    "truncated JSON": [Fault(Effect.TRUNCATE, share=0.5)],
    "expired token": [Fault(Effect.REFUSE, status=401, reason="Unauthorized")],
    "no permission for Deployments": [
        Fault(Effect.REFUSE, status=403, reason="Forbidden", resource="/deployments")
    ],
}
DB = {
    "throttling": (0.7, [table.Failed("ProvisionedThroughputExceededException")]),
    "lost answers": (0.4, [table.Lost()]),
    "broken connections": (0.5, [table.Dropped()]),
    "nobody answers": (0.3, [table.Hung()]),
    "internal errors": (0.7, [table.Failed("InternalServerError", status=500)]),
    "away": (1.0, [table.Dropped()]),
}


async def change_everything(world):
    """Change, make and delete an endpoint, as people do in the middle of an outage."""
    await world.service.update_image(WEB, "vllm/vllm-openai:v2")
    await world.service.scale(WEB, 3)
    await world.want("second", replicas=1)
    await world.service.delete([EndpointName("third")], confirmed=True)


async def heals(world, uids):
    await world.serves(WEB, "vllm/vllm-openai:v2", 3)
    await world.serves("second", "vllm/vllm-openai:v1", 1)
    await world.gone("third")
    assert world.uids(WEB) == uids
    assert [gone for gone in world.watcher.deleted if gone[1] != "third"] == []
    assert world.watcher.fewest[WEB] >= 1


async def prepared(world):
    """Make an endpoint that the outage is to delete; return the uids of what has to stay."""
    await world.want("third", replicas=1)
    await world.serves("third", "vllm/vllm-openai:v1", 1)
    world.watcher.reset()
    return world.uids(WEB)


@pytest.mark.parametrize("name", API)
async def test_a_fault_of_the_api_server_delays_and_loses_nothing(world, name):
    uids = await prepared(world)
    loop, before = asyncio.get_running_loop(), world.api.seen
    began = loop.time()
    world.api.fail(*API[name])
    await change_everything(world)
    await asyncio.sleep(FAULT_SECONDS)
    world.api.fail()
    await heals(world, uids)
    assert world.api.struck, "the fault happened to nobody"
    assert world.api.seen - before < BURST + MOST_REQUESTS * (loop.time() - began)


@pytest.mark.parametrize("name", DB)
async def test_a_fault_of_the_table_delays_and_loses_nothing(world, name):
    uids = await prepared(world)
    share, faults = DB[name]
    before = len(world.db.seen)
    world.db.storm(*faults, share=share)
    await change_everything(world)
    await asyncio.sleep(FAULT_SECONDS)
    world.db.heal()
    assert len(world.db.seen) > before, "the fault happened to nobody"
    await heals(world, uids)
