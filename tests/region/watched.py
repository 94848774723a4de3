"""Objects of every kind that a region's loops watch, with content for each branch of a projection."""

import copy
from typing import Any

from gco.clock import SystemClock
from gco.cluster.memory import MemoryCluster
from gco.controllers.endpoint.caches import Caches
from gco.core.region.capacity import read_node, read_pod
from gco.core.region.claims import read_claim
from gco.core.sync.copies import read_copy
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    EVENT,
    HORIZONTAL_POD_AUTOSCALER,
    HTTP_ROUTE,
    INFERENCE_ENDPOINT,
    INGRESS,
    JOB,
    NODE,
    NODE_CLAIM,
    POD,
    POD_DISRUPTION_BUDGET,
    REPLICA_SET,
    SCALED_OBJECT,
    SERVICE,
    Kind,
)
from gco.runtime.informer import Informer
from tests.builders import a_custom_resource

CONTAINER = {
    "name": "inference",
    "image": "vllm",
    "ports": [{"name": "http", "containerPort": 8000}],
    "volumeMounts": [{"name": "model", "subPath": "models/a", "mountPath": "/model"}],
    "resources": {"requests": {"nvidia.com/gpu": "1"}},
}
TEMPLATE = {
    "metadata": {"labels": {"app": "web", "project": "gco", "gco.io/type": "inference"}},
    "spec": {"containers": [CONTAINER], "terminationGracePeriodSeconds": 60},
}
CONDITION = {
    "type": "Ready",
    "status": "False",
    "reason": "Unknown",
    "message": "so",
    "lastTransitionTime": "2026-01-01T12:00:00Z",
}
ENDED = {
    "reason": "Error",
    "exitCode": 1,
    "message": "so",
    "startedAt": "2026-01-01T12:00:00Z",
    "finishedAt": "2026-01-01T12:00:01Z",
}
OWNED = {"f:metadata": {"f:labels": {"f:app": {}}}, "f:spec": {"f:replicas": {}}}
CONTENT: dict[Kind, dict[str, Any]] = {
    POD: {
        "spec": {"nodeName": "n1", "containers": [CONTAINER], "initContainers": [CONTAINER]},
        "status": {
            "phase": "Running",
            "conditions": [CONDITION, {**CONDITION, "type": "PodScheduled"}],
            "containerStatuses": [
                {
                    "name": "inference",
                    "restartCount": 1,
                    "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "so"}},
                    "lastState": {"terminated": ENDED},
                }
            ],
        },
    },
    DEPLOYMENT: {
        "spec": {"replicas": 1, "selector": {"matchLabels": {"app": "w"}}, "template": TEMPLATE},
        "status": {"conditions": [{**CONDITION, "type": "ReplicaFailure", "status": "True"}]},
    },
    REPLICA_SET: {"spec": {"template": TEMPLATE}, "status": {"conditions": [CONDITION]}},
    CONTROLLER_REVISION: {"revision": 1, "data": TEMPLATE},
    SERVICE: {"spec": {"ports": [{"port": 80}], "selector": {"app": "web"}}},
    INGRESS: {"spec": {"rules": []}, "status": {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}}},
    HTTP_ROUTE: {"spec": {}, "status": {"parents": [{"conditions": [CONDITION]}]}},
    HORIZONTAL_POD_AUTOSCALER: {
        "spec": {"scaleTargetRef": {"kind": "Deployment", "name": "web"}},
        "status": {"conditions": [{**CONDITION, "type": "AbleToScale"}]},
    },
    SCALED_OBJECT: {
        "spec": {"scaleTargetRef": {"name": "web"}},
        "status": {"conditions": [CONDITION]},
    },
    POD_DISRUPTION_BUDGET: {"spec": {"minAvailable": 1}},
    JOB: {"spec": {}, "status": {"conditions": [{**CONDITION, "type": "Failed"}]}},
    EVENT: {
        "regarding": {"kind": "Pod", "name": "web-1", "uid": "u"},
        "reason": "FailedScheduling",
        "note": "so",
        "deprecatedSource": {"component": "karpenter"},
    },
    NODE: {
        "spec": {"taints": [{"key": "a", "effect": "NoSchedule"}]},
        "status": {"allocatable": {"nvidia.com/gpu": "8"}, "conditions": [CONDITION]},
    },
    NODE_CLAIM: {"status": {"conditions": [{**CONDITION, "type": "Launched"}]}},
    INFERENCE_ENDPOINT: {},
}
"""Of each kind that is watched, content that reaches every branch of its projections."""


def an_object(kind: Kind, content: dict[str, Any]) -> dict[str, Any]:
    """An object of ours as the API server returns it."""
    metadata = {
        "name": "web",
        "namespace": "gco-inference",
        "uid": "u",
        "resourceVersion": "7",
        "generation": 1,
        "creationTimestamp": "2026-01-01T12:00:00Z",
        "labels": {"app": "web", "project": "gco", "gco.io/type": "inference"},
        "annotations": {"gco.io/endpoint-uid": "uid-web", "gco.io/template-key": "k"},
        "ownerReferences": [{"kind": "ScaledObject", "name": "o", "uid": "o", "controller": True}],
        "managedFields": [
            {"manager": "gco", "operation": "Apply", "fieldsV1": OWNED},
            {"manager": "kubectl", "operation": "Update", "fieldsV1": OWNED, "time": "2026"},
        ],
    }
    base = a_custom_resource() if kind is INFERENCE_ENDPOINT else {}
    ours = {**base.get("metadata", {}), **metadata}
    return {**base, "apiVersion": kind.api_version, "kind": kind.name, "metadata": ours, **content}


def informers() -> list[Informer[Any]]:
    """Every informer that a region's two loops keep, over a cluster without anything."""
    cluster = MemoryCluster(clock=SystemClock())
    extra: list[tuple[Kind, Any]] = [
        (NODE, read_node),
        (POD, read_pod),
        (NODE_CLAIM, read_claim),
        (INFERENCE_ENDPOINT, read_copy),
    ]
    return [
        *Caches(cluster, "gco-inference").informers(),
        *(Informer(cluster, kind, None, project=project) for kind, project in extra),
    ]


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every path below `value`."""
    items: Any = ()
    if isinstance(value, dict):
        items = value.items()
    elif isinstance(value, list):
        items = enumerate(value)
    found: list[tuple[Any, ...]] = []
    for key, below in items:
        found += [(*path, key), *places(below, (*path, key))]
    return found


def put(value: Any, path: tuple[Any, ...], odd: Any) -> Any:
    """Return `value` with `odd` in that place."""
    changed = copy.deepcopy(value)
    at = changed
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = odd
    return changed


IDENTITY = {"name", "namespace", "uid", "resourceVersion", "generation", "creationTimestamp"}
