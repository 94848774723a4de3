"""A canary started, promoted and aborted, with the process killed at every request there is."""

import pytest

from gco.core.model.status import ConditionType
from gco.kinds.registry import DEPLOYMENT, INGRESS, SERVICE
from tests.builders import WEB
from tests.scenario.canary_world import (
    CANARY,
    NEW,
    OLD,
    OTHER,
    Watch,
    canary_objects,
    pods,
    weight,
)
from tests.scenario.death import Death, lives
from tests.scenario.region_world import World
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_request_a_canary_ends_the_same_and_no_request_is_lost(clock, after):
    expected = await canarys_life(clock, None)
    survived, number = False, 0
    while not survived:
        number += 1
        dying = Death(number, after=after)
        assert await canarys_life(clock, dying) == expected, (
            f"killed {'after' if after else 'before'} request {number}"
        )
        survived = not dying.happened.is_set()
    assert number > 20


async def canarys_life(clock, death):
    """Return what existed while a canary served, after its promotion, and after another's abort."""
    world = World(clock)
    await world.install()
    watch = Watch(world)
    async with background(*world.others(), lives(world, death), watch.run()):
        await world.want(image=OLD)
        await world.ready()
        watch.guard()
        await world.want(image=OLD, revision=2, canary={"image": NEW})
        await until(lambda: serving(world, 2))
        tried = shape(world)
        await world.want(image=NEW, revision=3, promotes={"image": NEW})
        await until(lambda: alone(world, 3), within=300)
        promoted = shape(world)
        await world.want(image=NEW, revision=4, canary={"image": OTHER, "weight": 50})
        await until(lambda: serving(world, 4))
        await world.want(image=NEW, revision=5)
        await until(lambda: alone(world, 5), within=300)
        assert len(pods(world, WEB, image=NEW)) == 1
        assert watch.wrongs == []
        return tried, promoted, shape(world)


def serving(world, revision):
    reason = world.reason(ConditionType.CANARY_READY)
    at = world.is_ready(revision=revision) and reason == "CanaryServing"
    return at and weight(world) > 0 and pods(world, CANARY)


def alone(world, revision):
    said = world.status() and world.status().condition(ConditionType.CANARY_READY)
    return world.is_ready(revision=revision) and said is None and not canary_objects(world)


def shape(world):
    objects = {
        kind.name: {name: manifest["spec"] for name, manifest in world.all(kind).items()}
        for kind in (INGRESS, DEPLOYMENT)
    }
    return objects | {SERVICE.name: sorted(world.all(SERVICE)), "weight": weight(world)}
