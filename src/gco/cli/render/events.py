"""Events: when, where, of what, and what was noted."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid, wrapped
from gco.cli.render.times import ago

if TYPE_CHECKING:
    from gco.reach.events import Event  # a status without events imports no cluster

HEADINGS = ("WHEN", "REGION", "REASON")
NO_EVENTS = "no events: clusters keep them for an hour"


def events_table(events: Sequence["Event"], now: dt.datetime, width: int) -> Text:
    """Return the events as a table, in the order given."""
    if not events:
        return Text(NO_EVENTS)
    rows = [
        Row((ago(event.time, now), event.region, _reason(event)), (_told(event),))
        for event in events
    ]
    return grid(HEADINGS, rows, width, words="WHAT")


def event_line(event: "Event") -> Text:
    """Return one event of a series that goes on, as a line."""
    time = event.time.astimezone(dt.UTC).strftime("%H:%M:%S")
    line = Text(f"{time}  {event.region}  ")
    return line.append_text(_reason(event)).append(f"  {_told(event)}")


def latest_text(
    events: Sequence["Event"], missing: Mapping[str, str], now: dt.datetime, width: int
) -> Text:
    """Return the last events of an endpoint, and which regions could not be asked for theirs."""
    alike: dict[str, list[str]] = {}
    for region, why in missing.items():
        alike.setdefault(why.replace(region, "REGION"), []).append(region)
    lines = [
        Text(line, style=words.QUIET)
        for why, regions in alike.items()
        for line in map(str, wrapped(f"events of {', '.join(regions)}: {why}", width))
    ]
    return Text("\n").join([*([events_table(events, now, width)] if events else []), *lines])


def _reason(event: "Event") -> Text:
    return Text(event.reason, style=words.BAD if event.warning else "")


def _told(event: "Event") -> str:
    """Return of what it was noted, what, and how often."""
    times = f" (×{event.count})" if event.count > 1 else ""  # noqa: RUF001  (as people write it)
    return f"{event.kind}/{event.name}: {' '.join(event.note.split())}{times}"
