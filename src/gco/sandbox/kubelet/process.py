"""One local process that stands for a container: started, watched, ended with all its children."""

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_TAIL_BYTES = 2048
"""As much of a log as the real kubelet puts into a termination message."""


def _libc() -> ctypes.CDLL | None:
    try:
        return ctypes.CDLL("libc.so.6")
    except OSError:
        return None


_LIBC = _libc()


def _die_with_parent() -> None:
    """Ask Linux to end this child with its parent, so that even a killed sandbox leaves nothing."""
    if _LIBC is not None:
        _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


class Process:
    """A started process, its log in a file."""

    def __init__(self, process: asyncio.subprocess.Process, log: Path) -> None:
        self._process = process
        self._log = log

    @classmethod
    async def start(cls, command: Sequence[str], env: Mapping[str, str], log: Path) -> "Process":
        """Start `command`, never through a shell; raises OSError where it cannot be run."""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=dict(env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        return cls(process, log)

    @property
    def pid(self) -> int:
        """The process's id, also its group's."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait for the end; return the exit code as a container's: 128 + the signal's number."""
        code = await self._process.wait()
        return code if code >= 0 else 128 - code

    async def stop(self, grace: float) -> None:
        """Ask to end, and after `grace` seconds make it end, children included."""
        if self._process.returncode is None:
            self._signal(signal.SIGTERM)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace):
                    await self._process.wait()
        self._signal(signal.SIGKILL)
        await self._process.wait()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def last_words(self) -> str:
        """Return the end of the log."""
        with self._log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - _TAIL_BYTES))
            return log.read().decode("utf-8", errors="replace").strip()
