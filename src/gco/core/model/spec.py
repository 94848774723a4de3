"""What people write: the InferenceEndpoint document, field by field, with its defaults.

Only the shape and each field's own range are here. Rules that span fields are in
:mod:`gco.core.model.rules`; errors become problems that a person can act on in
:mod:`gco.core.model.problems`; what an absent field means is in :mod:`gco.core.model.defaults`.
"""

import enum
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints

from gco.core.model import patterns
from gco.core.model.base import Model
from gco.core.model.plain import plain_object, plain_overlay

API_VERSION = "gco.io/v1alpha1"
KIND = "InferenceEndpoint"
DEFAULT_NAMESPACE = "gco-inference"
MOST_DEVICES = 64
"""Accelerators that a replica may ask for."""
MOST_WEIGHT = 99
"""Per cent of the requests that a canary may be given."""


def _whole_number_as_text(value: object) -> object:
    """Read `cpu: 4` as `cpu: "4"`; a float stays one and is refused, as it would lose digits."""
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _name_as_region(value: object) -> object:
    """Read the bare name of a region as `{name: …}`."""
    return {"name": value} if isinstance(value, str) else value


def _share(value: int) -> int:
    """Refuse what is no share: all traffic is a promotion, and none at all an abort."""
    if not 1 <= value <= MOST_WEIGHT:
        raise ValueError(f"1 to {MOST_WEIGHT} (to move all traffic, promote)")
    return value


_QuantityText: TypeAlias = Annotated[
    str, StringConstraints(pattern=patterns.QUANTITY, max_length=40)
]
Quantity: TypeAlias = Annotated[
    _QuantityText,
    BeforeValidator(_whole_number_as_text, json_schema_input_type=_QuantityText | int),
]
"""A Kubernetes quantity, kept as a string."""
ObjectName: TypeAlias = Annotated[
    str, StringConstraints(pattern=patterns.OBJECT_NAME, max_length=253)
]
PortNumber: TypeAlias = Annotated[int, Field(ge=1, le=65535, strict=True)]
Count: TypeAlias = Annotated[int, Field(ge=0, le=10_000, strict=True)]
Weight: TypeAlias = Annotated[
    int,
    Field(strict=True, json_schema_extra={"minimum": 1, "maximum": MOST_WEIGHT}),
    AfterValidator(_share),
]
Flag: TypeAlias = Annotated[bool, Field(strict=True)]
Image: TypeAlias = Annotated[
    str, StringConstraints(min_length=1, max_length=1000, pattern=patterns.NO_SPACE)
]
KubernetesObject: TypeAlias = Annotated[dict[str, Any], AfterValidator(plain_object)]
"""A part of a Kubernetes object, handed on as it is and checked by the API server."""

Overlay: TypeAlias = Annotated[dict[str, Any], AfterValidator(plain_overlay)]
"""A strategic-merge overlay; a null, which takes a field away, is kept as `{$patch: delete}`."""


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


class SecretKey(Model):
    """One value of a Secret in the endpoint's namespace."""

    name: ObjectName
    """The Secret."""
    key: Annotated[str, StringConstraints(pattern=patterns.DATA_KEY, max_length=253)]
    """Which of its values."""


class TokenSource(Model):
    """Where a token comes from."""

    secret_key_ref: SecretKey
    """The Secret that holds it, in every region that needs it."""


class ModelSource(Model):
    """Weights, copied once into each region's cache and mounted at `/models/NAME`, read-only."""

    uri: Annotated[str, StringConstraints(pattern=patterns.MODEL_URI, max_length=1000)]
    """Where the weights are: `s3://BUCKET/FOLDER`, `hf://ORG/REPO@REVISION`, `file:///FOLDER`."""
    name: str | None = None
    """NAME in the path at which they are mounted; the source's last folder, or the repository."""
    path: Annotated[str, StringConstraints(min_length=1, max_length=1000)] | None = None
    """A folder within the source; all of it unless said."""
    digest: Annotated[str, StringConstraints(pattern=patterns.DIGEST)] | None = None
    """What the content must hash to: `gco models uri` shows it. Not checked unless said."""
    token_from: TokenSource | None = None
    """The Secret with the token for a gated repository of a hub."""


class MetricType(enum.StrEnum):
    """What an autoscaler goes by."""

    CPU = "cpu"
    """Use of the requested cpu, in per cent."""
    MEMORY = "memory"
    """Use of the requested memory, in per cent."""
    WAITING = "waiting"
    """Requests a replica that wait for a place in the server."""
    RUNNING = "running"
    """Requests a replica that the server is answering."""
    CACHE = "cache"
    """Use of the server's key-value cache, in per cent."""
    REQUESTS = "requests"
    """What `query` counts, a replica: a gateway's requests, known without pods."""


class Metric(Model):
    """One thing that the number of replicas follows."""

    type: MetricType
    """What is measured."""
    target: Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
    """What the autoscaler keeps it at: per cent of cpu, memory and cache; else so many a replica."""
    query: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    """PromQL that gives one number, for `requests`: `sum(rate(requests_total[2m]))`."""


class Pollers(Model):
    """How metrics of the server are read, and how soon replicas leave."""

    prometheus_address: (
        Annotated[str, StringConstraints(pattern=patterns.HTTP_URL, max_length=500)] | None
    ) = None
    """The Prometheus that KEDA asks for what is no cpu and memory: `http://prometheus.monitoring:9090`."""
    interval_seconds: Annotated[int, Field(ge=1, le=3600, strict=True)] | None = None
    """How often KEDA asks; 30 unless said."""
    cooldown_seconds: Annotated[int, Field(ge=0, le=3600, strict=True)] | None = None
    """For how long the load must have been lower before replicas leave; 300 unless said."""


class Autoscaling(Model):
    """How the number of replicas follows the load; a region states what differs there."""

    enabled: Flag | None = None
    """Whether an autoscaler owns the number of replicas; yes unless said."""
    min: Count | None = None
    """The fewest replicas; 1 unless said, and 0 only with `requests` among the metrics."""
    max: Annotated[int, Field(ge=1, le=10_000, strict=True)] | None = None
    """The most replicas; 10 unless said."""
    metrics: tuple[Metric, ...] | None = None
    """What is scaled on, the one that wants most deciding; cpu at 70 % unless said."""
    pollers: Pollers | None = None
    """How metrics of the server are read."""


class RouteBackend(enum.StrEnum):
    """What carries traffic from outside to the pods."""

    ALB = "alb"
    NGINX = "nginx"
    GATEWAY = "gateway"


class GatewayRef(Model):
    """A Gateway of the Gateway API, which must let routes of the endpoint's namespace attach."""

    name: ObjectName
    """The Gateway's name."""
    namespace: ObjectName | None = None
    """The Gateway's namespace; the endpoint's own unless said."""
    listener: ObjectName | None = None
    """The one listener to attach to, such as that with TLS; all of them unless said."""


class RouteTls(Model):
    """Where the certificate is with which the route is served on HTTPS; never the key itself."""

    certificate_arn: Annotated[str, StringConstraints(pattern=patterns.CERTIFICATE_ARN)] | None = (
        None
    )
    """For backend alb: a certificate in AWS Certificate Manager, in the region of the cluster."""
    secret_name: ObjectName | None = None
    """For backend nginx: a Secret of type kubernetes.io/tls in the endpoint's namespace."""


class HealthCheck(Model):
    """How often an ALB asks each pod; the path is the ready path, without any prefix."""

    interval_seconds: Annotated[int, Field(ge=5, le=300, strict=True)] | None = None
    """Between two questions; 15 unless said."""
    timeout_seconds: Annotated[int, Field(ge=2, le=120, strict=True)] | None = None
    """How long one answer may take, less than the interval; 5 unless said."""
    healthy_threshold: Annotated[int, Field(ge=2, le=10, strict=True)] | None = None
    """How many answers in a row make a pod healthy; 2 unless said."""
    unhealthy_threshold: Annotated[int, Field(ge=2, le=10, strict=True)] | None = None
    """How many failures in a row make it unhealthy; 2 unless said."""


HttpsUrl: TypeAlias = Annotated[str, StringConstraints(pattern=patterns.HTTPS_URL, max_length=500)]


class OidcAuth(Model):
    """People sign in with an OpenID Connect provider; by backend alb."""

    issuer: HttpsUrl
    """The provider's issuer identifier."""
    authorization_endpoint: HttpsUrl
    """Where people sign in."""
    token_endpoint: HttpsUrl
    """Where the load balancer redeems codes."""
    user_info_endpoint: HttpsUrl
    """Where it asks who signed in."""
    secret_name: ObjectName
    """A Secret in the endpoint's namespace with clientID and clientSecret."""


class CognitoAuth(Model):
    """People sign in with an Amazon Cognito user pool; by backend alb."""

    user_pool_arn: Annotated[str, StringConstraints(pattern=patterns.USER_POOL_ARN)]
    """The user pool."""
    user_pool_client_id: Annotated[str, StringConstraints(pattern=patterns.WORD, max_length=128)]
    """The pool's client for this load balancer."""
    user_pool_domain: Annotated[str, StringConstraints(pattern=patterns.HOST, max_length=253)]
    """The domain prefix or full domain name of the pool."""


class BasicAuth(Model):
    """A user name and a password; by backend nginx."""

    secret_name: ObjectName
    """A Secret in the endpoint's namespace whose key `auth` is an htpasswd file."""


class ExternalAuth(Model):
    """A service of yours is asked about each request; by backend nginx."""

    url: Annotated[str, StringConstraints(pattern=patterns.HTTP_URL, max_length=500)]
    """It answers 2xx to let a request through, and 401 or 403 to refuse it."""
    response_headers: (
        tuple[Annotated[str, StringConstraints(pattern=patterns.HTTP_HEADER)], ...] | None
    ) = None
    """Headers of its answer that the server is given; none unless said."""


class RouteAuth(Model):
    """Who may call: exactly one of these. Secrets are named, never written here."""

    oidc: OidcAuth | None = None
    """Sign in with an OpenID Connect provider."""
    cognito: CognitoAuth | None = None
    """Sign in with an Amazon Cognito user pool."""
    basic: BasicAuth | None = None
    """A user name and a password."""
    external: ExternalAuth | None = None
    """Ask a service of yours about each request."""


class Route(Model):
    """How the endpoint is reached from outside its cluster."""

    path: Annotated[str, StringConstraints(pattern=patterns.ROUTE_PATH, max_length=200)] | None = (
        None
    )
    """/inference/NAME unless said."""
    host: Annotated[str, StringConstraints(pattern=patterns.HOST, max_length=253)] | None = None
    """The host name that is asked for; any unless said."""
    backend: RouteBackend | None = None
    """The region's own unless said."""
    gateway: GatewayRef | None = None
    """With backend gateway, the Gateway to attach to; the region's own unless said."""
    strip_prefix: Flag | None = None
    """Is the path taken off a request before the server gets it; yes unless said."""
    tls: RouteTls | None = None
    """The certificate for HTTPS; with backend gateway it is the listener's."""
    health_check: HealthCheck | None = None
    """With backend alb, how pods are asked; other backends go by the pods' own readiness."""
    auth: RouteAuth | None = None
    """Who may call; anyone who reaches the load balancer unless said."""


class Canary(Model):
    """A second version that takes a share of the traffic."""

    image: Image | None = None
    """The image that the canary runs, where it is not a revision; rewritten for each region as
    spec.image is, and all else as the endpoint has it."""
    revision: Annotated[int, Field(ge=1, strict=True)] | None = None
    """The revision whose pods the canary runs: image, arguments, resources and all."""
    weight: Weight = 10
    """Its share of the requests in per cent, 1 to 99."""
    replicas: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1
    """Its pods in each region."""


class RolloutStrategy(enum.StrEnum):
    """How pods of a new template replace those of the old one."""

    AUTO = "auto"
    """A new pod first where its accelerators are free, or nodes are made; else one at a time in place."""
    SURGE = "surge"
    """A new pod first, always: needs an accelerator more."""
    IN_PLACE = "in-place"
    """An old pod goes first, one at a time: needs no accelerator more."""
    RECREATE = "recreate"
    """Every old pod goes before the first new one comes."""


class Rollout(Model):
    """How a change of the pod template reaches the pods."""

    strategy: RolloutStrategy | None = None
    """auto unless said."""
    allow_downtime: Flag | None = None
    """May the last pod go before its replacement is ready; no unless said."""


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
