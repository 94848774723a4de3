"""Follow one endpoint until it is where it should be, driven by the store's own news."""

import asyncio
import enum
from collections.abc import AsyncIterator

from gco.core.model.endpoint import Endpoint
from gco.core.model.ids import EndpointName
from gco.errors import TimedOutError
from gco.service.context import Context
from gco.service.read import view
from gco.service.results import EndpointView
from gco.store.port import Version

AGE_SECONDS = 10.0
"""How often a view is made anew though nothing was written: silence grows without any news."""
_MOMENT = 0.001
"""What remains of a wait may be a rounding error: less than this is no time at all."""


class Until(enum.StrEnum):
    """What is waited for."""

    READY = "ready"
    """Every region has made the revision true, stopped ones included; or one failed for good."""
    DELETED = "deleted"
    """The endpoint is purged."""


async def wait(
    context: Context, name: EndpointName, *, until: Until, seconds: float | None
) -> AsyncIterator[EndpointView]:
    """See :meth:`gco.service.Service.wait`."""
    loop = asyncio.get_running_loop()
    deadline = None if seconds is None else loop.time() + seconds
    first = await context.existing(name)
    seen = Version(0)
    last: EndpointView | None = None
    while True:
        current = await _same(context, first)
        if current is None:
            return
        last, before = await view(context, current), last
        if last != before:
            yield last
        if until is Until.READY and (last.ready or last.failed):
            return
        if deadline is not None and deadline - loop.time() < _MOMENT:
            raise TimedOutError(f"{name} is not {until} after {seconds:g} s: {last.summary}")
        seen = await _news(context, seen, deadline)


async def _same(context: Context, first: Endpoint) -> Endpoint | None:
    """The endpoint by now; None where it was purged, even if its name was taken again."""
    found = (await context.store.get_many([first.name])).get(first.name)
    return found if found is not None and found.uid == first.uid else None


async def _news(context: Context, seen: Version, deadline: float | None) -> Version:
    """Return when something was written, when a view has aged, or at the deadline."""
    loop = asyncio.get_running_loop()
    end = loop.time() + AGE_SECONDS
    try:
        async with asyncio.timeout_at(end if deadline is None else min(end, deadline)):
            return await context.store.wait(seen)
    except TimeoutError:
        return seen
