"""An endpoint's revisions, newest first."""

import datetime as dt
from collections.abc import Sequence

from rich.text import Text

from gco.cli.render.grid import Row, grid
from gco.cli.render.times import ago
from gco.service.results import HistoryEntry


def history_table(entries: Sequence[HistoryEntry], me: str, now: dt.datetime, width: int) -> Text:
    """Return the table of revisions; `me` is who reads it, and shown as `you`."""
    rows = [
        Row(
            (
                Text(str(entry.number), style="bold" if entry.current else ""),
                ago(entry.created_at, now),
                "you" if entry.actor == me else entry.actor,
            ),
            (_what(entry),),
        )
        for entry in entries
    ]
    return grid(("REV", "WHEN", "WHO"), rows, width, words="WHAT")


def _what(entry: HistoryEntry) -> str:
    """What changed, and the request's own words where they say more than that."""
    told = entry.reason.startswith(("from ", "roll back"))
    return f"{entry.what} ({entry.reason})" if told and entry.reason != entry.what else entry.what
