"""Moments and durations as a person says them."""

import datetime as dt

from gco.core.fleet.summary import format_seconds

_UNITS = ((86_400 * 365, "y"), (86_400, "d"), (3_600, "h"), (60, "m"), (1, "s"))


def ago(moment: dt.datetime, now: dt.datetime) -> str:
    """Return how long ago `moment` was, in its largest unit: `2 m ago`, `3 d ago`, `just now`."""
    seconds = (now - moment).total_seconds()
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "just now"


def since(moment: dt.datetime | None, now: dt.datetime) -> str:
    """Return how long something has lasted: `41s`, `3m 20s`; `-` where that is not known."""
    return "-" if moment is None else format_seconds((now - moment).total_seconds())
