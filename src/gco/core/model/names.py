"""The names of an endpoint's objects, and the labels and annotations that mark them as ours.

Names and labels are those of the original monitor, so that a running cluster is adopted in place.
"""

from typing import Final

from gco.core.model.ids import EndpointName

MANAGER: Final = "gco"
"""The field manager of everything that GCO applies to an endpoint's objects."""
REPLICAS_MANAGER: Final = "gco-replicas"
"""The field manager that holds a Deployment's replicas between us and an autoscaler."""
STATUS_MANAGER: Final = "gco-status"
SYNC_MANAGER: Final = "gco-sync"

APP_LABEL: Final = "app"
PROJECT_LABEL: Final = "project"
PROJECT: Final = "gco"
TYPE_LABEL: Final = "gco.io/type"
TYPE_INFERENCE: Final = "inference"
TYPE_MODEL: Final = "model"
"""Of what copies a model: no endpoint's own, since endpoints share it."""
CANARY_LABEL: Final = "gco.io/canary"
OUR_LABEL_KEYS: Final = frozenset({APP_LABEL, PROJECT_LABEL, TYPE_LABEL, CANARY_LABEL})
SELECT_OURS: Final = f"{PROJECT_LABEL}={PROJECT},{TYPE_LABEL}={TYPE_INFERENCE}"
"""The label selector that finds every object of every endpoint."""
SELECT_MODELS: Final = f"{PROJECT_LABEL}={PROJECT},{TYPE_LABEL}={TYPE_MODEL}"
"""The label selector that finds what copies models."""

UID_ANNOTATION: Final = "gco.io/endpoint-uid"
"""On each object: which endpoint's it is, by the store's uid. Not an ownerReference, on purpose."""
HASH_ANNOTATION: Final = "gco.io/rendered-hash"
"""On each object: a hash over what was rendered."""
SPEC_HASH_ANNOTATION: Final = "gco.io/spec-hash"
"""On the custom resource: a hash over its spec, so that a hand edit is seen before it is obeyed."""
TEMPLATE_KEY_ANNOTATION: Final = "gco.io/template-key"
"""On a ControllerRevision: which template key its frozen pod template is for."""
ROLLOUT_ANNOTATION: Final = "gco.io/rollout"
"""On a Deployment: how its latest rollout replaces pods, where that was chosen by what was free."""
UNAVAILABLE_ANNOTATION: Final = "gco.io/rollout-unavailable"
"""On a Deployment: the per cent of its replicas that its latest rollout may miss, where pods without
room have raised that above one pod."""
ADOPTED_ANNOTATION: Final = "gco.io/adopted"
"""On a ControllerRevision: its template is that of a Deployment which was taken over as it ran."""
MODEL_ANNOTATION: Final = "gco.io/model-job"
"""On a ControllerRevision: which Job copied the model that its pod template mounts."""
RECREATED_ANNOTATION: Final = "gco.io/recreated-at"
"""On the custom resource: when it was made again after someone deleted it outside GCO."""
STORE_ANNOTATION: Final = "gco.io/store-uid"
"""On the custom resource: which store it was written from, so that another one is noticed."""
SCRAPE: Final = "prometheus.io"
"""Begins the annotations by which Prometheus finds a pod's metrics: `scrape`, `port`, `path`."""
CREATED_ANNOTATION: Final = "gco.io/created-at"
"""On the custom resource: when the endpoint was created, which is the same in every region."""
FINALIZER: Final = "gco.io/cleanup"

CANARY_SUFFIX: Final = "-canary"
"""Ends the names of a canary's objects, and of no endpoint."""
_ROUTE: Final = "inference-"
_NGINX_ROUTE: Final = f"nginx-{_ROUTE}"
"""No other object's name begins so: an endpoint `nginx-web` has the route `inference-nginx-web`."""
CONTAINER: Final = "inference"
PORT_NAME: Final = "http"
"""The name of the container's port that serves; probes and the Service go by it."""
SHARED_MEMORY: Final = "dshm"
"""The name of the pod's volume at /dev/shm."""
MODEL_CONTAINER: Final = "model-sync"
JOB_LABEL: Final = "batch.kubernetes.io/job-name"
"""What Kubernetes calls the pods of a Job by."""
"""The container that copies a model."""
MODEL_VOLUME: Final = "models"
"""The name of the pod's volume with the region's models."""
MODEL_CLAIM: Final = "efs-claim"
"""The PersistentVolumeClaim with the region's models; there before us."""
SERVICE_ACCOUNT: Final = "gco-service-account"
"""What models run under."""
COPY_ACCOUNT: Final = "gco-model-copy"
"""What copies models runs under, so that no model's own code has the access to every source."""
SERVICE_PORT: Final = 80
LEADER_LEASE: Final = "inference-monitor-leader"


def deployment_name(name: EndpointName) -> str:
    """Return the name of the endpoint's Deployment."""
    return name


def service_name(name: EndpointName) -> str:
    """Return the name of the endpoint's Service."""
    return name


def ingress_name(name: EndpointName) -> str:
    """Return the name of the endpoint's Ingress for an ALB, the one of the original monitor."""
    return f"{_ROUTE}{name}"


def nginx_ingress_name(name: EndpointName) -> str:
    """Return the name of the endpoint's Ingress for nginx: both exist while a route moves."""
    return f"{_NGINX_ROUTE}{name}"


def nginx_canary_ingress_name(name: EndpointName) -> str:
    """Return the name of the second Ingress for nginx, which gives a canary its share."""
    return f"{_NGINX_ROUTE}{name}{CANARY_SUFFIX}"


def http_route_name(name: EndpointName) -> str:
    """Return the name of the endpoint's HTTPRoute."""
    return f"{_ROUTE}{name}"


def endpoint_of_route(name: str) -> str:
    """Return the endpoint that would own a route of that name; of another name, the name itself."""
    stem = name.removeprefix(_NGINX_ROUTE).removeprefix(_ROUTE)
    return stem.removesuffix(CANARY_SUFFIX)


def disruption_budget_name(name: EndpointName) -> str:
    """Return the name of the endpoint's PodDisruptionBudget."""
    return name


def autoscaler_name(name: EndpointName) -> str:
    """Return the name of the endpoint's HorizontalPodAutoscaler or ScaledObject."""
    return name


def default_route_path(name: EndpointName) -> str:
    """Return the path on which the endpoint answers unless its spec says another."""
    return f"/inference/{name}"


def route_path(name: EndpointName, stated: str | None) -> str:
    """Return the path on which the endpoint answers: without a slash at its end, or `/`."""
    return (stated or default_route_path(name)).rstrip("/") or "/"


def object_labels(name: EndpointName, stated: dict[str, str]) -> dict[str, str]:
    """Return the labels of every object of the endpoint: the stated ones, never over our own."""
    return {**stated, APP_LABEL: name, PROJECT_LABEL: PROJECT, TYPE_LABEL: TYPE_INFERENCE}
