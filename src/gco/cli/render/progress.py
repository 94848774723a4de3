"""How far endpoints are: the live table of `gco wait`, and one line for each change where it is piped."""

import datetime as dt
from collections.abc import Mapping, Sequence

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.regions_of import ready, regions_grid, revision
from gco.core.fleet.summary import RegionView, format_seconds
from gco.core.model.endpoint import EndpointState, TargetState
from gco.core.model.ids import RegionName
from gco.service.results import EndpointView

BAR = 30
"""Characters of the bar where there is room for it."""


def progress_text(
    views: Sequence[EndpointView], elapsed: float, now: dt.datetime, width: int
) -> Text:
    """Return the live table: the regions of each endpoint and a bar over them."""
    blocks = [_block(view, elapsed, now, width, named=len(views) > 1) for view in views]
    return Text("\n\n").join(blocks)


def changes_between(
    before: Mapping[RegionName, RegionView], view: EndpointView, elapsed: float
) -> list[str]:
    """Return one line for each region whose state, readiness, revision or reason moved."""
    return [
        f"+{format_seconds(elapsed)}  {view.name}  {_line(region)}"
        for region in view.regions
        if _seen(before.get(region.region)) != _seen(region)
    ]


def _block(
    view: EndpointView, elapsed: float, now: dt.datetime, width: int, *, named: bool
) -> Text:
    lines = [regions_grid(view.regions, now, width), _bar_line(view, elapsed, width)]
    if named:
        lines.insert(0, Text(view.name, style="bold"))
    return Text("\n").join(lines)


def _bar_line(view: EndpointView, elapsed: float, width: int) -> Text:
    deleting = view.state is EndpointState.DELETED
    counted = [r for r in view.regions if deleting or r.target is not TargetState.DELETED]
    done = sum(region.done for region in counted)
    share = sum(map(_share, counted)) / len(counted) if counted else 1.0
    goal = "gone from" if deleting else f"on revision {view.revision}"
    counts = f"{done}/{len(counted)} regions"
    told = f"{goal} {counts}" if deleting else f"{counts} {goal}"
    time = format_seconds(elapsed)
    length = min(BAR, max(width - len(told) - len(time) - 3, 0))
    return Text(f"{told} ") + bar(share, length) + Text(f"  {time}")


def bar(share: float, length: int) -> Text:
    """Return a bar of `length` characters, filled by `share`, 0 to 1; told apart without colour."""
    halves = round(2 * length * min(max(share, 0.0), 1.0))
    filled, half = divmod(halves, 2)
    text = Text("━" * filled + "╸" * half, style=words.GOOD)
    return text.append("╌" * (length - filled - half), style=words.QUIET)


def _share(view: RegionView) -> float:
    """How far one region is: its answering replicas count, but only `done` counts as whole."""
    if view.done:
        return 1.0
    if view.target is not TargetState.RUNNING or view.observed_revision != view.target_revision:
        return 0.0
    return 0.9 * (view.replicas_ready or 0) / max(view.replicas_desired, 1)


def _seen(view: RegionView | None) -> tuple[object, ...]:
    return () if view is None else (view.state, ready(view), revision(view), view.reason)


def _line(view: RegionView) -> str:
    state = view.state.value if view.state else "unknown"
    told = f"{view.reason}: {view.message}" if view.message else view.reason
    return f"{view.region}  {state}  {ready(view)}  revision {revision(view)}  {told}"
