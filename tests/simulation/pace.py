"""How much each monitor asks of its API server at every moment."""

import asyncio
import collections
from collections.abc import Callable

from tests.simulation.process import Process
from tests.simulation.world import World

SAMPLE_SECONDS = 10.0
WINDOW_SECONDS = 60.0
REQUESTS = 120
"""How many requests, besides those of Leases, a monitor may make in a minute for two endpoints."""
LISTS = 240
"""How many lists and watches it may make: 40 fill its caches when it starts."""


def requests(process: Process, *, lists: bool) -> int:
    """Return how many requests the process has made so far, or how many lists and watches."""
    return sum(
        count
        for (verb, kind), count in process.client.requests.items()
        if kind != "Lease" and (verb in {"list", "watch"}) is lists
    )


async def bounded(world: World, report: Callable[[str], None]) -> None:
    """Compare each monitor's requests of the last minute with the bounds, until cancelled."""
    length = int(WINDOW_SECONDS / SAMPLE_SECONDS) + 1
    samples = {
        (process.name, lists): collections.deque([0], maxlen=length)
        for process in world.processes
        for lists in (False, True)
    }
    while True:
        await asyncio.sleep(SAMPLE_SECONDS)
        for process in world.processes:
            for lists, bound in ((False, REQUESTS), (True, LISTS)):
                counts = samples[process.name, lists]
                counts.append(requests(process, lists=lists))
                if counts[-1] - counts[0] > bound:
                    what = "lists and watches" if lists else "requests"
                    made = f"{process.name} made {counts[-1] - counts[0]} {what}"
                    report(f"hot: {made} in a minute at {world.now:.0f}")
