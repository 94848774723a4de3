"""Crash points of an endpoint with a model: the monitor dies at any call, and the end is the same."""

import asyncio
import datetime as dt
import functools

from gco.clock import LoopClock
from gco.controllers.endpoint import EndpointController
from gco.core.model.endpoint import TargetState
from gco.core.model.status import RegionState
from gco.kinds.registry import CONTROLLER_REVISION, DEPLOYMENT, INGRESS, POD, SERVICE
from tests.scenario.copier import DIRECTORY, IMAGE, MODEL, Copier, an_outcome, jobs, mounts
from tests.scenario.region_world import NS, World
from tests.scenario.test_sync_crash import Fuse, Through, first_of
from tests.virtual_time import run, until
from tests.waiting import background

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
SECOND = f"llama/{'0b' * 32}"


async def life(world, copier):
    """An endpoint is made, gets another model, and is deleted; return what was seen on the way."""
    copier.finish = an_outcome()
    await world.want(model=MODEL)
    await world.ready()
    first = mounts(world)["subPath"]
    copier.finish = an_outcome(SECOND)
    changed = {"uri": "s3://weights/llama-v2", "name": "llama"}
    await world.want(revision=2, model=changed)
    await world.ready(revision=2)
    second = mounts(world)["subPath"]
    await world.want(revision=3, state=TargetState.DELETED, model=changed)
    await until(lambda: world.status().state is RegionState.DELETED, within=600)
    await until(lambda: not (world.all(POD) or jobs(world)), within=900)
    left = [
        kind.name for kind in (DEPLOYMENT, SERVICE, INGRESS, CONTROLLER_REVISION) if world.all(kind)
    ]
    return first, second, left


async def crash(at):
    """Live that life with a crash at one step; return whether it came to that, and what was seen."""
    world = World(LoopClock(START))
    await world.install()
    copier = Copier(world)
    fuse = Fuse(at)

    def monitor(fuse):
        cluster = Through(world.monitor, fuse)
        return EndpointController(cluster, [NS], world.clock, image=IMAGE).run()

    async with background(*world.others(), copier.run()):
        living = asyncio.ensure_future(life(world, copier))
        async with background(monitor(fuse)):
            await first_of(fuse.blown.wait(), living)
        async with background(monitor(Fuse(-1))):
            seen = await living
    return fuse.blown.is_set(), seen, len(copier.started)


def test_a_crash_at_any_call_ends_as_no_crash_does():
    steps = 0
    while True:
        blown, seen, copies = run(functools.partial(crash, steps))
        assert seen == (DIRECTORY, SECOND, []), f"after a crash at step {steps}"
        assert copies == 2, f"after a crash at step {steps}"
        if not blown:
            break
        steps += 1
    assert steps > 20, "such a life makes calls"
