"""Deletion, and forgetting regions."""

import pytest

from gco.core.model.endpoint import EndpointState, TargetState
from gco.core.model.ids import EndpointName, RegionName
from gco.errors import ConfirmationError, NotFoundError, UnsupportedStateError
from tests.fleet.builders import EAST, SOUTH, WEST
from tests.service.world import WEB, Overtaken, a_world, apply, document


async def many(count, **spec):
    world = await a_world()
    names = [EndpointName(f"web-{n:02}") for n in range(count)]
    await world.service().apply([document(n, **spec) for n in names], source="many.yaml")
    return world, names


async def test_delete_leaves_a_tombstone_until_every_region_has_reported():
    world = await a_world()
    await apply(world, document(regions=[EAST, WEST]))

    [deleted] = await world.service().delete([WEB])

    endpoint = await world.store.get(WEB)
    assert (deleted.already, deleted.regions) == (False, (WEST, EAST))
    assert (endpoint.state, endpoint.deleted_by) == (EndpointState.DELETED, "ann")
    assert {t.state for t in endpoint.targets.values()} == {TargetState.DELETED}
    assert {t.revision for t in endpoint.targets.values()} == {1}


async def test_an_edit_that_comes_between_does_not_stop_a_delete():
    async def faster():
        await world.service("bob").scale(WEB, 5)

    world = await a_world(Overtaken(faster))
    await apply(world)

    await world.service().delete([WEB])

    endpoint = await world.store.get(WEB)
    assert (endpoint.state, endpoint.spec.replicas) == (EndpointState.DELETED, 5)
    assert {t.revision for t in endpoint.targets.values()} == {2}


async def test_deleting_twice_is_deleting_once():
    world = await a_world()
    await apply(world)
    await world.service().delete([WEB])
    head = await world.store.head()

    [again] = await world.service().delete([WEB])

    assert again.already
    assert await world.store.head() == head


async def test_deleting_what_is_not_there_is_an_error_unless_that_is_fine():
    world = await a_world()

    assert await world.service().delete([WEB], missing_ok=True) == []
    with pytest.raises(NotFoundError):
        await world.service().delete([WEB])


async def test_one_misspelt_name_deletes_none_of_them():
    world, names = await many(2)

    with pytest.raises(NotFoundError):
        await world.service().delete([*names, EndpointName("web-9")], confirmed=True)
    assert {e.state async for e in world.store.list()} == {EndpointState.DEPLOYING}


@pytest.mark.parametrize(
    ("total", "deleted", "asks"),
    [
        pytest.param(1, 1, False, id="the-only-one"),
        pytest.param(3, 1, False, id="one-of-few"),
        pytest.param(3, 2, True, id="two-of-three"),
        pytest.param(10, 2, False, id="a-fifth"),
        pytest.param(10, 3, True, id="more-than-a-fifth"),
    ],
)
async def test_deleting_a_large_part_wants_a_confirmation(total, deleted, asks):
    world, names = await many(total)
    service = world.service()

    if asks:
        with pytest.raises(ConfirmationError, match=f"{deleted} of {total}"):
            await service.delete(names[:deleted])
        assert {e.state async for e in world.store.list()} == {EndpointState.DEPLOYING}
    await service.delete(names[:deleted], confirmed=asks)
    gone = [e.name async for e in world.store.list() if e.state is EndpointState.DELETED]
    assert gone == names[:deleted]


async def test_deleting_one_by_one_is_counted_together_for_ten_minutes_and_by_actor():
    world, names = await many(10)
    for name in names[:2]:
        await world.service().delete([name])

    with pytest.raises(ConfirmationError, match=r"3 of 10 .* 2 of them already"):
        await world.service().delete([names[2]])

    await world.service("bob").delete([names[2]])
    world.clock.forward(minutes=11)
    await world.service().delete([names[3]])


async def test_more_than_fit_one_transaction_are_deleted():
    world, names = await many(60)

    assert len(await world.service().delete(names, confirmed=True)) == 60
    assert {e.state async for e in world.store.list()} == {EndpointState.DELETED}


async def test_a_region_that_is_heard_is_not_forgotten():
    world = await a_world()

    with pytest.raises(UnsupportedStateError, match="alive"):
        await world.service().forget_region(EAST)


async def test_a_silent_region_that_nothing_uses_is_forgotten():
    world = await a_world()
    world.clock.forward(minutes=5)

    assert await world.service().forget_region(SOUTH) == []
    assert [r.name for r in await world.store.regions()] == [WEST, EAST]


async def test_a_silent_region_in_use_is_forgotten_by_force_alone():
    world = await a_world()
    await apply(world, document(regions=[EAST, WEST]))
    world.clock.forward(minutes=5)
    service = world.service()

    with pytest.raises(UnsupportedStateError, match="still has web"):
        await service.forget_region(WEST)
    assert await service.forget_region(WEST, force=True) == [WEB]

    endpoint = await world.store.get(WEB)
    assert list(endpoint.targets) == [EAST]
    assert [r.name for r in endpoint.spec.regions] == [EAST]
    assert endpoint.targets[EAST].revision == endpoint.revision
    await service.scale(WEB, 2)


async def test_force_lets_a_tombstone_end_though_its_region_is_gone_for_good():
    world = await a_world()
    await apply(world, document(regions=[EAST]))
    await world.service().delete([WEB])
    world.clock.forward(minutes=5)

    await world.service().forget_region(EAST, force=True)

    assert (await world.store.get(WEB)).targets == {}


async def test_even_force_leaves_no_endpoint_without_a_region():
    world = await a_world()
    await apply(world, document(regions=[EAST]))

    with pytest.raises(UnsupportedStateError, match="delete them first"):
        await world.service().forget_region(EAST, force=True)
    assert EAST in {r.name for r in await world.store.regions()}


async def test_an_unknown_region_is_named_with_its_nearest():
    world = await a_world()

    with pytest.raises(NotFoundError, match="did you mean us-east-1"):
        await world.service().forget_region(RegionName("us-est-1"), force=True)
