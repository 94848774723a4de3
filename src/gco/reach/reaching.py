"""Reaching a region for as long as someone follows it: tried again where that may help, said once."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Final, TypeVar

from gco.cluster.port import Cluster
from gco.errors import GcoError, TransientError
from gco.reach.place import Place, Trouble, why
from gco.runtime.backoff import Backoff, Retries
from gco.runtime.informer import Informer
from gco.runtime.streams import closing
from gco.telemetry import scope

R = TypeVar("R")
T = TypeVar("T")

RETRY: Final = Backoff(0.5, 15.0)


async def reached(
    place: Place, follow: Callable[[Cluster], AsyncIterator[T]]
) -> AsyncIterator[T | Trouble]:
    """Yield what `follow` finds in the region's cluster, once that is reached.

    A region that cannot be reached is tried again and again, and said once. Where that cannot help
    (there is no way to it, it is another cluster, it refuses) it is said, and this ends.
    """
    retries = Retries(RETRY)
    told = False
    while True:
        try:
            async with place.opened() as cluster, closing(follow(cluster)) as findings:
                async for finding in findings:
                    yield finding
        except TransientError as error:
            if not told:
                yield Trouble(place.region, f"{why(error)}; trying again", passing=True)
            told = True
            await asyncio.sleep(retries.failed())
        except GcoError as error:
            yield Trouble(place.region, why(error))
            return


async def watched(region: str, informer: Informer[R]) -> None:
    """Run `informer`; what it logs of its cluster says of which region it is."""
    with scope(region=region):
        await informer.run()
