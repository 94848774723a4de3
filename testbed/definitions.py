"""Where the custom resource definitions of others come from: YAML files inside Go modules.

Which ones is pinned by version and checksum in `go/crds.json`. See `testbed.crds` for their use.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from testbed import cache, toolchains
from testbed.errors import BuildFailed
from testbed.progress import say

PINS = Path(__file__).parent / "go" / "crds.json"
GATEWAY_API, KEDA, KARPENTER, PROMETHEUS = NAMES = (
    "gateway-api",
    "keda",
    "karpenter",
    "prometheus-operator",
)


@dataclass(frozen=True)
class Definitions:
    """Where one project's definitions are, and which of them are wanted."""

    name: str
    module: str
    version: str
    sum: str
    """The module's checksum, as in a go.sum."""
    folder: str
    files: tuple[str, ...]

    @classmethod
    def named(cls, name: str) -> Self:
        """Return what is pinned under that name."""
        pinned = json.loads(PINS.read_text())[name]
        return cls(name=name, **{**pinned, "files": tuple(pinned["files"])})

    def paths(self) -> list[Path]:
        """Return the files, fetched when they are missing.

        Raises:
            Unavailable: they are not in the cache and `go` is not installed.
            BuildFailed: the module could not be fetched, or is not the pinned one.
        """
        content = "-".join((self.version, self.sum[3:11].replace("/", "_"), str(len(self.files))))
        folder = cache.entry(f"crds-{self.name}-{content}", self._fetch)
        return [folder / file for file in self.files]

    def _fetch(self, folder: Path) -> None:
        say(f"fetching the definitions of {self.name} {self.version}")
        module = toolchains.go_module(f"{self.module}@{self.version}", folder)
        if module["Sum"] != self.sum:
            raise BuildFailed(f"{self.module} {self.version} is not the pinned one")
        for file in self.files:
            shutil.copyfile(Path(module["Dir"]) / self.folder / file, folder / file)
