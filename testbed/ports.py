"""Ports that stay ours, also while the server behind them is down.

Binding port 0 and letting go again invites a race, and an outage test needs the
same port twice. So ports come from below the range that the kernel gives out by
itself, and a file lock for each keeps other runners of this machine away.
"""

import fcntl
import os
import random
import socket
import tempfile
from io import TextIOWrapper
from pathlib import Path

from testbed.errors import StartFailed

FIRST, LAST = 20_000, 29_999
LOOPBACK = "127.0.0.1"


class Port:
    """One reserved port of the loopback address; `close` gives it back."""

    def __init__(self, number: int, lock: TextIOWrapper) -> None:
        self.number = number
        self._lock = lock

    def close(self) -> None:
        """Give the port back."""
        self._lock.close()


def reserve(count: int) -> list[Port]:
    """Reserve ports that nothing listens on.

    Raises:
        StartFailed: too few ports are free, in which case none is kept.
    """
    ports: list[Port] = []
    # Not for secrecy: a random order keeps runners from trying the same ports one after another.
    for number in random.sample(range(FIRST, LAST + 1), LAST - FIRST + 1):
        if len(ports) == count:
            break
        port = _try(number)
        if port is not None:
            ports.append(port)
    if len(ports) < count:
        for port in ports:
            port.close()
        raise StartFailed(f"no {count} ports are free between {FIRST} and {LAST}")
    return ports


def is_free(number: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        # As servers do: connections that linger after a close do not hold the port.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, number))
        except OSError:
            return False
    return True


def _try(number: int) -> Port | None:
    folder = Path(tempfile.gettempdir()) / f"gco-testbed-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    lock = (folder / str(number)).open("w")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        return None
    if not is_free(number):
        lock.close()
        return None
    return Port(number, lock)
