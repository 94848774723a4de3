"""Records for the tests of the stores: small ones, each field overridable."""

import datetime as dt

from gco.core.model.endpoint import (
    Endpoint,
    EndpointState,
    RegionTarget,
    Revision,
    TargetState,
    Write,
)
from gco.core.model.ids import (
    Actor,
    EndpointName,
    EndpointUid,
    Epoch,
    Generation,
    RegionName,
    RevisionNumber,
    TemplateKey,
)
from gco.core.model.spec import EndpointSpec
from gco.core.model.status import Condition, ConditionType, Region, RegionState, RegionStatus
from gco.store.port import FleetLease

WEB = EndpointName("web")
EAST = RegionName("us-east-1")
WEST = RegionName("eu-west-1")
NOW = dt.datetime(2026, 1, 1, 12, 30, 15, 250_000, tzinfo=dt.UTC)


def a_spec(image="vllm/vllm-openai:v0.8.5", **fields):
    return EndpointSpec.model_validate({"image": image, **fields})


def an_endpoint(name=WEB, *, uid="uid-1", generation=1, revision=1, spec=None, **fields):
    target = RegionTarget(
        uid=EndpointUid(uid),
        revision=RevisionNumber(revision),
        template_key=TemplateKey("key"),
        state=TargetState.RUNNING,
        replicas=2,
    )
    values = {
        "name": name,
        "uid": EndpointUid(uid),
        "namespace": "gco-inference",
        "labels": {"team": "search", "empty": ""},
        "spec": spec or a_spec(env=[{"name": "A", "value": "ü"}], autoscaling={"max": 3}),
        "state": EndpointState.DEPLOYING,
        "generation": Generation(generation),
        "revision": RevisionNumber(revision),
        "targets": {EAST: target, WEST: target},
        "created_at": NOW,
        "updated_at": NOW,
    }
    return Endpoint(**{**values, **fields})


def a_revision(endpoint, *, reason="from web.yaml"):
    return Revision(
        name=endpoint.name,
        uid=endpoint.uid,
        number=endpoint.revision,
        labels=endpoint.labels,
        spec=endpoint.spec,
        actor=Actor("ann"),
        reason=reason,
        created_at=NOW,
    )


def creating(name=WEB, *, uid="uid-1", spec=None):
    """A person's first write of an endpoint."""
    endpoint = an_endpoint(EndpointName(name), uid=uid, spec=spec)
    return Write(endpoint.name, None, endpoint, a_revision(endpoint))


def revising(read, *, image="vllm/vllm-openai:v0.9.0", **fields):
    """A person's change of the spec: a new generation and a new revision."""
    endpoint = read.model_copy(
        update={
            "generation": read.generation + 1,
            "revision": read.revision + 1,
            "spec": read.spec.model_copy(update={"image": image}),
            **fields,
        }
    )
    return Write(read.name, read.generation, endpoint, a_revision(endpoint))


def promoting(read, state=EndpointState.RUNNING):
    """The fleet's write: a new generation, no revision."""
    endpoint = read.model_copy(update={"generation": read.generation + 1, "state": state})
    return Write(read.name, read.generation, endpoint)


def purging(read):
    return Write(read.name, read.generation, None)


def a_region(name=EAST, *, cluster="cluster-1", epoch=0, **fields):
    values = {
        "name": name,
        "cluster_uid": cluster,
        "namespaces": ("gco-inference",),
        "heartbeat": NOW,
        "epoch": Epoch(epoch),
    }
    return Region(**{**values, **fields})


def a_status(name=WEB, *, uid="uid-1", region=EAST, revision=1, ready=0, **fields):
    values = {
        "name": EndpointName(name),
        "uid": EndpointUid(uid),
        "region": region,
        "state": RegionState.CREATING,
        "replicas_ready": ready,
        "replicas_desired": 2,
        "observed_revision": RevisionNumber(revision),
        "last_transition": NOW,
        "conditions": (
            Condition(
                type=ConditionType.READY,
                status="False",
                reason="WaitingForGPU",
                message="2 nvidia.com/gpu requested, 0 free",
                last_transition_time=NOW,
            ),
        ),
    }
    return RegionStatus(**{**values, **fields})


def a_lease(holder="a", *, epoch=1, counter=1):
    return FleetLease(holder, Epoch(epoch), counter, 15.0)
