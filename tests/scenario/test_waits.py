"""How long what may pass is waited for: what a server asks for is a minimum, back-off is bounded.

Invariants: nothing looks at an endpoint before the time that the API server asked for; once a fault is
over, a change that it held up is applied within 60 s; routine work delays no change.
"""

import asyncio
import itertools

import pytest

from gco.errors import AbsentError, ThrottledError, TransientError
from gco.kinds.registry import DEPLOYMENT, INFERENCE_ENDPOINT, SERVICE
from tests.scenario.monitors import MonitorWorld
from tests.virtual_time import until

pytestmark = pytest.mark.looptime(noop_cycles=0)

ROUNDING = 1e-6
"""Differences of loop times are floats."""


def now() -> float:
    return asyncio.get_running_loop().time()


@pytest.mark.parametrize("kind", [DEPLOYMENT, SERVICE, INFERENCE_ENDPOINT], ids=lambda k: k.name)
@pytest.mark.parametrize("resync_seconds", [15, 600])
async def test_a_server_that_asks_for_two_minutes_is_asked_so_seldom(clock, kind, resync_seconds):
    world = MonitorWorld(clock, resync_seconds=resync_seconds)
    asked: list[float] = []

    def throttled() -> ThrottledError:
        asked.append(now())
        return ThrottledError("too many requests", 120.0)

    async with world.running():
        monitor = await world.started("monitor-0")
        monitor.client.faults.fail("apply", kind, times=1000, error=throttled)
        await world.apply()
        await asyncio.sleep(3600)
    gaps = [b - a for a, b in itertools.pairwise(asked)]
    assert min(gaps) >= 120 - ROUNDING
    assert 15 <= len(asked) <= 30


@pytest.mark.parametrize("minutes", [5, 60])
@pytest.mark.parametrize(
    ("kind", "error"),
    [
        pytest.param(INFERENCE_ENDPOINT, TransientError("webhook"), id="webhook-custom-resource"),
        pytest.param(INFERENCE_ENDPOINT, AbsentError("namespace"), id="namespace"),
        pytest.param(DEPLOYMENT, TransientError("webhook"), id="webhook-deployment"),
        pytest.param(SERVICE, TransientError("webhook"), id="webhook-service"),
    ],
)
async def test_a_change_is_applied_within_a_minute_once_a_fault_is_over(
    clock, minutes, kind, error
):
    world = MonitorWorld(clock)
    async with world.running():
        monitor = await world.started("monitor-0")
        monitor.client.faults.fail("apply", kind, times=100_000, error=lambda: error)
        await world.apply()
        await asyncio.sleep(60 * minutes)
        assert world.find(kind, "web") is None
        asked = monitor.client.requests["apply", kind.name]
        assert asked <= 25 + 3 * minutes, "the back-off holds"
        monitor.client.faults.clear()
        await until(lambda: world.find(kind, "web"), within=60)


async def test_the_queues_of_a_standby_are_empty(clock):
    world = MonitorWorld(clock, resync_seconds=15)
    async with world.running():
        first = await world.started("monitor-0")
        await until(lambda: first.leads)
        second = await world.started("monitor-1")
        for number in range(20):
            await world.apply(f"web-{number}")
        await until(lambda: world.find(DEPLOYMENT, "web-19"))
        await asyncio.sleep(60)
        for controller in ("endpoint", "sync", "fleet"):
            assert second.depth(controller) == 0
        await first.client.close()  # it leads no longer, and does not notice what changes
        await until(lambda: second.leads)
        for number in range(20):
            await world.person.delete(SERVICE, "gco-inference", f"web-{number}")
        await asyncio.sleep(60)
        for controller in ("endpoint", "sync"):
            assert first.depth(controller) == 0
            assert second.depth(controller) == 0
