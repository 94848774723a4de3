"""Registered regions: whether they are heard of, what room they have, what runs there."""

import datetime as dt
from collections.abc import Sequence

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid
from gco.cli.render.times import ago
from gco.core.fleet.summary import format_seconds
from gco.core.model.status import Region
from gco.service.results import RegionInfo

HEADINGS = ("REGION", "HEARTBEAT", "ENDPOINTS", "READY", "ROUTES", "VERSION")


def regions_table(infos: Sequence[RegionInfo], now: dt.datetime, width: int) -> Text:
    """Return the table of registered regions."""
    rows = [Row(_cells(info, now), _words(info)) for info in infos]
    return grid(HEADINGS, rows, width, words="FREE CAPACITY, ADDRESS")


def _cells(info: RegionInfo, now: dt.datetime) -> tuple[str | Text, ...]:
    region = info.region
    heard = ago(region.heartbeat, now)
    if info.silent_seconds is not None:
        heard = f"silent {format_seconds(info.silent_seconds)}"
    return (
        region.name,
        Text(heard, style=words.GOOD if info.silent_seconds is None else words.BAD),
        str(info.endpoints),
        "?" if info.ready is None else str(info.ready),
        region.route_backend,
        region.version,
    )


def _words(info: RegionInfo) -> tuple[str, ...]:
    return tuple(filter(None, (capacity(info.region), info.region.address)))


def capacity(region: Region) -> str:
    """Return what is free in a region; `unknown` where its monitor may not read nodes."""
    if region.capacity is None:
        return "capacity unknown: the monitor may not read nodes"
    told = (words.room(name, c.free, c.total) for name, c in sorted(region.capacity.items()))
    return ", ".join(told) or "no accelerators"
