"""The last one out: ends what a test runner that died left behind.

A runner killed outright cannot stop its servers. So it starts this script once,
and tells it over a pipe which processes and folders it owns; when the pipe
closes, for whatever reason, everything still listed is killed and removed.

A death signal set in the child (prctl) would do without a helper, but it fires
when the *thread* that started the child ends, and tests start servers from
worker threads. The script runs on its own and imports nothing of the package.

Lines of the protocol: `process PID`, `done PID`, `folder PATH`, `removed PATH`.
"""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterable


class Leftovers:
    """The processes and folders that nobody has cleaned up yet."""

    def __init__(self) -> None:
        self._processes: dict[int, int] = {}
        self._folders: set[str] = set()

    def note(self, line: str) -> None:
        """Take in one line of the protocol."""
        word, _, value = line.rstrip("\n").partition(" ")
        if word == "process":
            # A descriptor names this very process for ever; a bare pid may be reused.
            with contextlib.suppress(ProcessLookupError):
                self._processes[int(value)] = os.pidfd_open(int(value))
        elif word == "done":
            descriptor = self._processes.pop(int(value), None)
            if descriptor is not None:
                os.close(descriptor)
        elif word == "folder":
            self._folders.add(value)
        elif word == "removed":
            self._folders.discard(value)

    def clear(self) -> None:
        """Kill the processes first: a running server would write into its folder again."""
        for descriptor in self._processes.values():
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        for folder in self._folders:
            shutil.rmtree(folder, ignore_errors=True)


def main(lines: Iterable[str]) -> None:
    """Listen until the runner is gone, then clean up.

    Ctrl-C reaches the whole terminal; the runner decides what it means, not this script.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    leftovers = Leftovers()
    for line in lines:
        leftovers.note(line)
    leftovers.clear()


if __name__ == "__main__":
    main(sys.stdin)
