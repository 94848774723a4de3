"""All endpoints, one line each."""

import datetime as dt
from collections.abc import Sequence

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid
from gco.cli.render.times import since
from gco.core.model.endpoint import EndpointState, TargetState
from gco.service.results import EndpointView

HEADINGS = ("NAME", "STATE", "REGIONS", "REV", "CHANGED", "IMAGE")
IMAGE_WIDTH = 110
"""Characters of a line from which on the image has a column."""


def endpoints_table(views: Sequence[EndpointView], now: dt.datetime, width: int) -> Text:
    """Return the table of endpoints: how many regions are ready, and what the others wait for."""
    rows = [Row(_cells(view, now, width), _missing(view)) for view in views]
    return grid(HEADINGS, rows, width, words="WHY")


def _cells(view: EndpointView, now: dt.datetime, width: int) -> tuple[str | Text, ...]:
    counted = [r for r in view.regions if _counts(view, r.target)]
    done = sum(region.done for region in counted)
    return (
        view.name,
        words.state(view.state),
        f"{done}/{len(counted)}",
        str(view.revision),
        since(view.updated_at, now),
        view.spec.image if width >= IMAGE_WIDTH else "",
    )


def _counts(view: EndpointView, target: TargetState) -> bool:
    """Whether a region counts: a removed one only where the whole endpoint is being deleted."""
    return view.state is EndpointState.DELETED or target is not TargetState.DELETED


def _missing(view: EndpointView) -> list[Text]:
    """What the roll-up says after its count, region by region."""
    style = words.BAD if view.failed else words.BUSY
    return [Text(told, style=style) for told in view.summary.split("; ")[1:]]
