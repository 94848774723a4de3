"""What an autoscaler left is kept by a file that no longer asks for one."""

import pytest

from tests.fleet.builders import EAST, SOUTH, WEST
from tests.service.world import WEB, a_world, apply, document

SCALED = {"autoscaling": {"min": 2, "max": 8}}


async def scaled_world(counts, **spec):
    world = await a_world()
    await apply(world, document(**{**SCALED, **spec}))
    for region, count in counts.items():
        await world.say(region, replicas=(count, count))
    return world


async def replicas(world):
    return {region: t.replicas for region, t in (await world.store.get(WEB)).targets.items()}


@pytest.mark.parametrize(
    ("stated", "counts", "left", "kept"),
    [
        pytest.param(
            {},
            {EAST: 5, WEST: 5, SOUTH: 5},
            {EAST: 5, WEST: 5, SOUTH: 5},
            {"spec.replicas": "5"},
            id="the-same-everywhere",
        ),
        pytest.param(
            {},
            {EAST: 5, WEST: 3, SOUTH: 5},
            {EAST: 5, WEST: 3, SOUTH: 5},
            {
                f"spec.regions[{EAST}].replicas": "5",
                f"spec.regions[{WEST}].replicas": "3",
                f"spec.regions[{SOUTH}].replicas": "5",
            },
            id="each-region-its-own",
        ),
        pytest.param(
            {"autoscaling": {"enabled": False, "min": 2}},
            {EAST: 4, WEST: 4, SOUTH: 4},
            {EAST: 4, WEST: 4, SOUTH: 4},
            {"spec.replicas": "4"},
            id="switched-off-by-name",
        ),
        pytest.param(
            {"replicas": 2},
            {EAST: 5, WEST: 5, SOUTH: 5},
            {EAST: 2, WEST: 2, SOUTH: 2},
            {},
            id="stated",
        ),
        pytest.param({}, {}, {EAST: 1, WEST: 1, SOUTH: 1}, {}, id="nothing-was-reported"),
        pytest.param(
            {"regions": [EAST, {"name": WEST, "replicas": 1}]},
            {EAST: 5, WEST: 5},
            {EAST: 5, WEST: 1},
            {f"spec.regions[{EAST}].replicas": "5"},
            id="stated-in-one-region",
        ),
        pytest.param(
            {**SCALED, "regions": [EAST, {"name": WEST, "autoscaling": {"enabled": False}}]},
            {EAST: 5, WEST: 6},
            {EAST: 2, WEST: 6},
            {f"spec.regions[{WEST}].replicas": "6"},
            id="off-in-one-region",
        ),
    ],
)
async def test_what_runs_is_kept_where_no_number_is_stated(stated, counts, left, kept):
    world = await scaled_world(counts)

    applied = await apply(world, document(**stated))

    running = await replicas(world)
    assert {region: running[region] for region in left} == left
    assert {each.path: each.value for each in applied.kept} == kept


async def test_a_stopped_endpoint_leaves_no_count_behind():
    world = await scaled_world({EAST: 5, WEST: 5, SOUTH: 5})
    await world.service().stop(WEB)
    for region in (EAST, WEST, SOUTH):
        await world.say(region, replicas=(0, 0))

    await apply(world, document(state="running"))

    assert await replicas(world) == {EAST: 1, WEST: 1, SOUTH: 1}
