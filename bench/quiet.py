"""Waiting until nothing is under way any more, so that one measure does not disturb the next."""

import asyncio

from bench.counting import Tally, tally
from bench.place import MONITOR, Place

_LOOK_SECONDS = 0.5


def work(place: Place, since: int) -> Tally:
    """Return what the monitors asked of the API server since a mark of the audit log."""
    return tally(place.audit.requests(since=since), MONITOR)


async def quiet(place: Place, *, seconds: float = 3.0, at_most: float = 120.0) -> None:
    """Return once the monitors have sent nothing but upkeep for `seconds`.

    Raises TimeoutError, which tells what they go on sending, after `at_most`.
    """
    loop = asyncio.get_running_loop()
    deadline = loop.time() + at_most
    mark, since = place.audit.mark(), loop.time()
    while loop.time() - since < seconds:
        await asyncio.sleep(_LOOK_SECONDS)
        seen = await asyncio.to_thread(work, place, mark)
        if seen.requests:
            mark, since = place.audit.mark(), loop.time()
        if loop.time() > deadline:
            raise TimeoutError(f"the monitors do not come to rest: {dict(seen.work)}")
