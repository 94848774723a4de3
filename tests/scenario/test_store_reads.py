"""What the loops read of a DynamoDB store, counted in virtual time, and what a standby starts from.

Invariants: at rest the reads do not depend on the number of endpoints, a standby costs a fraction of a
leader, and no log of a region is read whose endpoints have nothing to move on for; a new leader acts
on the latest changes, however seldom it read them before.
"""

import asyncio
import contextlib
from collections import Counter

import pytest

from bench.cost import FLEET, LEADER, LEASE, STANDBY
from gco.controllers.fleet import FleetController, FleetLeaseLock
from gco.controllers.fleet.tail import Tail
from gco.core.model.ids import Epoch
from gco.kinds.registry import INFERENCE_ENDPOINT
from gco.runtime.election import Elector
from gco.store.dynamodb.pace import SLOWING_SECONDS, Pace
from gco.store.dynamodb.store import REST_SECONDS, TAIL_SECONDS
from tests.scenario.fleet_world import EAST, WEB, WEST, World, both
from tests.virtual_time import until
from tests.waiting import background, eventually

pytestmark = pytest.mark.looptime(noop_cycles=0)

ENDPOINTS = 12
MINUTES = 5
LATENCY = 1.0


class Process:
    """One process's connection to a table that others write to: it paces itself, and counts reads."""

    def __init__(self, table):
        self._table = table
        self._pace = Pace(TAIL_SECONDS, REST_SECONDS)
        self.reads = Counter()

    def __getattr__(self, name):
        self.reads[name] += 1
        return getattr(self._table, name)

    async def wait(self, seen):
        return await self._pace.wait(seen)

    async def changes(self, after):
        self.reads["changes"] += 1
        async for change in self._table.changes(after):
            self._pace.read()
            yield change

    async def status_changes(self, region, after):
        self.reads["status_changes"] += 1
        async for change in self._table.status_changes(region, after):
            self._pace.read()
            yield change

    async def write_statuses(self, *args):
        seq = await self._table.write_statuses(*args)
        self._pace.wrote()
        return seq


class SlowToAnswer:
    """A store that takes a second to say where a status log ends."""

    def __init__(self, store):
        self._store = store

    def __getattr__(self, name):
        return getattr(self._store, name)

    async def status_head(self, region):
        await asyncio.sleep(LATENCY)
        return await self._store.status_head(region)


async def fleet(process, clock, identity):
    elector = Elector(FleetLeaseLock(process), identity, name="fleet")
    loop = FleetController(process, clock, lambda: Epoch(elector.transitions))
    await elector.run(loop.lead)


async def test_at_rest_a_process_reads_what_the_cost_page_says(clock):
    world = World(clock, EAST, WEST)
    regions, leaders, standbys = [], [], []
    async with contextlib.AsyncExitStack() as stack:
        for site in world.sites.values():
            await site.install()
            leaders.append(Process(world.store))
            standbys.append(Process(world.store))
            loops = both(await site.sync(leaders[-1]))
            regions += [site.hands.run(), *loops, (await site.sync(standbys[-1])).watch()]
        first, second = Process(world.store), Process(world.store)
        regions += [fleet(first, clock, "a"), fleet(second, clock, "b")]
        await stack.enter_async_context(background(*regions))
        await eventually(lambda: world.registered(2))
        for number in range(ENDPOINTS):
            await world.apply(f"e-{number}")
        for number in range(ENDPOINTS):
            await world.settled("running", f"e-{number}")
        await asyncio.sleep(2 * SLOWING_SECONDS)
        processes = [*leaders, *standbys, first, second]
        for process in processes:
            process.reads.clear()

        await asyncio.sleep(MINUTES * 60)

    leading, waiting = sorted((first, second), key=lambda each: -each.reads["changes"])
    assert [per_minute(each, "changes") for each in leaders] == about(LEADER, LEADER)
    assert [per_minute(each, "changes") for each in standbys] == about(STANDBY, STANDBY)
    assert [per_minute(each, "changes") for each in (leading, waiting)] == about(FLEET, 0)
    assert [per_minute(each, "fleet_lease") for each in (leading, waiting)] == about(0, LEASE)
    assert sum(process.reads["status_changes"] for process in processes) == 0
    listings = ("list", "get_many", "statuses", "statuses_of", "revision", "head", "status_head")
    assert {
        name: process.reads[name] for process in processes for name in listings
    } == dict.fromkeys(listings, 0)


def about(*rates):
    return pytest.approx(rates, rel=0.15)


def per_minute(process, name):
    return process.reads[name] / MINUTES


async def test_a_region_whose_last_endpoint_rests_while_its_log_is_looked_up_is_not_followed(clock):
    """Only regions whose endpoints have to move on cost a read at each look."""
    world = World(clock, EAST)
    process = Process(world.store)
    tail = Tail(SlowToAnswer(process), lambda _: None)
    async with background(tail.run()):
        looked_up = asyncio.create_task(tail.cover({WEB: [EAST]}))
        await asyncio.sleep(LATENCY / 2)
        tail.leave([WEB])
        await looked_up

        await asyncio.sleep(MINUTES * 60)

    assert process.reads["status_changes"] == 0


async def test_a_change_after_a_rest_reaches_the_leader_within_the_longest_pause(clock):
    world = World(clock, EAST)
    [site] = world.sites.values()
    await site.install()
    process = Process(world.store)
    loops = both(await site.sync(process))
    async with background(site.hands.run(), fleet(process, clock, "a"), *loops):
        await eventually(lambda: world.registered(1))
        await world.apply()
        await world.settled("running")
        await asyncio.sleep(2 * SLOWING_SECONDS)
        late = [await arrival(world, site, replicas) for replicas in (2, 3, 4, 5, 6)]

    assert late[0] <= REST_SECONDS + 0.1
    assert max(late[1:]) <= TAIL_SECONDS + 0.1


async def arrival(world, site, replicas):
    """Return the seconds from a change until the custom resource asks for it."""
    loop = asyncio.get_running_loop()
    began = loop.time()
    await world.apply(replicas=replicas)
    await until(lambda: site.asked()[2] == replicas)
    took = loop.time() - began
    await asyncio.sleep(1.7)
    return took


async def test_a_new_leader_acts_on_the_latest_changes_and_makes_nothing_that_was_deleted(clock):
    world = World(clock, EAST)
    [site] = world.sites.values()
    await site.install()
    standby = await site.sync(world.store)
    async with background(site.hands.run(), world.fleet_loop(), standby.watch()):
        async with background(*both(await site.sync(world.store))):
            await eventually(lambda: world.registered(1))
            await world.apply()
            await world.apply("other")
            await world.settled("running")
            await until(lambda: standby.follower.get(WEB) and standby.follower.get("other"))
            await asyncio.sleep(0.1)
            await world.service().delete([WEB], confirmed=True)
            await world.apply("other", replicas=3)
            await until(lambda: site.copy() is None)
            await until(lambda: site.asked("other")[2] == 3)
        assert standby.follower.get(WEB) is not None, "the standby has not read the deletion yet"
        site.monitor.requests.clear()
        began = asyncio.get_running_loop().time()
        async with background(standby.lead()):
            await until(standby.follower.caught_up.is_set)
            assert asyncio.get_running_loop().time() - began < 0.5
            await asyncio.sleep(60)
            assert site.monitor.requests["apply", INFERENCE_ENDPOINT.name] == 0
