"""Which regions of an endpoint are asked, and what is said while they are."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence

from gco.cli.screen import Screen
from gco.cli.session import Session
from gco.core.model.allowed import did_you_mean
from gco.core.model.ids import RegionName
from gco.errors import InvalidSpecError, Problem
from gco.reach.place import Place, Trouble
from gco.service.results import EndpointView

CALM_SECONDS = 2.0
"""After so long, silence is explained."""


def chosen_regions(view: EndpointView, wanted: Sequence[str]) -> list[RegionName]:
    """Return the regions that were named, or all of the endpoint's; raises InvalidSpecError."""
    known = {str(region.region): region.region for region in view.regions}
    for name in wanted:
        if name not in known:
            told = f"one of {', '.join(known)}{did_you_mean(name, known)}"
            raise InvalidSpecError([Problem("--region", name, told)])
    return [known[name] for name in dict.fromkeys(wanted)] or list(known.values())


async def places_of(session: Session, view: EndpointView, wanted: Sequence[str]) -> Sequence[Place]:
    """Return the regions to ask, each with what leads to its cluster."""
    from gco.wiring.ways import places  # noqa: PLC0415  (a client of clusters is heavy)

    registered = await session.service.known_regions()
    return places(session.choice, chosen_regions(view, wanted), registered)


@contextlib.asynccontextmanager
async def told_when_slow(screen: Screen, told: str) -> AsyncIterator[None]:
    """Say `told` where the block takes longer than a person waits without wondering."""

    async def tell() -> None:
        await asyncio.sleep(CALM_SECONDS)
        screen.say(told)

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()


def say(screen: Screen, trouble: Trouble) -> None:
    """Tell of what could not be had."""
    where = f"{trouble.region}/{trouble.pod}" if trouble.pod else trouble.region
    screen.say(f"{'' if trouble.passing else 'error: '}{where}: {trouble.message}")
