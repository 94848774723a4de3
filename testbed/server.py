"""A local server of one process: reserved port, folder, log, and outages at will.

What the servers of other makers have in common here. Each says what its program is
and when it answers.
"""

import abc
import shutil
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from testbed import ports
from testbed.errors import StartFailed
from testbed.ownership import make_folder, remove_folder
from testbed.processes import Process, await_ready


class LocalServer(abc.ABC):
    """A server at `endpoint_url`, started by `start` or `with`.

    Args:
        logs: where to keep its log after the stop; by default it goes with the rest.
    """

    title: ClassVar[str]
    """What messages call it."""
    program: ClassVar[str]
    """What its process and its log are called."""
    ready_seconds: ClassVar[float]
    """How long a start may take."""

    def __init__(self, *, logs: Path | None = None) -> None:
        self._logs = logs
        self._port: ports.Port | None = None
        self._folder: Path | None = None
        self._process: Process | None = None

    @abc.abstractmethod
    def command(self, folder: Path, port: int) -> Sequence[str]:
        """Return its command line, with its data below `folder`; build it first if need be.

        Raises:
            Unavailable: what it is built with is missing on this machine.
        """

    @abc.abstractmethod
    def answers(self) -> bool:
        """Whether it serves requests now."""

    @property
    def port(self) -> int:
        """The port of the loopback address that it listens on, the same over restarts.

        Raises:
            StartFailed: it was not started.
        """
        if self._port is None:
            raise self._not_started()
        return self._port.number

    @property
    def endpoint_url(self) -> str:
        """The address to give to a client, the same over restarts."""
        return f"http://{ports.LOOPBACK}:{self.port}"

    @property
    def folder(self) -> Path:
        """What it may write to."""
        if self._folder is None:
            raise self._not_started()
        return self._folder

    @property
    def pid(self) -> int | None:
        """The server's process id, or None while it is stopped."""
        return self._process.pid if self._process else None

    def start(self) -> Self:
        """Build it if need be, start it and wait until it answers.

        Raises:
            Unavailable: what it is built with is missing on this machine.
            StartFailed: it did not come up; nothing of it is left.
        """
        if self._port is not None:
            raise StartFailed(f"{self.title} is started already")
        try:
            (self._port,) = ports.reserve(1)
            self._folder = make_folder(self.program)
            command = self.command(self._folder, self.port)
            self._process = Process(self.program, command, log=self._log(self._folder))
            self.start_server()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """Stop the server and remove its data; harmless when repeated."""
        if self._process is not None:
            self._process.stop()
            self._process = None
        if self._folder is not None:
            self._keep_log(self._log(self._folder))
            remove_folder(self._folder)
            self._folder = None
        if self._port is not None:
            self._port.close()
            self._port = None

    def stop_server(self, *, kill: bool = False) -> None:
        """Take the server away, in order or as a crash; its port and its folder stay."""
        if kill:
            self._server.kill()
        else:
            self._server.stop()

    def start_server(self) -> None:
        """Bring the server back at the same address, and wait until it answers."""
        self._server.start()
        await_ready(self._server, self.answers, seconds=self.ready_seconds)

    def pause(self) -> None:
        """Freeze the server: connections stay open and nothing is answered."""
        self._server.pause()

    def resume(self) -> None:
        """Let a paused server go on."""
        self._server.resume()

    @property
    def _server(self) -> Process:
        if self._process is None:
            raise self._not_started()
        return self._process

    def _not_started(self) -> StartFailed:
        return StartFailed(f"{self.title} is not started")

    def _log(self, folder: Path) -> Path:
        return folder / f"{self.program}.log"

    def _keep_log(self, log: Path) -> None:
        if self._logs is not None and log.exists():
            self._logs.mkdir(parents=True, exist_ok=True)
            shutil.copy2(log, self._logs / log.name)

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
