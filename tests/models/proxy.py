"""A connection between a client and a server that breaks, or falls silent, after so many bytes."""

import asyncio
import contextlib
import dataclasses
import enum
from collections import deque

BLOCK = 2**16


class Fault(enum.Enum):
    """What happens to connections."""

    CUT = "cut"
    """All that are open break."""
    STALL = "stall"
    """The one that is being read from brings nothing more, and stays open."""
    HOLD = "hold"
    """None brings anything more until `release`."""


@dataclasses.dataclass
class Proxy:
    """Relays to a port of the loopback address; faults come when so many bytes went to clients."""

    target: int
    port: int = 0
    moved: int = 0
    """Bytes that went to clients."""

    def __post_init__(self):
        self._faults = deque()
        self._writers = set()
        self._tasks = set()
        self._open = asyncio.Event()
        self._open.set()
        self.reached = asyncio.Event()
        """Set at the last fault."""

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def at(self, moved, fault):
        """Have a fault happen once `moved` bytes went to clients, counted from now."""
        self._faults.append((self.moved + moved, fault))
        self.reached.clear()

    def release(self):
        """Let held connections go on."""
        self._open.set()

    @contextlib.asynccontextmanager
    async def running(self):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield self
        finally:
            server.close()
            self._cut()
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        with contextlib.suppress(asyncio.CancelledError):  # at the end of `running`
            await self._connect(reader, writer)
        self._tasks.discard(asyncio.current_task())

    async def _connect(self, reader, writer):
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target)
        except OSError:
            writer.transport.abort()
            return
        ends = {writer, far_writer}
        self._writers |= ends
        try:
            await asyncio.gather(
                self._relay(reader, far_writer), self._relay(far_reader, writer, down=True)
            )
        except OSError:
            pass  # one end is gone: so is the other
        finally:
            self._writers -= ends
            for end in ends:
                end.transport.abort()

    async def _relay(self, reader, writer, *, down=False):
        while data := await reader.read(BLOCK):
            if down:
                await self._meddle(len(data))
            writer.write(data)
            await writer.drain()
        if down:
            writer.close()

    async def _meddle(self, size):
        await self._open.wait()
        self.moved += size
        while self._faults and self.moved >= self._faults[0][0]:
            _, fault = self._faults.popleft()
            if not self._faults:
                self.reached.set()
            match fault:
                case Fault.CUT:
                    self._cut()
                case Fault.STALL:
                    await asyncio.Event().wait()
                case Fault.HOLD:
                    self._open.clear()
                    await self._open.wait()

    def _cut(self):
        for writer in self._writers:
            writer.transport.abort()
