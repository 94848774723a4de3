"""Crash points: the monitor dies before or after each call it makes, starts anew, and the end is the same.

A call that the process died before was never made; one that it died after was made, and nobody
learned of it. Both are one `Fuse`: at its step the call hangs for ever, until the process is killed.
"""

import asyncio
import datetime as dt
import functools
import inspect
from typing import Any

import pytest

from gco.clock import LoopClock
from gco.core.model.names import SPEC_HASH_ANNOTATION
from gco.kinds.registry import INFERENCE_ENDPOINT
from tests.scenario.fleet_world import EAST, NS, WEB, World, both
from tests.virtual_time import run
from tests.waiting import background, eventually

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
CALLS = frozenset(
    {
        "apply",
        "patch",
        "delete",
        "get",
        "write_statuses",
        "lead_region",
        "statuses",
        "write",
        "get_many",
        "statuses_of",
        "identity",
        "head",
    }
)


class Fuse:
    """Hangs the call at step `at`: even steps come before a call, odd ones after it."""

    def __init__(self, at: int) -> None:
        self._left = at
        self.blown = asyncio.Event()

    async def step(self) -> None:
        if self._left == 0:
            self.blown.set()
            await asyncio.Event().wait()
        self._left -= 1


class Through:
    """Passes everything to `target`, the calls that matter past a fuse."""

    def __init__(self, target: Any, fuse: Fuse) -> None:
        self._target = target
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)
        if name not in CALLS or not inspect.iscoroutinefunction(method):
            return method

        async def call(*args: Any, **options: Any) -> Any:
            await self._fuse.step()
            answer = await method(*args, **options)
            await self._fuse.step()
            return answer

        return call


async def create(world: World) -> None:
    await world.apply(replicas=2)
    await world.settled("running")


async def update(world: World) -> None:
    await world.apply(replicas=3, args=["--seed=1"])
    await world.settled("running")


async def repair(world: World) -> None:
    site = world.sites[EAST]
    operations = [{"op": "add", "path": "/spec/endpoint/port", "value": 9}]
    await site.person.patch(INFERENCE_ENDPOINT, NS, WEB, operations, manager="kubectl-edit")

    async def repaired() -> bool:
        return "port" not in site.copy()["spec"]["endpoint"]

    await eventually(repaired)


async def delete(world: World) -> None:
    await world.service().delete([WEB])
    await world.settled(None)

    async def clean() -> bool:
        return world.sites[EAST].copy() is None and await world.said(EAST) is None

    await eventually(clean)


async def nothing(_: World) -> None:
    """Do nothing before the flow."""


FLOWS = {
    "create": (nothing, create),
    "update": (create, update),
    "repair": (create, repair),
    "delete": (create, delete),
}


async def crash(flow: str, at: int) -> tuple[bool, Any]:
    """Carry out a flow, with a crash at one step; return whether it came to that, and the end."""
    world = World(LoopClock(START), EAST)
    site = world.sites[EAST]
    before, during = FLOWS[flow]
    await site.install()
    async with background(site.hands.run()):
        async with background(*await monitor(world, Fuse(-1))):
            await eventually(lambda: world.registered(1))
            await before(world)
        fuse = Fuse(at)
        async with background(during(world)) as tasks:
            async with background(*await monitor(world, fuse)):
                await first_of(fuse.blown.wait(), *tasks)
            async with background(*await monitor(world, Fuse(-1))):
                await asyncio.gather(*tasks)
        return fuse.blown.is_set(), await the_end(world)


async def monitor(world: World, fuse: Fuse) -> list[Any]:
    """What one process runs: this region's sync loop, and a candidate for the fleet's lease."""
    site = world.sites[EAST]
    store = Through(world.store, fuse)
    sync = await site.sync(store, cluster=Through(site.monitor, fuse))
    return [*both(sync), world.fleet_loop(store, identity=f"process-{id(fuse)}")]


async def first_of(*waits: Any) -> None:
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)


async def the_end(world: World) -> Any:
    """What matters of the state of the world: no uid and no time in it."""
    endpoint, said, copy = await world.endpoint(), await world.said(EAST), world.sites[EAST].copy()
    return {
        "endpoint": endpoint and (endpoint.state, endpoint.revision, list(endpoint.targets)),
        "said": said and (said.state, said.observed_revision, said.ready),
        "copy": copy and (copy["spec"] | {"uid": "", "templateKey": ""}),
        "sound": copy and SPEC_HASH_ANNOTATION in copy["metadata"]["annotations"],
        "children deleted": bool(world.sites[EAST].hands.deleted_children),
    }


@pytest.mark.parametrize("flow", FLOWS)
def test_a_crash_at_any_call_ends_as_no_crash_does(flow):
    _, undisturbed = run(lambda: crash(flow, -1))
    steps = 0
    while True:
        blown, end = run(functools.partial(crash, flow, steps))
        assert end == undisturbed, f"after a crash at step {steps}"
        if not blown:
            break
        steps += 1

    assert steps > 10, "the flow makes calls"
