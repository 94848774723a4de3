"""The rows of one endpoint's regions: how far each is, and why it is not further."""

import datetime as dt
from collections.abc import Sequence

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid
from gco.cli.render.times import since
from gco.core.fleet.summary import RegionView
from gco.core.model.endpoint import TargetState

HEADINGS = ("REGION", "STATE", "READY", "REVISION", "SINCE")


def regions_grid(views: Sequence[RegionView], now: dt.datetime, width: int) -> Text:
    """Return the table of an endpoint's regions."""
    rows = [Row(_cells(view, now), words.why(view)) for view in views]
    return grid(HEADINGS, rows, width, words="WHY")


def revision(view: RegionView) -> str:
    """Return which revision a region runs, and which it shall: `3 → 4`."""
    if view.target is TargetState.DELETED:
        return "-"
    if view.observed_revision in (None, view.target_revision):
        return str(view.target_revision)
    return f"{view.observed_revision} → {view.target_revision}"


def ready(view: RegionView) -> str:
    """Return how many replicas answer of how many are wanted: `3/4`."""
    answering = "?" if view.replicas_ready is None else view.replicas_ready
    return f"{answering}/{view.replicas_desired}"


def _cells(view: RegionView, now: dt.datetime) -> tuple[str | Text, ...]:
    return (
        view.region,
        words.state(view.state),
        ready(view),
        revision(view),
        since(view.since, now),
    )
