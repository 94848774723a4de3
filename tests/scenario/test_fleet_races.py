"""Races around the fleet loop: whoever a person is, he wins; a former leader writes nothing."""

import asyncio

import pytest

from gco.controllers.fleet import FleetController, FleetLeaseLock
from gco.core.model.endpoint import EndpointState, Write
from gco.core.model.ids import EndpointName, Epoch
from gco.core.model.status import RegionState
from gco.errors import ConflictError, FencedError
from gco.runtime.lock import LeaseRecord
from gco.store.port import MAX_WRITES, FleetLease
from tests.fleet.builders import EAST, SOUTH, WEST
from tests.scenario.fleet_world import CountingStore, World
from tests.service.world import WEB, a_world, apply, document
from tests.waiting import background, eventually

pytestmark = pytest.mark.looptime

REGIONS = (EAST, WEST, SOUTH)


class Interrupted(CountingStore):
    """A store in which something happens right before the fleet's next write."""

    def __init__(self, **options):
        super().__init__(**options)
        self.interruption = None

    async def write(self, writes, *, fleet_epoch=None):
        if fleet_epoch is not None and self.interruption is not None:
            interruption, self.interruption = self.interruption, None
            await interruption()
        return await super().write(writes, fleet_epoch=fleet_epoch)


async def a_fleet(clock):
    """People, regions that only say what a test has them say, and the lease's first leader."""
    world = await a_world(Interrupted(clock=clock))
    lease = FleetLease("me", Epoch(1), 1, 15.0)
    await world.store.write_fleet_lease(lease, seen=None)
    return world, FleetController(world.store, world.clock, lambda: Epoch(1))


async def state_is(world, state):
    found = (await world.store.get_many([WEB])).get(WEB)
    return (found and found.state) == state


async def many_endpoints_that_are_ready(world):
    """More than one transaction takes, each in one region that has done what it was asked."""
    names = [EndpointName(f"web-{number:02}") for number in range(MAX_WRITES + 2)]
    documents = [document(name, regions=[EAST]) for name in names]
    await world.service().apply(documents, source="many.yaml")
    for name in names:
        await world.say(EAST, name=name)
    return names


async def states_are(world, names, state):
    found = await world.store.get_many(names)
    return {endpoint.state for endpoint in found.values()} == {state}


async def test_promotion_waits_for_every_region_and_for_no_other_word(clock):
    world, fleet = await a_fleet(clock)
    await apply(world)
    async with background(fleet.lead()):
        await world.say(EAST)
        await world.say(WEST)
        await world.say(SOUTH, ready=False)
        await asyncio.sleep(5)
        assert await state_is(world, EndpointState.DEPLOYING)
        await world.say(SOUTH)
        await eventually(lambda: state_is(world, EndpointState.RUNNING))


async def test_a_new_revision_goes_back_to_deploying_and_old_readiness_does_not_count(clock):
    world, fleet = await a_fleet(clock)
    await apply(world, document(regions=[EAST]))
    async with background(fleet.lead()):
        await world.say(EAST)
        await eventually(lambda: state_is(world, EndpointState.RUNNING))
        await world.service().scale(WEB, 2)
        await world.say(EAST, revision=1)
        await asyncio.sleep(5)
        assert await state_is(world, EndpointState.DEPLOYING)
        await world.say(EAST)
        await eventually(lambda: state_is(world, EndpointState.RUNNING))


async def test_a_delete_that_races_a_promotion_wins(clock):
    world, fleet = await a_fleet(clock)
    await apply(world)
    world.store.interruption = lambda: world.service("bob").delete([WEB])
    async with background(fleet.lead()):
        for region in REGIONS:
            await world.say(region)
        await eventually(lambda: state_is(world, EndpointState.DELETED))
        await asyncio.sleep(5)
        assert await state_is(world, EndpointState.DELETED)
        for region in REGIONS:
            await world.say_deleted(region)
        await eventually(lambda: state_is(world, None))


async def test_an_edit_that_races_a_promotion_is_not_lost(clock):
    world, fleet = await a_fleet(clock)
    await apply(world)
    world.store.interruption = lambda: world.service("bob").scale(WEB, 7)
    async with background(fleet.lead()):
        for region in REGIONS:
            await world.say(region)
        await asyncio.sleep(5)
        endpoint = await world.store.get(WEB)
        assert (endpoint.spec.replicas, endpoint.state) == (7, EndpointState.DEPLOYING)


async def test_a_row_that_was_made_again_during_a_purge_survives(clock):
    world, fleet = await a_fleet(clock)
    await apply(world, document(regions=[EAST]))
    first = (await world.store.get(WEB)).uid

    async def another_leader_purges_and_a_person_applies_again():
        tombstone = await world.store.get(WEB)
        await world.store.write([Write(WEB, tombstone.generation, None)])
        await apply(world, document(regions=[EAST], replicas=3))

    async with background(fleet.lead()):
        await world.service().delete([WEB])
        world.store.interruption = another_leader_purges_and_a_person_applies_again
        await world.say_deleted(EAST)
        await asyncio.sleep(10)

    endpoint = await world.store.get(WEB)
    assert (endpoint.uid != first, endpoint.spec.replicas) == (True, 3)
    assert endpoint.state is EndpointState.DEPLOYING


async def test_a_former_leader_of_the_fleet_writes_nothing(clock):
    world, fleet = await a_fleet(clock)
    await apply(world, document(regions=[EAST]))
    lease = await world.store.fleet_lease()
    await world.store.write_fleet_lease(FleetLease("you", Epoch(2), 2, 15.0), seen=lease)
    async with background(fleet.lead()):
        await world.say(EAST)
        await asyncio.sleep(60)

    assert await state_is(world, EndpointState.DEPLOYING)
    stale = Write(WEB, (await world.store.get(WEB)).generation, None)
    with pytest.raises(FencedError):
        await world.store.write([stale], fleet_epoch=Epoch(1))


async def test_a_former_leader_does_not_borrow_the_epoch_of_the_one_that_it_saw_take_over(clock):
    world, _ = await a_fleet(clock)
    told = [Epoch(1)]
    fleet = FleetController(world.store, clock, lambda: told[0])
    await apply(world, document(regions=[EAST]))
    async with background(fleet.lead()):
        await asyncio.sleep(1)
        lease = await world.store.fleet_lease()
        await world.store.write_fleet_lease(FleetLease("you", Epoch(2), 2, 15.0), seen=lease)
        told[0] = Epoch(2)  # as an elector does that has just seen the other's lease
        await world.say(EAST)
        await asyncio.sleep(60)

    assert await state_is(world, EndpointState.DEPLOYING)


async def test_of_two_candidates_one_leads_and_the_other_takes_over(clock):
    world = World(clock, EAST)
    async with world.running(fleet=False):
        await world.apply()
        async with background(world.fleet_loop(identity="one")):
            await world.settled("running")
            async with background(world.fleet_loop(identity="two")):
                await asyncio.sleep(30)
                assert (await world.store.fleet_lease()).holder == "one"
        first = await world.store.fleet_lease()
        async with background(world.fleet_loop(identity="three")):
            await world.service().scale("web", 2)
            await world.settled("running")

    last = await world.store.fleet_lease()
    assert last.epoch > first.epoch


async def test_the_fleet_hears_of_what_regions_said_while_nobody_led(clock):
    world, fleet = await a_fleet(clock)
    await apply(world, document(regions=[EAST, WEST]))
    await world.say(EAST)
    await world.say(WEST)

    async with background(fleet.lead()):
        await eventually(lambda: state_is(world, EndpointState.RUNNING))


async def test_endpoints_that_are_ready_together_are_promoted_together(clock):
    world, fleet = await a_fleet(clock)
    names = await many_endpoints_that_are_ready(world)
    world.store.writes.clear()
    async with background(fleet.lead()):
        await eventually(lambda: states_are(world, names, EndpointState.RUNNING))
    assert world.store.writes == {"write": 2}


async def test_an_edit_of_one_endpoint_holds_up_no_promotion_of_the_others(clock):
    world, fleet = await a_fleet(clock)
    first, *others = await many_endpoints_that_are_ready(world)
    world.store.interruption = lambda: world.service("bob").scale(first, 7)
    async with background(fleet.lead()):
        await eventually(lambda: states_are(world, others, EndpointState.RUNNING))
    assert (await world.store.get(first)).state is EndpointState.DEPLOYING


async def test_after_a_gap_in_a_log_the_fleet_lists_everything(clock):
    world, fleet = await a_fleet(clock)
    await apply(world, document(regions=[EAST]))
    async with background(fleet.lead()):
        await asyncio.sleep(1)
        world.store._status_logs.clear()
        with world.store.outage():
            await asyncio.sleep(1)
        await world.say(EAST)
        await world.say(EAST, reason="StillReady")
        world.store._status_logs[EAST]._entries.clear()
        await eventually(lambda: state_is(world, EndpointState.RUNNING))


async def test_the_fleet_goes_on_after_an_outage_of_the_store(clock):
    world, fleet = await a_fleet(clock)
    await apply(world, document(regions=[EAST]))
    async with background(fleet.lead()):
        with world.store.outage():
            await asyncio.sleep(60)
        await world.say(EAST)
        await eventually(lambda: state_is(world, EndpointState.RUNNING))


async def test_a_forgotten_region_lets_a_tombstone_be_purged(clock):
    world, fleet = await a_fleet(clock)
    await apply(world, document(regions=[EAST, WEST]))
    async with background(fleet.lead()):
        await world.service().delete([WEB])
        await world.say_deleted(EAST)
        world.clock.forward(minutes=5)
        await world.service().forget_region(WEST, force=True)
        await eventually(lambda: state_is(world, None))


async def test_at_rest_the_fleet_writes_nothing(clock):
    world, fleet = await a_fleet(clock)
    await apply(world, document(regions=[EAST]))
    async with background(fleet.lead()):
        await world.say(EAST)
        await eventually(lambda: state_is(world, EndpointState.RUNNING))
        before = world.store.writes.copy()
        await world.say(EAST, state=RegionState.UPDATING, ready=False)
        await asyncio.sleep(600)
        world.store.writes.subtract(before)
        assert +world.store.writes == {"write_statuses": 1}
        assert await state_is(world, EndpointState.RUNNING)


async def test_the_lock_keeps_what_was_written_and_refuses_what_is_stale(clock):
    lock = FleetLeaseLock(CountingStore(clock=clock))
    assert await lock.read() is None

    first = await lock.write(LeaseRecord("one", 15.0, 1), seen=None)
    assert await lock.read() == first
    second = await lock.write(LeaseRecord("one", 15.0, 1), seen=first)
    assert second.token != first.token
    for stale in (None, first):
        with pytest.raises(ConflictError):
            await lock.write(LeaseRecord("two", 15.0, 2), seen=stale)


async def test_the_lock_tells_of_changes_and_not_of_other_writes(clock):
    world = await a_world(CountingStore(clock=clock))
    lock = FleetLeaseLock(world.store)
    seen = []

    async def note():
        async for record in lock.watch():
            seen.append(record and record.holder)  # noqa: PERF401  (it never ends)

    async with background(note()):
        await asyncio.sleep(3)
        await world.beat()
        await asyncio.sleep(3)
        first = await lock.write(LeaseRecord("one", 15.0, 1), seen=None)
        await asyncio.sleep(3)
        await lock.write(LeaseRecord("", 1.0, 1), seen=first)
        await asyncio.sleep(3)

    assert seen == [None, "one", ""]
