"""Reading a log on after the connection broke: from the last line's second, each line once.

A server takes the moment to read from in whole seconds, so what was read of that second comes again.
"""

from gco.cluster.port import LogLine

_SECONDS = len("2026-01-01T00:00:00")
_NANOSECONDS = 9


class Position:
    """How far a log was read."""

    def __init__(self) -> None:
        self._last = ""
        self._at_last = 0
        """Lines that were read with the last one's time."""
        self._again = 0
        """Of these, those that came again."""

    @property
    def since(self) -> str:
        """The moment to read on from; empty before the first line."""
        return f"{self._last[:_SECONDS]}Z" if self._last else ""

    def resume(self) -> None:
        """The log is read anew from `since`."""
        self._again = 0

    def passes(self, line: LogLine) -> bool:
        """Take note of `line`; return whether it was not read before."""
        moment = comparable(line.time)
        if moment < self._last:
            return False
        if moment > self._last:
            self._last, self._at_last, self._again = moment, 1, 1
            return True
        self._again += 1
        if self._again <= self._at_last:
            return False
        self._at_last = self._again
        return True


def comparable(time: str) -> str:
    """Return a time of a log so that text sorts as time does: with all of its nanoseconds."""
    whole, _, fraction = time.removesuffix("Z").partition(".")
    return f"{whole}.{fraction:0<{_NANOSECONDS}}"
