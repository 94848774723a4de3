"""The Lease is in the first namespace, and a rolling update may change which one that is."""

import asyncio

import pytest

from tests.scenario.monitors import NS, MonitorWorld
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

OTHER = "team-b"
FORMER, NEW = (NS, OTHER), (OTHER, NS)


@pytest.mark.parametrize("end", ["stop", "kill"])
async def test_while_the_namespace_of_the_lease_changes_there_is_one_leader(clock, end):
    """Invariant: one writer a region at a time, in a rolling update from one namespace to the other.

    The former leader releases its Lease before the former standby takes it: nobody else may lead in
    that moment.
    """
    world = MonitorWorld(clock, namespaces=FORMER)
    most = 0

    async def count() -> None:
        nonlocal most
        while True:
            most = max(most, sum(monitor.leads for monitor in world.monitors))
            await asyncio.sleep(0.02)

    async with world.running(), background(count()):
        former = [await world.started(f"former-{n}", namespaces=FORMER) for n in (1, 2)]
        await until(lambda: sum(monitor.leads for monitor in former) == 1)
        new = [await world.started(f"new-{n}", namespaces=NEW) for n in (1, 2)]
        await asyncio.sleep(60)
        assert not any(monitor.leads for monitor in new)

        leader = next(monitor for monitor in former if monitor.leads)
        (standby,) = (monitor for monitor in former if monitor is not leader)
        await getattr(leader, end)()
        await until(lambda: standby.leads, within=30)
        await getattr(standby, end)()
        await until(lambda: any(monitor.leads for monitor in new), within=60)
        await asyncio.sleep(120)
        assert sum(monitor.leads for monitor in new) == 1
    assert most == 1
