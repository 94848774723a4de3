"""events: what clusters noted of an endpoint, once or on and on; and the last few for `gco status`."""

import asyncio
import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from gco.cli.actions.places import places_of, say, told_when_slow
from gco.cli.options import Format
from gco.cli.render.events import event_line, events_table
from gco.cli.session import Session
from gco.cli.texts import as_line
from gco.core.model.ids import EndpointName
from gco.core.model.model_source import job_name
from gco.reach.events import Event, Owner, in_order
from gco.reach.merging import merged
from gco.reach.noted import follow as follow_events
from gco.reach.noted import read
from gco.reach.place import Place, Trouble
from gco.service.results import EndpointView

LATEST = 5
"""How many events `gco status` shows."""
STATUS_SECONDS = 2.0
"""How long `gco status` waits for clusters: it answers without them."""


async def events(
    session: Session, name: str, *, regions: Sequence[str], follow: bool, output: Format
) -> int:
    """Print the events; return 1 where a region could not be asked."""
    view = await session.service.get(EndpointName(name))
    places = await places_of(session, view, regions)
    if follow:
        return await _follow(session, view, places, output)
    asked, owner = ", ".join(place.region for place in places), owner_of(view)
    async with told_when_slow(session.screen, f"asking {asked} …"):
        found = [noted async for noted in merged(read(p, owner, view.namespace) for p in places)]
    troubles = [noted for noted in found if isinstance(noted, Trouble)]
    for trouble in troubles:
        say(session.screen, trouble)
    known = in_order(noted for noted in found if isinstance(noted, Event))
    session.screen.emit(
        output,
        lambda: [facts(event) for event in known],
        lambda: events_table(known, session.clock.now(), session.screen.width),
    )
    return int(bool(troubles))


async def latest(session: Session, view: EndpointView) -> tuple[Sequence[Event], Mapping[str, str]]:
    """Return the last events of an endpoint, and of which regions they are not known, and why."""
    places = await places_of(session, view, ())
    answers = await asyncio.gather(*(_within(place, view) for place in places))
    found = [noted for answer in answers for noted in answer]
    missing = {noted.region: noted.message for noted in found if isinstance(noted, Trouble)}
    known = in_order(noted for noted in found if isinstance(noted, Event))
    return known[-LATEST:], missing


def owner_of(view: EndpointView) -> Owner:
    """Return what the endpoint's objects are called by, its model's Job included."""
    model = view.effective.model
    return Owner(view.name, job_name(model) if model else "")


def facts(event: Event) -> dict[str, Any]:
    """Return an event as JSON-like data."""
    told = dataclasses.asdict(event)
    kind, name, time = told.pop("kind"), told.pop("name"), told.pop("time")
    moment = time.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
    return {"time": moment, **told, "object": {"kind": kind, "name": name}}


async def _within(place: Place, view: EndpointView) -> list[Event | Trouble]:
    try:
        async with asyncio.timeout(STATUS_SECONDS):
            return [noted async for noted in read(place, owner_of(view), view.namespace)]
    except TimeoutError:
        return [Trouble(place.region, f"no answer within {STATUS_SECONDS:g} s")]


async def _follow(
    session: Session, view: EndpointView, places: Sequence[Place], output: Format
) -> int:
    screen, owner = session.screen, owner_of(view)
    failed = False
    async for noted in merged(follow_events(place, owner, view.namespace) for place in places):
        if isinstance(noted, Trouble):
            say(screen, noted)
            failed |= not noted.passing
        elif output is Format.TABLE:
            screen.show(event_line(noted))
        else:
            screen.write(as_line(facts(noted)))
    return int(failed)
