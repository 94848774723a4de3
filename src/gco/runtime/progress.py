"""Progress of a loop that has no work queue: it beats, and says so when it has not for too long."""

import asyncio


class Heartbeat:
    """A loop calls `beat` each time round, whether its work succeeded or not.

    An outage of what it talks to is no lack of progress; a beat that does not come is.
    """

    def __init__(self, name: str, *, within: float) -> None:
        self._name = name
        self._within = within
        self._last: float | None = None

    def beat(self) -> None:
        """The loop went round."""
        self._last = asyncio.get_running_loop().time()

    def complaint(self) -> str | None:
        """Say what is stuck, or None; before the first beat nothing is."""
        if self._last is None:
            return None
        silent = asyncio.get_running_loop().time() - self._last
        if silent <= self._within:
            return None
        return f"{self._name}: nothing happened for {silent:.0f} s"
