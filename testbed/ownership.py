"""What this process owns: told to a guard that outlives it.

See `testbed.guard` for why a helper is needed. One guard serves all control
planes of a runner; it is started with the first thing to own.
"""

import atexit
import functools
import shutil
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

from testbed import guard
from testbed.errors import Unavailable

EXIT_SECONDS = 10.0


class Guard:
    """The runner's end of the pipe; safe to use from several threads."""

    def __init__(self) -> None:
        if sys.platform != "linux":
            raise Unavailable("the test bed keeps hold of its processes in Linux's way: use Linux")
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", guard.__file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            text=True,
            # A session of its own, so that a signal to the runner's group spares it.
            start_new_session=True,
        )

    def tell(self, word: str, value: object) -> None:
        """Send one line of the protocol."""
        pipe = self._process.stdin
        if pipe is None:
            raise AssertionError("the guard was started with a pipe")
        with self._lock:
            pipe.write(f"{word} {value}\n")
            pipe.flush()

    def close(self) -> None:
        """Let the guard clean up what is left and exit."""
        with self._lock:
            self._process.communicate(timeout=EXIT_SECONDS)


@functools.cache
def the_guard() -> Guard:
    """The one guard of this process."""
    started = Guard()
    atexit.register(started.close)
    return started


def make_folder(name: str) -> Path:
    """A temporary folder, gone with this process at the latest."""
    folder = Path(tempfile.mkdtemp(prefix=f"gco-testbed-{name}-"))
    the_guard().tell("folder", folder)
    return folder


def remove_folder(folder: Path) -> None:
    """Remove a folder that `make_folder` made."""
    shutil.rmtree(folder, ignore_errors=True)
    the_guard().tell("removed", folder)
