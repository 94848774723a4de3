"""What people change and delete by hand: every kind of object that an endpoint has, and its fields."""

from typing import Any, Final, NamedTuple

from gco.core.model.names import CANARY_SUFFIX, endpoint_of_route
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    HORIZONTAL_POD_AUTOSCALER,
    HTTP_ROUTE,
    INFERENCE_ENDPOINT,
    INGRESS,
    POD_DISRUPTION_BUDGET,
    REPLICA_SET,
    SERVICE,
    Kind,
)
from tests.scenario.region_world import NS

KINDS: Final = {
    kind.name: kind
    for kind in (
        DEPLOYMENT,
        SERVICE,
        INGRESS,
        HTTP_ROUTE,
        HORIZONTAL_POD_AUTOSCALER,
        POD_DISRUPTION_BUDGET,
        CONTROLLER_REVISION,
        REPLICA_SET,
        INFERENCE_ENDPOINT,
    )
}
"""What GCO makes for an endpoint, itself or by its Deployment."""


class Edit(NamedTuple):
    """One field that somebody sets by hand."""

    path: str
    value: Any
    status: bool = False
    """The field is below the status subresource."""


_LABEL: Final = Edit("/metadata/labels/project", "mine")
_OWNER: Final = Edit("/metadata/annotations/gco.io~1endpoint-uid", "another")

EDITS: Final[dict[str, tuple[Edit, ...]]] = {
    "Deployment": (
        Edit("/spec/paused", value=True),
        Edit("/spec/strategy", {"type": "Recreate"}),
        Edit("/spec/template/spec/terminationGracePeriodSeconds", 1),
        Edit("/metadata/annotations/gco.io~1template-key", "another"),
        _LABEL,
    ),
    "Service": (
        Edit("/spec/ports/0/targetPort", 1),
        Edit("/spec/selector/app", "nobody"),
        _LABEL,
    ),
    "Ingress": (
        Edit("/spec/rules/0/http/paths/0/backend/service/name", "nobody"),
        Edit("/spec/rules/0/http/paths/0/path", "/elsewhere"),
        _LABEL,
    ),
    "HTTPRoute": (Edit("/spec/rules/0/backendRefs/0/name", "nobody"), _LABEL),
    "HorizontalPodAutoscaler": (
        Edit("/spec/minReplicas", 1),
        Edit("/spec/maxReplicas", 2),
        _LABEL,
    ),
    "PodDisruptionBudget": (Edit("/spec/maxUnavailable", 4), _LABEL),
    "ControllerRevision": (
        Edit("/metadata/annotations/gco.io~1template-key", "another"),
        Edit("/revision", 99),
        _OWNER,
        _LABEL,
    ),
    "InferenceEndpoint": (
        Edit("/spec/state", "deleted"),
        Edit("/spec/replicas", 7),
        Edit("/spec/revision", 99),
        Edit("/metadata/annotations/gco.io~1spec-hash", "another"),
        Edit("/metadata/finalizers", []),
        Edit("/status/conditions", [], status=True),
        Edit("/status/observedRevision", 99, status=True),
    ),
}
"""By kind, the edits that a schedule draws from; each must be undone."""

RESTARTING: Final = ("Deployment", "ReplicaSet")
"""A change of these by hand takes pods away, as it would without GCO."""


class Done(NamedTuple):
    """An edit that was made."""

    region: str
    kind: Kind
    name: str
    uid: str
    edit: Edit
    before: Any

    def stands(self, objects: Any) -> bool:
        """Whether the field still has the value that somebody gave it."""
        found = objects.table(self.kind).objects.get((NS, self.name))
        if found is None or found["metadata"]["uid"] != self.uid:
            return False
        return value_at(found, self.edit.path) == self.edit.value != self.before


def value_at(manifest: Any, path: str) -> Any:
    """Return the value at a JSON pointer, None where there is none."""
    for part in path.split("/")[1:]:
        step = int(part) if isinstance(manifest, list) else part.replace("~1", "/")
        try:
            manifest = manifest[step]
        except (KeyError, IndexError):
            return None
    return manifest


def owned(region: Any, kind: Kind, name: str) -> list[str]:
    """Return the names of the endpoint's objects of a kind, those of its canary included."""
    names = (each for namespace, each in region.objects.table(kind).objects if namespace == NS)
    return sorted(each for each in names if endpoint_of(kind, each) == name)


def endpoint_of(kind: Kind, name: str) -> str:
    """Return the endpoint that would own an object of that kind and name."""
    if kind in (CONTROLLER_REVISION, REPLICA_SET):
        return name.rpartition("-")[0].removesuffix(CANARY_SUFFIX)
    return endpoint_of_route(name)
