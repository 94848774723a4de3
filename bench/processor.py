"""Processor time, as the kernel counts it."""

import os
from pathlib import Path

from testbed.monitors import Monitor

_TICKS = os.sysconf("SC_CLK_TCK")


def processor_seconds(monitor: Monitor) -> float:
    """Return the processor time that a monitor has used so far."""
    stat = Path(f"/proc/{monitor.pid}/stat").read_text(encoding="ascii")
    user, system = stat.rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICKS
