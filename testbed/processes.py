"""One server process: started, watched, paused and stopped by the runner that owns it.

Everything here blocks, and briefly: callers on an event loop go through
`asyncio.to_thread`. Nothing is ended by name, only by the handle of what was
started here.
"""

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from testbed.errors import StartFailed
from testbed.ownership import the_guard

POLL_SECONDS = 0.05
STOP_SECONDS = 10.0
LOG_LINES = 25


class Process:
    """A program with its command line and its log file; it may be started again after a stop."""

    def __init__(
        self,
        name: str,
        command: Sequence[str],
        *,
        log: Path,
        variables: Mapping[str, str] | None = None,
    ) -> None:
        self.name = name
        self.command = tuple(command)
        self.log = log
        self._variables = dict(variables or {})
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, or None while it is stopped."""
        return self._running.pid if self._running else None

    @property
    def running(self) -> bool:
        """Whether it was started and has not exited."""
        return self._running is not None and self._running.poll() is None

    def start(self) -> None:
        """Start the program; its output is appended to the log."""
        if self._running is not None:
            raise StartFailed(f"{self.name} was started already")
        with self.log.open("ab") as log:
            self._running = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env={**os.environ, **self._variables},
                cwd=self.log.parent,
                # Ctrl-C in the terminal is for the runner, which then stops this in order.
                start_new_session=True,
            )
        the_guard().tell("process", self._running.pid)

    def stop(self, grace: float = STOP_SECONDS) -> None:
        """Ask it to exit, insist after `grace` seconds, and wait until it is gone."""
        if self._running is None:
            return
        if self.running:
            self._running.terminate()
            self._running.send_signal(signal.SIGCONT)  # a paused process hears nothing else
        try:
            self._running.wait(grace)
        except subprocess.TimeoutExpired:
            self._running.kill()
            self._running.wait()
        the_guard().tell("done", self._running.pid)
        self._running = None

    def kill(self) -> None:
        """End it with no warning, as a crash would, and wait until it is gone."""
        if self._running is not None:
            self._running.kill()
            self.stop()

    def pause(self) -> None:
        """Freeze it: connections stay open, and nobody answers."""
        self._send(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a paused process go on."""
        self._send(signal.SIGCONT)

    def nap(self) -> None:
        """Wait for one poll interval, or less when the process exits."""
        if self._running is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._running.wait(POLL_SECONDS)

    def last_lines(self) -> str:
        """The end of the log, for an error message."""
        if not self.log.exists():
            return "(no log)"
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-LOG_LINES:])

    def _send(self, number: signal.Signals) -> None:
        if self._running is None:
            raise StartFailed(f"{self.name} is not running")
        self._running.send_signal(number)


def await_ready(process: Process, ready: Callable[[], bool], *, seconds: float) -> None:
    """Poll until a condition on a starting process holds.

    Args:
        process: whose exit ends the wait at once.
        ready: the condition; it must answer quickly.
        seconds: the deadline from now.

    Raises:
        StartFailed: the process exited, or the deadline passed.
    """
    deadline = time.monotonic() + seconds
    while not ready():
        process.nap()
        require_running(process)
        if time.monotonic() > deadline:
            log = process.last_lines()
            raise StartFailed(f"{process.name} was not ready in {seconds:.0f} s:\n{log}")


def require_running(process: Process) -> None:
    """Check that a process has not exited.

    Raises:
        StartFailed: it has.
    """
    if not process.running:
        raise StartFailed(f"{process.name} exited:\n{process.last_lines()}")


def stop_all(processes: Sequence[Process], grace: float = STOP_SECONDS) -> None:
    """Ask all of them to exit at the same time, then wait for each."""
    for process in processes:
        if process.running and process.pid is not None:
            os.kill(process.pid, signal.SIGTERM)
    for process in processes:
        process.stop(grace)
