"""The Kubernetes kinds that this system reads or writes, each with its place in the API."""

from collections.abc import Mapping
from typing import Final, NamedTuple


class Kind(NamedTuple):
    """A kind of Kubernetes object and where the API serves it."""

    group: str
    """Empty for the core group."""
    version: str
    name: str
    plural: str
    namespaced: bool = True

    @property
    def api_version(self) -> str:
        """As in a manifest: `apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version


NAMESPACE: Final = Kind("", "v1", "Namespace", "namespaces", namespaced=False)
NODE: Final = Kind("", "v1", "Node", "nodes", namespaced=False)
POD: Final = Kind("", "v1", "Pod", "pods")
SERVICE: Final = Kind("", "v1", "Service", "services")
EVENT: Final = Kind("events.k8s.io", "v1", "Event", "events")
DEPLOYMENT: Final = Kind("apps", "v1", "Deployment", "deployments")
REPLICA_SET: Final = Kind("apps", "v1", "ReplicaSet", "replicasets")
CONTROLLER_REVISION: Final = Kind("apps", "v1", "ControllerRevision", "controllerrevisions")
INGRESS: Final = Kind("networking.k8s.io", "v1", "Ingress", "ingresses")
POD_DISRUPTION_BUDGET: Final = Kind("policy", "v1", "PodDisruptionBudget", "poddisruptionbudgets")
HORIZONTAL_POD_AUTOSCALER: Final = Kind(
    "autoscaling", "v2", "HorizontalPodAutoscaler", "horizontalpodautoscalers"
)
JOB: Final = Kind("batch", "v1", "Job", "jobs")
PERSISTENT_VOLUME_CLAIM: Final = Kind("", "v1", "PersistentVolumeClaim", "persistentvolumeclaims")
RESOURCE_QUOTA: Final = Kind("", "v1", "ResourceQuota", "resourcequotas")
LEASE: Final = Kind("coordination.k8s.io", "v1", "Lease", "leases")
CUSTOM_RESOURCE_DEFINITION: Final = Kind(
    "apiextensions.k8s.io",
    "v1",
    "CustomResourceDefinition",
    "customresourcedefinitions",
    namespaced=False,
)
HTTP_ROUTE: Final = Kind("gateway.networking.k8s.io", "v1", "HTTPRoute", "httproutes")
"""Gateway API's; served where a cluster has installed it, as are those that follow."""
SCALED_OBJECT: Final = Kind("keda.sh", "v1alpha1", "ScaledObject", "scaledobjects")
NODE_CLAIM: Final = Kind("karpenter.sh", "v1", "NodeClaim", "nodeclaims", namespaced=False)
INFERENCE_ENDPOINT: Final = Kind("gco.io", "v1alpha1", "InferenceEndpoint", "inferenceendpoints")

KINDS: Final = (
    NAMESPACE,
    NODE,
    POD,
    SERVICE,
    EVENT,
    DEPLOYMENT,
    REPLICA_SET,
    CONTROLLER_REVISION,
    INGRESS,
    POD_DISRUPTION_BUDGET,
    LEASE,
    HORIZONTAL_POD_AUTOSCALER,
    JOB,
    PERSISTENT_VOLUME_CLAIM,
    RESOURCE_QUOTA,
    HTTP_ROUTE,
    SCALED_OBJECT,
    NODE_CLAIM,
    CUSTOM_RESOURCE_DEFINITION,
    INFERENCE_ENDPOINT,
)

_BY_NAME: Final = {(kind.api_version, kind.name): kind for kind in KINDS}


def kind_of(manifest: Mapping[str, object]) -> Kind:
    """Return the kind of `manifest`; raises KeyError for one that this system does not handle."""
    return _BY_NAME[str(manifest["apiVersion"]), str(manifest["kind"])]
