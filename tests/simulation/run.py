"""One simulation from start to end: the violations of a schedule, and how a failing one is shrunk."""

import asyncio
import dataclasses
from collections.abc import Callable

from tests.simulation import acts
from tests.simulation.invariants import Observer, open_problems
from tests.simulation.memory import check_memory
from tests.simulation.pace import bounded, requests
from tests.simulation.randomness import seeded
from tests.simulation.renderings import two_renderings
from tests.simulation.schedule import Schedule
from tests.simulation.trace import Trace
from tests.simulation.world import World
from tests.virtual_time import run
from tests.waiting import background

SETTLE_SECONDS = 60.0
"""Within which every accepted write takes effect once faults have ended, beside load times."""
REST_SECONDS = 30.0
REST_REQUESTS = 20
"""How many requests, beside those of Leases and watches, a monitor may make in that time at rest."""


def simulate(schedule: Schedule, trace: Trace | None = None) -> list[str]:
    """Run the schedule in virtual time; return the violations, none for a good run."""
    with seeded(schedule.seed), two_renderings():
        return run(lambda: _simulate(schedule, trace))


async def _simulate(schedule: Schedule, trace: Trace | None) -> list[str]:
    world = World(schedule)
    violations: list[str] = []

    def report(violation: str) -> None:
        if violation not in violations:
            violations.append(violation)

    loops = []
    for region in world.regions:
        Observer(world, region, report)
        if trace is not None:
            trace.follow(world, region)
        await region.install(schedule)
        loops += region.loops()
    async with background(*loops, bounded(world, report)):
        await _registered(world)
        await _perform(world)
        await _settle(world, report)
        check_memory(world, report)
        for process in world.processes:
            for death in process.deaths:
                report(f"died: {process.name}: {death!r}")
    return violations


async def _perform(world: World) -> None:
    """Perform each act in its time, and let every fault end."""
    began, performing = world.now, []
    for act in world.schedule.acts:
        await asyncio.sleep(max(0.0, began + act.at - world.now))
        performing.append(asyncio.create_task(acts.perform(world, act)))
    await asyncio.gather(*performing)
    while world.faults:
        await asyncio.wait(world.faults)
    for process in world.processes:
        process.client.faults.clear()


async def _registered(world: World) -> None:
    while len(await world.store.regions()) < len(world.regions):  # noqa: ASYNC110 - as below
        await asyncio.sleep(0.5)


async def _settle(world: World, report: Callable[[str], None]) -> None:
    """Every accepted write takes effect in time, and then nothing is done any more."""
    deadline = world.now + SETTLE_SECONDS + 8 * world.schedule.load_seconds
    calm = 0
    while world.now < deadline and calm < 2:
        await asyncio.sleep(5.0)
        calm = 0 if open_problems(world) else calm + 1
    for problem in open_problems(world):
        report(f"not settled: {problem}")
    await asyncio.sleep(10.0)
    processes = world.processes
    before = [requests(process, lists=False) for process in processes]
    await asyncio.sleep(REST_SECONDS)
    for process, then in zip(processes, before, strict=True):
        made = requests(process, lists=False) - then
        if made > REST_REQUESTS:
            report(f"hot: {process.name} made {made} requests in {REST_SECONDS:.0f} s at rest")


def rule(violation: str) -> str:
    """Return which invariant a violation is of."""
    return violation.split(":", 1)[0]


def shrink(schedule: Schedule, *, tries: int = 200) -> Schedule:
    """Return a schedule with as few acts as still break one of the same invariants (ddmin)."""
    wanted = {rule(violation) for violation in simulate(schedule)}

    def fails(candidate: Schedule) -> bool:
        return bool(wanted & {rule(violation) for violation in simulate(candidate)})

    size = max(1, len(schedule.acts) // 2)
    while tries > 0:
        shorter = None
        for start in range(0, len(schedule.acts), size):
            kept = schedule.acts[:start] + schedule.acts[start + size :]
            candidate = dataclasses.replace(schedule, acts=kept)
            tries -= 1
            if fails(candidate):
                shorter = candidate
                break
        if shorter is not None:
            schedule = shorter
        elif size == 1:
            break
        else:
            size = max(1, size // 2)
    return schedule
