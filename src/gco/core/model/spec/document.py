"""The InferenceEndpoint document itself, put together from its parts."""

import enum
from typing import Annotated, Literal, TypeAlias

from pydantic import BeforeValidator, Field, StringConstraints

from gco.core.model import patterns
from gco.core.model.base import Model
from gco.core.model.spec.pods import EnvVar, Probes, Resources, Scheduling, Server
from gco.core.model.spec.rollouts import Canary, Rollout
from gco.core.model.spec.routes import Route
from gco.core.model.spec.scaling import Autoscaling
from gco.core.model.spec.values import (
    Count,
    Image,
    KubernetesObject,
    ObjectName,
    Overlay,
    PortNumber,
)
from gco.core.model.spec.weights import ModelSource

API_VERSION = "gco.io/v1alpha1"
KIND = "InferenceEndpoint"
DEFAULT_NAMESPACE = "gco-inference"


def _name_as_region(value: object) -> object:
    """Read the bare name of a region as `{name: …}`."""
    return {"name": value} if isinstance(value, str) else value


class RegionSpec(Model):
    """What differs in one region."""

    name: Annotated[str, StringConstraints(pattern=patterns.REGION, max_length=63)]
    """The name under which the region is registered."""
    replicas: Count | None = None
    """How many pods there, in place of spec.replicas."""
    autoscaling: Autoscaling | None = None
    """The autoscaler there, field by field over spec.autoscaling."""
    image: Image | None = None
    """The image there, such as a mirror's; never rewritten."""
    scheduling: Scheduling | None = None
    """Where the pods may run there, field by field over spec.scheduling."""
    route: Route | None = None
    """The route there, field by field over spec.route."""


class DesiredState(enum.StrEnum):
    """What a person asks for."""

    RUNNING = "running"
    STOPPED = "stopped"
    """Keeps the record and frees every accelerator."""


ImagePolicy: TypeAlias = Literal["regional", "as-is"]


class EndpointSpec(Model):
    """The `spec` of an InferenceEndpoint, as stated: None means not said."""

    image: Image
    """The container image of the server: `vllm/vllm-openai:v0.8.5`."""
    image_pull_secrets: tuple[ObjectName, ...] | None = None
    """Secrets with credentials for the image's registry."""
    image_policy: ImagePolicy | None = None
    """`regional` (the default) rewrites an ECR host to each region's own; `as-is` does not."""
    server: Server | None = None
    """The server's profile; inferred from the image's repository unless said."""
    command: tuple[str, ...] | None = None
    """The program that is run in place of the image's own."""
    args: tuple[str, ...] | None = None
    """The program's arguments, in place of the image's own."""
    env: tuple[EnvVar, ...] | None = None
    """Environment variables of the server."""
    env_from: tuple[KubernetesObject, ...] | None = None
    """ConfigMaps and Secrets that become environment variables."""
    port: PortNumber | None = None
    """The port on which the server listens; the profile's unless said."""
    probes: Probes | None = None
    """How the server's health is asked for."""
    resources: Resources | None = None
    """What each replica asks of a node."""
    scheduling: Scheduling | None = None
    """Where the pods may run."""
    model: ModelSource | None = None
    """The weights to fetch and mount."""
    replicas: Count | None = None
    """How many pods in each region; 1 unless said. With autoscaling only the count at creation."""
    autoscaling: Autoscaling | None = None
    """How the number of pods follows the load."""
    regions: (
        tuple[
            Annotated[
                RegionSpec,
                BeforeValidator(_name_as_region, json_schema_input_type=RegionSpec | str),
            ],
            ...,
        ]
        | None
    ) = None
    """Where to run; a bare name is read as `{name: …}`. Every registered region unless said."""
    route: Route | None = None
    """How the endpoint is reached from outside its cluster."""
    canary: Canary | None = None
    """A second version that takes a share of the traffic."""
    rollout: Rollout | None = None
    """How a change reaches the pods."""
    pod_overrides: Overlay | None = None
    """A strategic-merge overlay on the pod template: `{metadata: …, spec: …}`, the last word on all
    but our labels and our container's name. Containers and volumes are merged by name, tolerations
    come beside ours, a null takes a field away, `$patch: replace` puts a map in another's place."""
    state: DesiredState | None = None
    """running, or stopped, which keeps the record and frees every accelerator."""


class Metadata(Model):
    """Who the endpoint is."""

    name: str
    """The endpoint's name, unique over all regions: it names a Service, so at most 40 characters."""
    namespace: str = DEFAULT_NAMESPACE
    """The namespace of the endpoint's objects."""
    labels: dict[str, str] = Field(default_factory=dict)
    """Reach the objects and pods, never over our own keys."""


class InferenceEndpoint(Model):
    """One document of `gco apply -f`."""

    api_version: Literal["gco.io/v1alpha1"]
    """The version of the document's form."""
    kind: Literal["InferenceEndpoint"]
    """What the document is."""
    metadata: Metadata
    """Who the endpoint is."""
    spec: EndpointSpec
    """What is wanted."""
