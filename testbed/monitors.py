"""`gco monitor` processes: started as in production, killed as only tests kill them."""

import dataclasses
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from gco.sandbox.config import GCO_IMAGE
from testbed.errors import StartFailed
from testbed.ports import reserve
from testbed.probe import answers
from testbed.processes import Process
from testbed.waiting import until

POD_NAMESPACE = "gco-system"
"""Where a monitor looks for the other one's pod; its processes are in none."""
_LOG_CHARACTERS = 4000


@dataclasses.dataclass(frozen=True, slots=True)
class MonitorSettings:
    """What the monitors of one region are told."""

    region: str
    kubeconfig: Path
    variables: Mapping[str, str]
    """The store, and the credentials for it."""


class Monitor(Process):
    """One monitor's process; its log holds all its lives."""

    def __init__(self, settings: MonitorSettings, name: str, folder: Path) -> None:
        (self._port,) = reserve(1)
        command = [sys.executable, "-m", "gco", "monitor", "--host", "127.0.0.1"]
        command += ["--port", str(self._port.number), "--kubeconfig", str(settings.kubeconfig)]
        variables = {
            "GCO_HEARTBEAT_SECONDS": "5",
            "GCO_IMAGE": GCO_IMAGE,
            **settings.variables,
            "REGION": settings.region,
            "CLUSTER_NAME": f"cluster-of-{settings.region}",
            "HOSTNAME": name,
            "POD_NAMESPACE": POD_NAMESPACE,
        }
        super().__init__(name, command, log=folder / f"{name}.log", variables=variables)

    def close(self) -> None:
        """End it for good, and give its port back."""
        self.stop()
        self._port.close()

    @property
    def url(self) -> str:
        """Where it serves health and metrics."""
        return f"http://127.0.0.1:{self._port.number}"

    def wait_until_ready(self, *, seconds: float = 30.0) -> None:
        """Return once /readyz says so; raises StartFailed, with the log, where it ends before."""

        def ready() -> bool:
            if not self.running:
                raise StartFailed(f"{self.name} ended:\n{self.text()[-_LOG_CHARACTERS:]}")
            return answers(f"{self.url}/readyz")

        until(ready, seconds=seconds, what=f"{self.name} is ready")

    def text(self) -> str:
        """Return everything it has logged."""
        return self.log.read_text(encoding="utf-8") if self.log.exists() else ""

    def lines(self) -> Sequence[Mapping[str, Any]]:
        """Return the log as the facts of each line."""
        return [json.loads(line) for line in self.text().splitlines() if line.startswith("{")]

    def resident_mebibytes(self) -> float:
        """Return how much memory the process holds now."""
        for line in Path(f"/proc/{self.pid}/status").read_text(encoding="ascii").splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise StartFailed(f"{self.name} does not run")
