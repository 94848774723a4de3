"""What processes use: processor time and memory, of each container with all that it started."""

import os
from collections.abc import Mapping
from typing import NamedTuple

import psutil


class Usage(NamedTuple):
    """What one container uses by now."""

    cpu_seconds: float
    """Since its process began, of those that have ended included."""
    memory_bytes: int


def usage() -> Mapping[int, Usage]:
    """Return what every session of processes on this machine uses, by the id of its first process.

    The kubelet starts each container in a session of its own. Blocks for as long as it takes to look
    at all processes.
    """
    found: dict[int, Usage] = {}
    for process in psutil.process_iter(["cpu_times", "memory_info"]):
        times, memory = process.info["cpu_times"], process.info["memory_info"]
        if times is None or memory is None:
            continue  # not ours to see
        try:
            session = os.getsid(process.pid)
        except ProcessLookupError:
            continue  # it has ended meanwhile
        known = found.get(session, Usage(0.0, 0))
        used = times.user + times.system + times.children_user + times.children_system
        found[session] = Usage(known.cpu_seconds + used, known.memory_bytes + memory.rss)
    return found
