"""What a replica runs, what it asks of a node, and where it may run."""

import enum
from typing import Annotated

from pydantic import Field, StringConstraints

from gco.core.model import patterns
from gco.core.model.base import Model
from gco.core.model.spec.values import MOST_DEVICES, KubernetesObject, ObjectName, Quantity


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

    name: Annotated[str, StringConstraints(pattern=patterns.ENV_NAME)]
    """The variable's name."""
    value: str | None = None
    """A literal value; secrets come by `valueFrom`."""
    value_from: KubernetesObject | None = None
    """Where the value comes from: secretKeyRef, configMapKeyRef, fieldRef or resourceFieldRef."""


class Probes(Model):
    """How the server's health is asked for; what is absent comes from the server's profile."""

    ready_path: Annotated[str, StringConstraints(pattern=patterns.ABSOLUTE_PATH)] | None = None
    """The path that answers 200 once the server can serve; the profile's, else /health."""
    startup_seconds: Annotated[int, Field(ge=5, le=86_400, strict=True)] | None = None
    """How long a start may take before it counts as failed; 600 unless said."""
    timeout_seconds: Annotated[int, Field(ge=1, le=300, strict=True)] | None = None
    """How long one answer may take; 5 unless said."""
    readiness_period_seconds: Annotated[int, Field(ge=1, le=300, strict=True)] | None = None
    """How often readiness is asked for; 10 unless said."""
    liveness_period_seconds: Annotated[int, Field(ge=1, le=300, strict=True)] | None = None
    """How often liveness is asked for, once started; 15 unless said."""
    liveness_failures: Annotated[int, Field(ge=1, le=100, strict=True)] | None = None
    """How many failures in a row restart the container; 5 unless said."""


class Resources(Model):
    """What each replica asks of a node."""

    accelerator: Accelerator | None = None
    """nvidia unless said; a count of 0 means none."""
    count: Annotated[int, Field(ge=0, le=MOST_DEVICES, strict=True)] | None = None
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
    """Labels a node must have; one that suits the accelerator unless said."""
    tolerations: tuple[KubernetesObject, ...] | None = None
    """Taints that are tolerated, beside the accelerator's own."""
    capacity: Capacity | None = None
    """The kind of capacity; any unless said."""
    topology_spread: tuple[KubernetesObject, ...] | None = None
    """topologySpreadConstraints of the pods."""
    priority_class: ObjectName | None = None
    """The PriorityClass of the pods."""
