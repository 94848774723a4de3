"""Where the time comes from.

Durations and deadlines use the running event loop's own clock, which tests replace with a virtual
one. What a person reads (a timestamp in a status, a revision's age) is wall-clock time from a
`Clock`, so that virtual time moves it too.
"""

import asyncio
import datetime as dt
from typing import Protocol


class Clock(Protocol):
    """Tells the wall-clock time."""

    def now(self) -> dt.datetime:
        """Return the present time, in UTC, aware."""
        ...


class SystemClock:
    """The machine's own clock."""

    def now(self) -> dt.datetime:
        """Return the present time, in UTC, aware."""
        return dt.datetime.now(dt.UTC)


class LoopClock:
    """A clock that starts at `start` and moves with the running event loop, virtual or not."""

    def __init__(self, start: dt.datetime) -> None:
        self._start = start
        self._origin: float | None = None

    def now(self) -> dt.datetime:
        """Return `start` plus what the event loop's clock has moved since the first call."""
        moment = asyncio.get_running_loop().time()
        if self._origin is None:
            self._origin = moment
        return self._start + dt.timedelta(seconds=moment - self._origin)
