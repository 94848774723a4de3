"""What people see: views, regions, and waiting."""

import asyncio

import pytest

from gco.core.model.endpoint import Write
from gco.core.model.status import RegionState
from gco.errors import NotFoundError, TimedOutError
from gco.service import Until
from tests.fleet.builders import EAST, SOUTH, WEST
from tests.service.world import WEB, a_world, apply, document


async def applied_world(**spec):
    world = await a_world()
    await apply(world, document(regions=[EAST, WEST], **spec))
    return world


async def test_a_view_has_every_region_and_one_line_for_all():
    world = await applied_world()
    await world.say(EAST)
    await world.say(WEST, ready=False, reason="WaitingForGPU", message="1 requested, 0 free")

    view = await world.service().get(WEB)

    assert view.summary == "1/2 regions ready; eu-west-1: WaitingForGPU (1 requested, 0 free)"
    assert (view.ready, view.failed) == (False, False)
    assert {r.region: r.done for r in view.regions} == {EAST: True, WEST: False}
    assert view.effective.port == 8000
    assert view.model_dump(mode="json")["regions"][0]["targetRevision"] == 1


async def test_a_silent_region_is_never_shown_as_ready():
    world = await applied_world()
    await world.say(EAST)
    await world.say(WEST)
    assert (await world.service().get(WEB)).ready

    world.clock.forward(minutes=2)

    view = await world.service().get(WEB)
    assert not view.ready
    assert {r.reason for r in view.regions} == {"RegionSilent"}


async def test_the_list_has_every_endpoint_and_the_status_only_those_named():
    world = await applied_world()
    await apply(world, document("api"))
    await world.say(EAST)
    service = world.service()

    assert [v.name for v in await service.list()] == ["api", "web"]
    [one] = await service.status([WEB])
    assert one == await service.get(WEB)
    assert len(await service.status()) == 2


async def test_regions_tell_what_they_have_and_what_runs_there():
    world = await applied_world()
    await world.say(EAST)

    rows = {info.region.name: info for info in await world.service().regions()}

    assert {n: (i.endpoints, i.ready) for n, i in rows.items()} == {
        EAST: (1, 1),
        WEST: (1, 0),
        SOUTH: (0, 0),
    }
    assert rows[EAST].region.capacity["nvidia.com/gpu"].free == 6
    world.clock.forward(minutes=2)
    [first, *_] = await world.service().regions()
    assert (first.silent_seconds, first.ready) == (120, None)


async def collect(world, **options):
    return [view async for view in world.service().wait(WEB, **options)]


async def test_waiting_ends_when_every_region_is_ready():
    world = await applied_world()
    waiting = asyncio.create_task(collect(world))
    await asyncio.sleep(0)
    await world.say(EAST)
    await world.say(WEST)

    views = await waiting

    assert views[-1].ready
    assert views[-1].summary == "2/2 regions ready"


async def test_waiting_ends_when_a_region_says_that_it_failed():
    world = await applied_world()
    await world.say(EAST, ready=False, state=RegionState.ERROR, reason="Rejected")

    assert (await collect(world))[-1].failed


async def test_waiting_for_deletion_ends_when_the_endpoint_is_purged():
    world = await applied_world()
    await world.service().delete([WEB])
    waiting = asyncio.create_task(collect(world, until=Until.DELETED))
    await asyncio.sleep(0)

    tombstone = await world.store.get(WEB)
    await world.store.write([Write(WEB, tombstone.generation, None)])

    assert "deleting" in (await waiting)[-1].summary


async def test_waiting_for_what_is_not_there_is_an_error():
    world = await a_world()

    with pytest.raises(NotFoundError):
        await collect(world)


@pytest.mark.looptime
async def test_waiting_times_out_with_what_was_missing():
    world = await applied_world()
    loop = asyncio.get_running_loop()

    with pytest.raises(TimedOutError, match="0/2 regions ready"):
        await collect(world, timeout=30)
    assert loop.time() == pytest.approx(30, abs=0.1)


@pytest.mark.looptime
@pytest.mark.timeout(30)
async def test_a_time_out_that_rounding_leaves_a_hair_of_is_over():
    world = await applied_world()
    for _ in range(40):
        await asyncio.sleep(0.000_017)
        with pytest.raises(TimedOutError):
            await collect(world, timeout=15)


@pytest.mark.looptime
async def test_a_view_ages_though_nothing_is_written():
    world = await applied_world()
    views = world.service().wait(WEB)

    assert "has not reported yet" in (await anext(views)).summary
    world.clock.forward(minutes=2)
    assert "RegionSilent" in (await anext(views)).summary
    await views.aclose()
