"""One local process that stands for a container: started, watched, ended with all its children."""

import asyncio
import contextlib
import ctypes
import os
import signal
from collections.abc import Mapping, Sequence

from gco.sandbox.kubelet.logs import ContainerLog

_PR_SET_PDEATHSIG = 1
_PIECE_BYTES = 1 << 16


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
    """A started process; what it writes goes into its container's log."""

    def __init__(self, process: asyncio.subprocess.Process, output: int, log: ContainerLog) -> None:
        self._process = process
        self._output: int | None = output
        self._log = log
        os.set_blocking(output, False)
        asyncio.get_running_loop().add_reader(output, self._take)

    @classmethod
    async def start(
        cls, command: Sequence[str], env: Mapping[str, str], log: ContainerLog
    ) -> "Process":
        """Start `command`, never through a shell; raises OSError where it cannot be run."""
        # A pipe of our own: asyncio's would have `wait` wait for all who inherited it.
        output, inherited = os.pipe()
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=dict(env),
                stdin=asyncio.subprocess.DEVNULL,
                stdout=inherited,
                stderr=asyncio.subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        except BaseException:
            os.close(output)
            raise
        finally:
            os.close(inherited)
        return cls(process, output, log)

    @property
    def pid(self) -> int:
        """The process's id, also its group's."""
        return self._process.pid

    async def wait(self) -> int:
        """Wait for the end; return the exit code as a container's: 128 + the signal's number."""
        code = await self._process.wait()
        self._finish()
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
        self._finish()

    def _signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def _take(self) -> bool:
        """Log a piece of what was written; return whether there was one."""
        if self._output is None:
            return False
        try:
            piece = os.read(self._output, _PIECE_BYTES)
        except BlockingIOError:
            return False
        if piece:
            self._log.write(piece)
        else:
            self._close(self._output)
        return bool(piece)

    def _finish(self) -> None:
        """Log what is left once the process has ended; what outlives it writes to nobody."""
        while self._take():
            pass
        if self._output is not None:
            self._close(self._output)

    def _close(self, output: int) -> None:
        asyncio.get_running_loop().remove_reader(output)
        os.close(output)
        self._output = None
