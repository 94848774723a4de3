"""One part, fetched however often the connection breaks: each try goes on where the last one ended."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Callable
from typing import Final

from gco.errors import SourceChangedError, SourceUnavailableError
from gco.models.manifest import ModelFile
from gco.models.progress import Meter
from gco.models.sources.port import Source
from gco.models.threads import in_thread
from gco.models.transfer.plan import Part
from gco.runtime.backoff import Backoff
from gco.runtime.streams import closing

_BACKOFF: Final = Backoff(base=0.2, cap=15.0)
Write = Callable[[bytes, int], None]


@dataclasses.dataclass(frozen=True, slots=True)
class Limits:
    """How hard to try."""

    connections: int = 16
    """Parts that are fetched at once; each holds a few MiB of memory."""
    stall_seconds: float = 30.0
    """A connection that brings nothing for so long is given up, and the part asked for anew."""
    give_up_seconds: float = 300.0
    """When no connection brought anything for so long, the copy fails."""


class Fetcher:
    """Fetches parts of one source, many at once."""

    def __init__(self, source: Source, meter: Meter, limits: Limits) -> None:
        self._source = source
        self._meter = meter
        self._limits = limits
        self._moved = asyncio.get_running_loop().time()

    async def fetch(self, file: ModelFile, part: Part, write: Write) -> None:
        """Hand every byte of a part to `write`, in order, in a thread.

        Raises ModelError, and what `write` raises.
        """
        place, failures = part.start, 0
        while place < part.end:
            before = place
            try:
                async with closing(self._timely(file, place, part.end)) as stream:
                    async for data in stream:
                        await in_thread(write, data, place)
                        place += len(data)
                        self._count(len(data))
            except SourceChangedError:
                raise
            except SourceUnavailableError as error:
                failures = 0 if place > before else failures + 1
                await self._pause(error, failures)

    async def _timely(self, file: ModelFile, start: int, end: int) -> AsyncIterator[bytes]:
        """Yield the range, whole and no more, each piece in time."""
        place = start
        what = f"{self._source.uri}: {file.path}"
        async with closing(self._source.read(file, start, end)) as stream:
            while data := await self._next(stream, what):
                place += len(data)
                if place > end:
                    raise SourceUnavailableError(f"{what}: more came than was asked for")
                yield data
        if place < end:
            raise SourceUnavailableError(f"{what}: broke off at byte {place} of {file.size}")

    async def _next(self, stream: AsyncIterator[bytes], what: str) -> bytes:
        """Return the next bytes, none at the end."""
        try:
            async with asyncio.timeout(self._limits.stall_seconds):
                return await anext(stream, b"")
        except TimeoutError as error:
            told = f"{what}: nothing came for {self._limits.stall_seconds:g} s"
            raise SourceUnavailableError(told) from error

    def _count(self, size: int) -> None:
        self._moved = asyncio.get_running_loop().time()
        self._meter.move(size)

    async def _pause(self, error: SourceUnavailableError, failures: int) -> None:
        """Wait before another try; raises `error` when nothing moves at all any more."""
        if asyncio.get_running_loop().time() - self._moved >= self._limits.give_up_seconds:
            raise error
        await asyncio.sleep(_BACKOFF.delay(failures))
