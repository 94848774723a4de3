"""The machine and the versions that a result is of."""

import json
import os
import platform
from collections.abc import Mapping
from typing import Any

import gco
from testbed.controlplane import ControlPlane

_KIBIBYTE = 1024


def facts(plane: ControlPlane) -> Mapping[str, Any]:
    """Return what a reader needs to compare the numbers with others."""
    version = json.loads(plane.kubectl("version", "--output=json"))
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "gco": gco.__version__,
        "python": platform.python_version(),
        "kubernetes": version["serverVersion"]["gitVersion"],
        "system": platform.platform(),
        "cores": len(os.sched_getaffinity(0)),
        "memory_gibibytes": round(memory / _KIBIBYTE**3, 1),
        "load_at_start": [round(each, 2) for each in os.getloadavg()],
    }
