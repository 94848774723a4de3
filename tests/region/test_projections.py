"""Invariant: nothing that an object contains ends an informer, and so a monitor.

A namespace holds objects of others, and of ours what people have made of them. What a projection
cannot read becomes the record of an object that belongs to nobody that we know: its name stays
taken, and every other object is seen.
"""

import copy
import dataclasses
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from structlog.testing import capture_logs

from gco.clock import SystemClock
from gco.cluster.memory import MemoryCluster
from gco.controllers.endpoint.caches import Caches
from gco.core.model.ids import EndpointName, EndpointUid
from gco.core.region.actions import Owner
from gco.core.region.autoscalers import autoscaler
from gco.core.region.capacity import read_node, read_pod
from gco.core.region.claims import read_claim
from gco.core.region.observe import Child, frozen, route
from gco.core.region.owner import owner_of
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

JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            ["spec", "containers", "name", "conditions", "type", "status", "parents", "message"]
        )
        | st.text(st.characters(exclude_categories=["Cs"]), max_size=4),
        inner,
        max_size=3,
    ),
    max_leaves=8,
)  # fmt: skip
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
    extra: list[tuple[Kind, Callable[[Any], Any]]] = [
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
    items: Iterable[tuple[Any, Any]] = ()
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


def is_content(path: tuple[Any, ...]) -> bool:
    """Whether a path is not of what the API server itself guarantees."""
    head = path[0]
    if head in ("apiVersion", "kind"):
        return False
    return head != "metadata" or (len(path) > 1 and path[1] not in IDENTITY)


@pytest.mark.parametrize("kind", CONTENT, ids=lambda kind: kind.name)
@given(data=st.data())
def test_an_informer_takes_an_object_with_any_content(kind: Kind, data: st.DataObject) -> None:
    manifest = an_object(kind, CONTENT[kind])
    path = data.draw(st.sampled_from([p for p in places(manifest) if is_content(p)]))
    odd = put(manifest, path, data.draw(JSON))

    with capture_logs():
        for informer in informers():
            if informer.kind == kind:
                informer.record(odd)

                assert kind is EVENT or len(informer.items()) == 1, "its name stays taken"


@pytest.mark.parametrize(
    ("kind", "project", "field"),
    [
        pytest.param(CONTROLLER_REVISION, frozen, "data", id="a-ControllerRevision's-data"),
        pytest.param(HTTP_ROUTE, route, "status", id="an-HTTPRoute's-status"),
        pytest.param(SCALED_OBJECT, autoscaler, "spec", id="a-ScaledObject's-spec"),
        pytest.param(SCALED_OBJECT, autoscaler, "status", id="a-ScaledObject's-status"),
        pytest.param(NODE_CLAIM, read_claim, "status", id="a-NodeClaim's-status"),
    ],
)
@given(data=st.data())
def test_where_a_schema_is_not_ours_the_rest_of_the_object_is_still_read(
    kind: Kind, project: Callable[[Any], Any], field: str, data: st.DataObject
) -> None:
    """An object of ours stays ours, whatever stands in the part that anyone may shape."""
    manifest = an_object(kind, CONTENT[kind])
    below = [path for path in places(manifest) if path[0] == field]
    path = data.draw(st.sampled_from(below))

    record = project(put(manifest, path, data.draw(JSON)))

    name, uid = EndpointName("web"), EndpointUid("uid-web")
    assert not isinstance(record, Child) or owner_of(record, name, uid) is Owner.OURS


ODD_DATA = [
    pytest.param({"spec": {"terminationGracePeriodSeconds": "soon"}}, id="a-grace-in-words"),
    pytest.param({"spec": {"containers": [{"volumeMounts": [{}]}]}}, id="a-mount-without-a-name"),
    pytest.param({"spec": {"containers": ["a"]}}, id="a-container-that-is-text"),
    pytest.param({"spec": {"$patch": "replace", "template": {}}}, id="a-StatefulSet's-patch"),
    pytest.param({"spec": "any"}, id="a-spec-that-is-text"),
    pytest.param(["any"], id="a-list"),
    pytest.param(None, id="nothing"),
]


@pytest.mark.parametrize("data", ODD_DATA)
def test_any_data_of_a_controller_revision_leaves_a_record(data: Any) -> None:
    record = frozen(an_object(CONTROLLER_REVISION, {"revision": 1, "data": data}))

    assert dataclasses.replace(record, data=b"").grace == 30
    assert (record.model_folder, record.unnamed_port) == ("", 0)
