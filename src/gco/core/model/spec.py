"""What people write: the InferenceEndpoint document, field by field, with its defaults.

Only the shape and each field's own range are here. Rules that span fields, and the translation of
errors into problems that a person can act on, are in :mod:`gco.core.model.validation`.
"""

import enum
import re
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, Field, StringConstraints

from gco.core.model.base import Model

API_VERSION = "gco.io/v1alpha1"
KIND = "InferenceEndpoint"
DEFAULT_NAMESPACE = "gco-inference"

_QUANTITY = re.compile(r"^\d+(\.\d+)?([eE][+-]?\d+|m|k|Ki|M|Mi|G|Gi|T|Ti|P|Pi|E|Ei)?$")


def _quantity(value: str) -> str:
    if not _QUANTITY.match(value):
        raise ValueError("a Kubernetes quantity as a string: `500m`, `4`, `16Gi`")
    return value


Quantity: TypeAlias = Annotated[str, AfterValidator(_quantity)]
"""A Kubernetes quantity, always a string: a float would lose digits on the way."""
Label: TypeAlias = Annotated[
    str, StringConstraints(pattern=r"^[a-z]([-a-z0-9]*[a-z0-9])?$", max_length=63)
]
PortNumber: TypeAlias = Annotated[int, Field(ge=1, le=65535, strict=True)]
Count: TypeAlias = Annotated[int, Field(ge=0, le=10_000, strict=True)]
KubernetesObject: TypeAlias = dict[str, Any]
"""A part of a Kubernetes object, handed on as it is and checked by the API server."""


class Accelerator(enum.StrEnum):
    """The kind of device that each replica needs."""

    NVIDIA = "nvidia"
    NEURON = "neuron"
    AMD = "amd"
    NONE = "none"


class Server(enum.StrEnum):
    """The inference server in the image; decides port, probes, metrics and prefix handling."""

    VLLM = "vllm"
    SGLANG = "sglang"
    TGI = "tgi"
    TRITON = "triton"
    TORCHSERVE = "torchserve"
    LLAMACPP = "llamacpp"
    LLAMA_CPP_PYTHON = "llama-cpp-python"
    OLLAMA = "ollama"
    CUSTOM = "custom"


class EnvVar(Model):
    """One environment variable of the server, as in a Kubernetes container."""

    name: Annotated[str, StringConstraints(pattern=r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")]
    value: str | None = None
    value_from: KubernetesObject | None = None


class Probes(Model):
    """How the server's health is asked for; what is absent comes from the server's profile."""

    ready_path: Annotated[str, StringConstraints(pattern=r"^/")] | None = None
    startup_seconds: Annotated[int, Field(ge=5, le=86_400, strict=True)] | None = None
    """How long a start may take before it counts as failed; 600 unless said."""
    timeout_seconds: Annotated[int, Field(ge=1, le=300, strict=True)] | None = None
    readiness_period_seconds: Annotated[int, Field(ge=1, le=300, strict=True)] | None = None
    liveness_period_seconds: Annotated[int, Field(ge=1, le=300, strict=True)] | None = None
    liveness_failures: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None


class Resources(Model):
    """What each replica asks of a node."""

    accelerator: Accelerator | None = None
    """nvidia unless said; a count of 0 means none."""
    count: Annotated[int, Field(ge=0, le=64, strict=True)] | None = None
    """Devices a replica; 1 unless said."""
    requests: dict[str, Quantity] | None = None
    """1 cpu and 4Gi unless said."""
    limits: dict[str, Quantity] | None = None
    """4 cpu and 16Gi unless said."""


class Capacity(enum.StrEnum):
    """Which kind of purchased capacity the pods may run on (Karpenter's capacity-type)."""

    ON_DEMAND = "on-demand"
    SPOT = "spot"
    SPOT_PREFERRED = "spot-preferred"


class Scheduling(Model):
    """Where the pods may run."""

    node_selector: dict[str, str] | None = None
    tolerations: tuple[KubernetesObject, ...] | None = None
    capacity: Capacity | None = None
    topology_spread: tuple[KubernetesObject, ...] | None = None
    priority_class: str | None = None


class ModelSource(Model):
    """The weights that are mounted at `/models/NAME`."""

    uri: Annotated[str, StringConstraints(pattern=r"^(s3|hf|file)://.+")]
    name: str | None = None
    path: str | None = None
    digest: str | None = None
    token_from: KubernetesObject | None = None


class Autoscaling(Model):
    """Bounds and metrics of the endpoint's autoscaler."""

    min: Count = 1
    max: Annotated[int, Field(ge=1, le=10_000, strict=True)] = 10
    metrics: tuple[KubernetesObject, ...] | None = None
    pollers: KubernetesObject | None = None


class RouteBackend(enum.StrEnum):
    """What carries traffic from outside to the pods."""

    ALB = "alb"
    NGINX = "nginx"
    GATEWAY = "gateway"


class Route(Model):
    """How the endpoint is reached from outside its cluster."""

    path: (
        Annotated[str, StringConstraints(pattern=r"^/[-A-Za-z0-9._~/]*$", max_length=200)] | None
    ) = None
    """/inference/NAME unless said."""
    host: str | None = None
    backend: RouteBackend | None = None
    """The region's own unless said."""
    auth: KubernetesObject | None = None


class Canary(Model):
    """A second version that takes a share of the traffic."""

    image: str | None = None
    revision: Annotated[int, Field(ge=1, strict=True)] | None = None
    weight: Annotated[int, Field(ge=1, le=99, strict=True)] = 10
    replicas: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1


class RolloutStrategy(enum.StrEnum):
    """How pods of a new template replace those of the old one."""

    AUTO = "auto"
    SURGE = "surge"
    IN_PLACE = "in-place"
    RECREATE = "recreate"


class Rollout(Model):
    """How a change of the pod template reaches the pods."""

    strategy: RolloutStrategy | None = None
    """auto unless said."""
    allow_downtime: bool | None = None
    """May the last pod go before its replacement is ready; no unless said."""


class RegionSpec(Model):
    """What differs in one region."""

    name: Annotated[str, StringConstraints(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
    replicas: Count | None = None
    autoscaling: Autoscaling | None = None
    image: str | None = None
    scheduling: Scheduling | None = None
    route: Route | None = None


class DesiredState(enum.StrEnum):
    """What a person asks for."""

    RUNNING = "running"
    STOPPED = "stopped"
    """Keeps the record and frees every accelerator."""


ImagePolicy: TypeAlias = Literal["regional", "as-is"]


class EndpointSpec(Model):
    """The `spec` of an InferenceEndpoint, as stated: None means not said."""

    image: Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^\S+$")]
    image_pull_secrets: tuple[str, ...] | None = None
    image_policy: ImagePolicy | None = None
    """`regional` (the default) rewrites an ECR host to each region's own; `as-is` does not."""
    server: Server | None = None
    command: tuple[str, ...] | None = None
    args: tuple[str, ...] | None = None
    env: tuple[EnvVar, ...] | None = None
    env_from: tuple[KubernetesObject, ...] | None = None
    port: PortNumber | None = None
    probes: Probes | None = None
    resources: Resources | None = None
    scheduling: Scheduling | None = None
    model: ModelSource | None = None
    replicas: Count | None = None
    autoscaling: Autoscaling | None = None
    regions: tuple[RegionSpec, ...] | None = None
    """A bare name is read as `{name: …}`; None means every registered region."""
    route: Route | None = None
    canary: Canary | None = None
    rollout: Rollout | None = None
    pod_overrides: KubernetesObject | None = None
    state: DesiredState | None = None


class Metadata(Model):
    """Who the endpoint is."""

    name: str
    namespace: str = DEFAULT_NAMESPACE
    labels: dict[str, str] = Field(default_factory=dict)
    """Reach the objects and pods, never over our own keys."""


class InferenceEndpoint(Model):
    """One document of `gco apply -f`."""

    api_version: Literal["gco.io/v1alpha1"]
    kind: Literal["InferenceEndpoint"]
    metadata: Metadata
    spec: EndpointSpec
