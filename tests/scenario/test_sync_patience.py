"""What the sync loop waits out: a permission missing for a moment, a webhook, a record it cannot read."""

import asyncio

import pytest

from gco.controllers.sync import identify_cluster
from gco.core.model.endpoint import Write
from gco.core.model.ids import EndpointName
from gco.errors import ForbiddenError, TransientError, UnreadableError
from gco.kinds.registry import INFERENCE_ENDPOINT
from tests.fleet.builders import region
from tests.scenario.fleet_world import EAST, NS, WEB, CountingStore, World, both
from tests.virtual_time import until
from tests.waiting import background, eventually

pytestmark = pytest.mark.looptime(noop_cycles=0)

NEWER = "the record of web cannot be read (spec.warp: unknown): upgrade gco"


class NewerStore(CountingStore):
    """A store in which a later version wrote some records."""

    def __init__(self, **options):
        super().__init__(**options)
        self.unreadable: set[str] = set()

    async def get_many(self, names, *, unread=None):
        found = await super().get_many(names, unread=unread)
        return {name: e for name, e in found.items() if self._is_readable(name, unread)}

    async def list(self, *, unread=None, **options):
        async for endpoint in super().list(unread=unread, **options):
            if self._is_readable(endpoint.name, unread):
                yield endpoint

    def _is_readable(self, name, unread):
        if name in self.unreadable:
            if unread is None:
                raise UnreadableError(NEWER)
            unread(name, UnreadableError(NEWER))
        return name not in self.unreadable


async def row(world, name=WEB):
    [found] = (await world.service().get(EndpointName(name))).regions
    return found


@pytest.mark.parametrize("times", [1, 5])
async def test_a_permission_that_is_missing_for_a_moment_is_not_told(clock, times):
    world = World(clock, EAST)
    world.sites[EAST].monitor.faults.fail(
        "apply", INFERENCE_ENDPOINT, times=times, error=lambda: ForbiddenError("RBAC: not found")
    )
    async with world.running():
        await world.apply()
        began = asyncio.get_running_loop().time()
        while not world.sites[EAST].asked():
            assert not (await row(world)).failed
            await asyncio.sleep(0.5)
        assert asyncio.get_running_loop().time() - began < 30
        await world.settled("running")


async def test_a_permission_that_stays_missing_is_told_and_heals(clock):
    world = World(clock, EAST)
    site = world.sites[EAST]
    site.monitor.faults.fail(
        "apply", INFERENCE_ENDPOINT, times=10_000, error=lambda: ForbiddenError("cannot patch")
    )
    async with world.running():
        await world.apply()

        async def told():
            return (await row(world)).reason == "Forbidden"

        await eventually(told)
        assert (await row(world)).failed
        site.monitor.faults.clear()

        async def runs():
            return await world.state() == "running"

        await eventually(runs, within=1100)


async def test_a_webhook_that_is_down_is_told_without_giving_up(clock):
    world = World(clock, EAST)
    site = world.sites[EAST]
    site.monitor.faults.fail(
        "apply", INFERENCE_ENDPOINT, times=10_000, error=lambda: TransientError("calling webhook")
    )
    async with world.running():
        await world.apply()

        async def told():
            return (await row(world)).reason == "ApplyFailed"

        await eventually(told)
        found = await row(world)
        assert (found.failed, found.state, found.message) == (False, "pending", "calling webhook")
        site.monitor.faults.clear()
        await world.settled("running")


async def test_a_record_that_cannot_be_read_holds_up_no_other_and_its_last_wish_stands(clock):
    world = World(clock, EAST)
    world.store = NewerStore(clock=clock)
    site = world.sites[EAST]
    async with world.running(fleet=False):
        await world.apply()
        await world.apply("other")
        await until(lambda: site.asked() and site.asked("other"))
        await world.apply(replicas=2)
        await until(lambda: site.asked() == ("running", 2, 2))
        current = await world.endpoint()
        world.store.unreadable.add(WEB)
        await touch(world, current)
        await world.apply("other", replicas=3)
        await until(lambda: site.asked("other") == ("running", 2, 3))

        edits = [{"op": "replace", "path": "/spec/replicas", "value": 9}]
        await site.person.patch(INFERENCE_ENDPOINT, NS, WEB, edits, manager="kubectl-edit")
        await until(lambda: site.asked() == ("running", 2, 2))


async def touch(world, endpoint):
    """Write the record as it is, so that the change log names it."""
    newer = endpoint.model_copy(update={"generation": endpoint.generation + 1})
    await world.store.write([Write(endpoint.name, endpoint.generation, newer)])


async def test_a_record_that_the_first_listing_cannot_read_holds_up_no_other(clock):
    world = World(clock, EAST)
    world.store = NewerStore(clock=clock)
    site = world.sites[EAST]
    async with world.running():
        await world.apply()
        await world.apply("other")
        await world.settled("running")
        await world.settled("running", "other")
    world.store.unreadable.add(WEB)

    async with world.running():  # as after a restart of the monitors
        await world.apply("other", replicas=3)
        await until(lambda: site.asked("other") == ("running", 2, 3))
        await asyncio.sleep(300)
        assert site.asked() == ("running", 1, 1)
        [known] = await world.store.regions()
        assert known.orphans == ()
        assert [said.name for said in await world.store.statuses(EAST)] == ["other", WEB]

        world.store.unreadable.clear()
        await world.apply(replicas=2)
        await until(lambda: site.asked() == ("running", 2, 2))


async def test_a_listing_that_fails_ends_nothing_and_is_tried_again(clock):
    world = World(clock, EAST)
    world.store = NewerStore(clock=clock)
    site = world.sites[EAST]
    async with world.running(fleet=False, sync=False):
        uid = await identify_cluster(site.server)
        await world.store.lead_region(region(EAST, cluster_uid=uid, heartbeat=clock.now()))
        await world.apply()
        sync = await site.sync(world.store)
        with world.store.outage():
            async with background(*both(sync)) as loops:
                await asyncio.sleep(300)
                assert not any(loop.done() for loop in loops)
                assert site.asked() is None
        async with background(*both(sync)):
            await until(lambda: site.asked() is not None, within=120)


async def test_the_fleet_goes_on_though_a_record_cannot_be_read(clock):
    world = World(clock, EAST)
    world.store = NewerStore(clock=clock)
    async with world.running():
        await world.apply()
        await world.settled("running")
        world.store.unreadable.add(WEB)
        await world.apply("other")
        await world.settled("running", "other")
    async with world.running():  # which lists everything anew
        await world.apply("other", replicas=2)
        await world.settled("running", "other")
