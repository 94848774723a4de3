"""How far a copy is: counted as bytes move, told every few seconds to whoever wants to know."""

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Final

import orjson

from gco.core.model.model_sync import SyncPhase, SyncProgress

Tell = Callable[[SyncProgress], None]
_WINDOW: Final = 15.0
"""Seconds over which the rate is taken."""
EVERY: Final = 2.0
"""Seconds between two reports."""


class Meter:
    """Counts what moves."""

    def __init__(self) -> None:
        self.phase = SyncPhase.LISTING
        self.bytes_total = 0
        self.files_total = 0
        self.files_done = 0
        self._done = 0
        self._moved = 0
        self._seen: deque[tuple[float, int]] = deque()

    def begin(self, bytes_total: int, files_total: int) -> None:
        """Say how much there is."""
        self.phase = SyncPhase.COPYING
        self.bytes_total, self.files_total = bytes_total, files_total

    def finish(self) -> None:
        """Say that everything is there."""
        self.phase = SyncPhase.COMPLETE
        self._done, self.files_done = self.bytes_total, self.files_total

    def move(self, size: int) -> None:
        """Count bytes that came."""
        self._done += size
        self._moved += size

    def found(self, size: int) -> None:
        """Count bytes that were there already; they say nothing of the rate."""
        self._done += size

    def lose(self, size: int) -> None:
        """Take back bytes that have to come again."""
        self._done -= size

    def read(self, now: float) -> SyncProgress:
        """Return how far it is at `now`, in seconds of any clock that goes on evenly."""
        self._seen.append((now, self._moved))
        while len(self._seen) > 1 and now - self._seen[1][0] >= _WINDOW:
            self._seen.popleft()
        (since, before) = self._seen[0]
        rate = (self._moved - before) / (now - since) if now > since else 0.0
        left = self.bytes_total - self._done
        return SyncProgress(
            phase=self.phase,
            bytes_done=self._done,
            bytes_total=self.bytes_total,
            files_done=self.files_done,
            files_total=self.files_total,
            bytes_per_second=round(rate),
            seconds_left=round(left / rate) if rate else None,
        )


@contextlib.asynccontextmanager
async def reporting(
    meter: Meter, tell: Sequence[Tell], every: float = EVERY
) -> AsyncIterator[None]:
    """Report what has changed every so many seconds, and once at the end."""

    def report(before: SyncProgress | None) -> SyncProgress:
        now = meter.read(asyncio.get_running_loop().time())
        if now != before:
            for one in tell:
                one(now)
        return now

    async def repeat() -> None:
        seen = report(None)
        while True:
            await asyncio.sleep(every)
            seen = report(seen)

    task = asyncio.create_task(repeat())
    try:
        yield
    finally:
        task.cancel()
        report(None)


def to_file(path: Path) -> Tell:
    """Return what keeps a file at the last report; a reader sees one whole report or the next."""

    def tell(progress: SyncProgress) -> None:
        fresh = path.with_name(f"{path.name}.new")
        content = orjson.dumps(progress.model_dump(mode="json", exclude_none=True))
        # A full or unwritable disk is for the copy to report, not for its progress.
        with contextlib.suppress(OSError):
            fresh.write_bytes(content)
            fresh.replace(path)

    return tell
