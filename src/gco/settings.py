"""All reading of the environment, each setting documented where it is declared.

The names of the original monitor keep working. Nothing else in the package reads the environment:
functions take what they need as arguments.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

import pydantic
from pydantic import AfterValidator, Field
from pydantic_core import ErrorDetails

from gco.errors import SettingsError

DEFAULT_TABLE = "gco-inference-endpoints"
MOST_NAMESPACES = 499
"""Beside INFERENCE_NAMESPACE: a region publishes the list in its record, which a store must take."""


def _not_too_many(namespaces: str | None) -> str | None:
    if namespaces is not None and namespaces.count(",") >= MOST_NAMESPACES:
        raise ValueError(f"at most {MOST_NAMESPACES} namespaces in one region")
    return namespaces


class Settings(pydantic.BaseModel):
    """What the environment says, validated, with defaults."""

    model_config = pydantic.ConfigDict(
        frozen=True,
        extra="ignore",
        str_max_length=131_072,  # what a process can be given; with a bound, text must be UTF-8
    )

    cluster_name: Annotated[str, Field(validation_alias="CLUSTER_NAME", max_length=256)] = ""
    """The cluster's name; `cluster_id` of every log line."""
    region: Annotated[str, Field(validation_alias="REGION", max_length=63)] = ""
    """The name under which this cluster is registered; also its AWS region unless that is told."""
    table_name: Annotated[str | None, Field(validation_alias="INFERENCE_ENDPOINTS_TABLE_NAME")] = (
        None
    )
    dynamodb_region: Annotated[str | None, Field(validation_alias="DYNAMODB_REGION")] = None
    store: Annotated[str | None, Field(validation_alias="GCO_STORE")] = None
    """`sqlite:///path` or `dynamodb://table?region=…&endpoint=…`."""
    context: Annotated[str | None, Field(validation_alias="GCO_CONTEXT")] = None
    """One of a person's named stores (`gco context list`); GCO_STORE comes before it."""
    tail_ms: Annotated[int, Field(validation_alias="GCO_STORE_TAIL_MS", ge=10, le=60_000)] = 300
    """Milliseconds between two reads of DynamoDB's change log while it is busy."""
    rest_ms: Annotated[int, Field(validation_alias="GCO_STORE_REST_MS", ge=10, le=60_000)] = 2000
    """Milliseconds between two reads of DynamoDB's change log, a minute after the last change."""
    resync_seconds: Annotated[
        float, Field(validation_alias="RECONCILE_INTERVAL_SECONDS", ge=1, allow_inf_nan=False)
    ] = 600
    """Seconds over which the resync spreads one look at every endpoint; nothing waits for it."""
    unhealthy_seconds: Annotated[
        float,
        Field(validation_alias="INFERENCE_UNHEALTHY_THRESHOLD_SECONDS", ge=1, allow_inf_nan=False),
    ] = 300
    """How long nothing may answer behind a route, start-up budgets aside, before the route leaves."""
    namespace: Annotated[str, Field(validation_alias="INFERENCE_NAMESPACE", max_length=63)] = (
        "gco-inference"
    )
    namespaces: Annotated[
        str | None, AfterValidator(_not_too_many), Field(validation_alias="GCO_NAMESPACES")
    ] = None
    """Comma-separated allow-list of namespaces; INFERENCE_NAMESPACE alone unless set."""
    heartbeat_seconds: Annotated[int, Field(validation_alias="GCO_HEARTBEAT_SECONDS", ge=1)] = 30
    api_timeout: Annotated[
        float, Field(validation_alias="K8S_API_TIMEOUT", gt=0, allow_inf_nan=False)
    ] = 30
    """Seconds until a request to the Kubernetes API counts as failed (watches aside)."""
    hostname: Annotated[str, Field(validation_alias="HOSTNAME", max_length=253)] = ""
    """Names this replica in the Lease."""
    pod_namespace: Annotated[str, Field(validation_alias="POD_NAMESPACE")] = ""
    """The namespace of the monitor's own pod: a standby sees there that a leader's container ended."""
    termination_log: Annotated[str, Field(validation_alias="GCO_TERMINATION_LOG")] = (
        "/dev/termination-log"
    )
    """The container's `terminationMessagePath`, for the leader's identity."""
    image: Annotated[str, Field(validation_alias="GCO_IMAGE")] = ""
    """GCO's own image, as the monitor's container has it: what copies models."""
    log_level: Annotated[
        Literal["DEBUG", "INFO", "WARNING", "ERROR"], Field(validation_alias="LOG_LEVEL")
    ] = "INFO"
    log_format: Annotated[Literal["json", "text"], Field(validation_alias="LOG_FORMAT")] = "json"
    kubeconfig: Annotated[str | None, Field(validation_alias="KUBECONFIG")] = None
    in_cluster: Annotated[str | None, Field(validation_alias="KUBERNETES_SERVICE_HOST")] = None
    user: Annotated[str, Field(validation_alias="USER", max_length=128)] = ""
    """Who the revisions that this person makes are by."""
    route_backend: Annotated[
        Literal["alb", "nginx", "gateway"], Field(validation_alias="GCO_ROUTE_BACKEND")
    ] = "alb"
    """What routes requests to the endpoints of this region whose spec names no backend."""
    gateway: Annotated[
        str,
        Field(validation_alias="GCO_GATEWAY", pattern=r"^([-.a-z0-9]+(/[-.a-z0-9]+){1,2})?$"),
    ] = ""
    """The Gateway that HTTPRoutes attach to: `NAMESPACE/NAME` or `NAMESPACE/NAME/LISTENER`."""
    alb_rewrites: Annotated[bool, Field(validation_alias="GCO_ALB_REWRITES")] = True
    """Whether the AWS Load Balancer Controller here takes prefixes off (2.14.1 and later)."""
    pod_overrides_allow: Annotated[
        str,
        Field(validation_alias="GCO_POD_OVERRIDES_ALLOW", pattern=r"^([a-zA-Z]+(,[a-zA-Z]+)*)?$"),
    ] = ""
    """Comma-separated rules of the pod policy that do not hold in this region: `hostPath,nodeName`."""
    address: Annotated[
        str, Field(validation_alias="GCO_ADDRESS", pattern=r"^(https?://[^\s/]+)?$")
    ] = ""
    """The URL at which this region's routes answer; as its Ingresses say unless set."""
    authorization: Annotated[
        str | None, Field(validation_alias="GCO_AUTHORIZATION", repr=False)
    ] = None
    """What `gco invoke`, `chat` and `health` say of who is asking: `Bearer KEY`, `Basic …`."""
    authorization_hosts: Annotated[str, Field(validation_alias="GCO_AUTHORIZATION_HOSTS")] = ""
    """Comma-separated hosts (`*` matches) that alone may receive GCO_AUTHORIZATION, by http as well."""
    models: Annotated[str | None, Field(validation_alias="GCO_MODELS")] = None
    """Where `gco models` keeps models by their names: `s3://bucket/folder`."""
    hub_url: Annotated[str, Field(validation_alias="HF_ENDPOINT")] = "https://huggingface.co"
    """The hub that `hf://` sources come from: the public one, or a mirror."""
    hub_token: Annotated[str | None, Field(validation_alias="HF_TOKEN", repr=False)] = None
    """The token for gated and private repositories of the hub."""

    @property
    def allowed_namespaces(self) -> tuple[str, ...]:
        """The allow-list, INFERENCE_NAMESPACE first."""
        listed = (part.strip() for part in (self.namespaces or "").split(","))
        return tuple(dict.fromkeys([self.namespace, *filter(None, listed)]))

    @property
    def trusted_hosts(self) -> tuple[str, ...]:
        """The hosts that may receive `authorization`; none: every one with https."""
        listed = (part.strip().lower() for part in self.authorization_hosts.split(","))
        return tuple(filter(None, listed))

    @property
    def store_url(self) -> str:
        """The store's URL, told or derived as the documentation says."""
        if self.store:
            return self.store
        if self.derives_table:
            region = self.dynamodb_region or self.region
            suffix = f"?region={region}" if region else ""
            return f"dynamodb://{self.table_name or DEFAULT_TABLE}{suffix}"
        return own_store_url()

    @property
    def derives_table(self) -> bool:
        """Whether the environment speaks of a table, or of a cluster, without naming a store."""
        return bool(self.in_cluster or self.table_name or self.dynamodb_region)


def read_settings(environment: Mapping[str, str] | None = None) -> Settings:
    """Read the settings from `environment` (the process's own unless given).

    Raises SettingsError, naming every variable that is wrong.
    """
    source = os.environ if environment is None else environment
    try:
        return Settings.model_validate({k: v for k, v in source.items() if v != ""})
    except pydantic.ValidationError as error:
        raise SettingsError("; ".join(map(_problem, error.errors()))) from error


def _problem(found: ErrorDetails) -> str:
    """Word one wrong setting, without its value where that is a secret."""
    name = str(found["loc"][0])
    why = "UTF-8 text" if found["type"] == "string_unicode" else found["msg"]
    secret = any(f.validation_alias == name and not f.repr for f in Settings.model_fields.values())
    return f"{name}: {why}" if secret else f"{name}={str(found.get('input', ''))!r}: {why}"


def data_folder() -> Path:
    """Return the folder that holds a person's embedded store and sandbox."""
    if told := os.environ.get("GCO_DATA"):
        return Path(told)
    import platformdirs  # noqa: PLC0415  (who says where the store is needs no folder)

    return Path(platformdirs.user_data_dir("gco"))


def config_folder() -> Path:
    """Return the folder that holds what a person set: `$XDG_CONFIG_HOME/gco`, where that is set."""
    import platformdirs  # noqa: PLC0415  (as above)

    return Path(platformdirs.user_config_dir("gco"))


def own_store_url() -> str:
    """Return the URL of a person's embedded store."""
    return f"sqlite:///{data_folder() / 'store.db'}"


def environment_with(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for a child process: this process's own, and `variables` over it."""
    return {**os.environ, **variables}


def process_environment() -> dict[str, str]:
    """Return the environment as it is, for processes that a sandbox starts on a person's behalf."""
    return dict(os.environ)
