"""What an absent field means: every default in one place, and a spec with all of them said.

Changing a default is a release note. It reaches no pod that runs already: pod templates are frozen.
"""

import dataclasses
from collections.abc import Mapping
from typing import Final

from gco.core.model.flags import told_port
from gco.core.model.ids import EndpointName
from gco.core.model.model_source import model_name
from gco.core.model.names import default_route_path
from gco.core.model.profiles import infer_server, profile_of
from gco.core.model.resources import devices, requests_and_limits, without_devices
from gco.core.model.scaling import stated_in_full
from gco.core.model.spec import (
    Accelerator,
    Capacity,
    DesiredState,
    EndpointSpec,
    EnvVar,
    KubernetesObject,
    ModelSource,
    Probes,
    Resources,
    Rollout,
    RolloutStrategy,
    Route,
    Scheduling,
    Server,
)

DEFAULT_REPLICAS: Final = 1
DEFAULT_STARTUP_SECONDS: Final = 600
"""Large models take minutes to load; liveness starts after this."""
DEFAULT_TIMEOUT_SECONDS: Final = 5
DEFAULT_READINESS_PERIOD_SECONDS: Final = 10
DEFAULT_LIVENESS_PERIOD_SECONDS: Final = 15
DEFAULT_LIVENESS_FAILURES: Final = 5
DEFAULT_NODES: Final[Mapping[Accelerator, Mapping[str, str]]] = {
    Accelerator.NVIDIA: {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"},
    Accelerator.NEURON: {"accelerator": "neuron"},
}
"""Labels of the nodes that have the accelerator."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Effective:
    """What shapes the pods, with nothing left unsaid; empty means none."""

    image: str
    image_pull_secrets: tuple[str, ...]
    server: Server
    command: tuple[str, ...]
    args: tuple[str, ...]
    env: tuple[EnvVar, ...]
    env_from: tuple[KubernetesObject, ...]
    port: int
    ready_path: str
    startup_seconds: int
    timeout_seconds: int
    readiness_period_seconds: int
    liveness_period_seconds: int
    liveness_failures: int
    accelerator: Accelerator
    device: str
    """The accelerator's resource name."""
    count: int
    """Devices a replica."""
    requests: Mapping[str, str]
    """Without the device."""
    limits: Mapping[str, str]
    """Without the device."""
    node_selector: Mapping[str, str]
    """As stated, else the labels of the nodes that have the accelerator; capacity is apart."""
    tolerations: tuple[KubernetesObject, ...]
    """As stated; the accelerator's own comes beside them."""
    capacity: Capacity | None
    topology_spread: tuple[KubernetesObject, ...]
    priority_class: str


def effective(spec: EndpointSpec) -> Effective:
    """Return `spec` with the default of every field that shapes the pods."""
    server = spec.server or infer_server(spec.image)
    profile = profile_of(spec.image, server)
    probes, scheduling = spec.probes or Probes(), spec.scheduling or Scheduling()
    wanted = devices(spec.resources)
    requests, limits = requests_and_limits(spec.resources)
    nodes = DEFAULT_NODES.get(wanted.accelerator, {})
    return Effective(
        image=spec.image,
        image_pull_secrets=spec.image_pull_secrets or (),
        server=server,
        command=spec.command or (),
        args=spec.args or (),
        env=spec.env or (),
        env_from=spec.env_from or (),
        port=spec.port or told_port(spec, profile) or profile.port,
        ready_path=probes.ready_path or profile.ready_path,
        startup_seconds=probes.startup_seconds or DEFAULT_STARTUP_SECONDS,
        timeout_seconds=probes.timeout_seconds or DEFAULT_TIMEOUT_SECONDS,
        readiness_period_seconds=probes.readiness_period_seconds
        or DEFAULT_READINESS_PERIOD_SECONDS,
        liveness_period_seconds=probes.liveness_period_seconds or DEFAULT_LIVENESS_PERIOD_SECONDS,
        liveness_failures=probes.liveness_failures or DEFAULT_LIVENESS_FAILURES,
        accelerator=wanted.accelerator,
        device=wanted.resource,
        count=wanted.count,
        requests=without_devices(requests),
        limits=without_devices(limits),
        node_selector=nodes if scheduling.node_selector is None else scheduling.node_selector,
        tolerations=scheduling.tolerations or (),
        capacity=scheduling.capacity,
        topology_spread=scheduling.topology_spread or (),
        priority_class=scheduling.priority_class or "",
    )


def with_defaults(spec: EndpointSpec, name: EndpointName) -> EndpointSpec:
    """Return `spec` fully stated, as `gco get` shows it: what is absent still has no default.

    Absent stay `regions` (every registered one) and `route.backend` (each region's own). A spec
    with its defaults stated has none left to gain.
    """
    full = effective(spec)
    return spec.model_copy(
        update={
            "image_policy": spec.image_policy or "regional",
            "image_pull_secrets": full.image_pull_secrets,
            "server": full.server,
            "command": full.command,
            "args": full.args,
            "env": full.env,
            "env_from": full.env_from,
            "port": full.port,
            "probes": _probes(full),
            "resources": _resources(full),
            "scheduling": _scheduling(full),
            "model": _model(spec.model),
            "replicas": DEFAULT_REPLICAS if spec.replicas is None else spec.replicas,
            "autoscaling": spec.autoscaling and stated_in_full(spec.autoscaling),
            "route": _route(spec.route or Route(), name),
            "rollout": _rollout(spec.rollout or Rollout()),
            "state": spec.state or DesiredState.RUNNING,
        }
    )


def _probes(full: Effective) -> Probes:
    return Probes(
        ready_path=full.ready_path,
        startup_seconds=full.startup_seconds,
        timeout_seconds=full.timeout_seconds,
        readiness_period_seconds=full.readiness_period_seconds,
        liveness_period_seconds=full.liveness_period_seconds,
        liveness_failures=full.liveness_failures,
    )


def _resources(full: Effective) -> Resources:
    return Resources(
        accelerator=full.accelerator,
        count=full.count,
        requests=dict(full.requests),
        limits=dict(full.limits),
    )


def _scheduling(full: Effective) -> Scheduling:
    return Scheduling(
        node_selector=dict(full.node_selector),
        tolerations=full.tolerations,
        capacity=full.capacity,
        topology_spread=full.topology_spread,
        priority_class=full.priority_class or None,
    )


def _model(stated: ModelSource | None) -> ModelSource | None:
    return stated.model_copy(update={"name": model_name(stated)}) if stated is not None else None


def _route(stated: Route, name: EndpointName) -> Route:
    return stated.model_copy(update={"path": stated.path or default_route_path(name)})


def _rollout(stated: Rollout) -> Rollout:
    return Rollout(
        strategy=stated.strategy or RolloutStrategy.AUTO,
        allow_downtime=bool(stated.allow_downtime),
    )
