"""What `gco deploy` takes as flags, and the document that a person would have written instead."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from gco.core.model.spec import API_VERSION, DEFAULT_NAMESPACE, KIND


@dataclasses.dataclass(frozen=True, slots=True)
class DeployFlags:
    """Flags as given, not validated; None or empty means not given."""

    name: str
    image: str
    namespace: str = DEFAULT_NAMESPACE
    labels: Mapping[str, str] = dataclasses.field(default_factory=dict)
    regions: tuple[str, ...] = ()
    replicas: int | None = None
    least: int | None = None
    """With this or `most`, an autoscaler sets the number of replicas."""
    most: int | None = None
    server: str | None = None
    accelerator: str | None = None
    count: int | None = None
    """Accelerators a replica."""
    port: int | None = None
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = dataclasses.field(default_factory=dict)
    model: str | None = None
    """A URI: `s3://…`, `hf://…`, `file://…`."""
    path: str | None = None
    """The route's path."""
    startup_seconds: int | None = None
    capacity: str | None = None

    def document(self) -> dict[str, Any]:
        """Return the InferenceEndpoint that says the same, with nothing that was not given."""
        spec = {
            "image": self.image,
            "server": self.server,
            "command": list(self.command),
            "args": list(self.args),
            "env": [{"name": name, "value": value} for name, value in self.env.items()],
            "port": self.port,
            "probes": _stated({"startupSeconds": self.startup_seconds}),
            "resources": _stated({"accelerator": self.accelerator, "count": self.count}),
            "scheduling": _stated({"capacity": self.capacity}),
            "model": _stated({"uri": self.model}),
            "replicas": self.replicas,
            "autoscaling": _stated({"min": self.least, "max": self.most}),
            "regions": list(self.regions),
            "route": _stated({"path": self.path}),
        }
        metadata = {"name": self.name, "namespace": self.namespace, "labels": dict(self.labels)}
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": _stated(metadata),
            "spec": _stated(spec),
        }


def _stated(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value not in (None, [], {})}
