"""Records as the tests of the fleet's decisions want them, each with one line to say what is odd."""

from gco.core.fleet.targets import plan_targets
from gco.core.model.endpoint import Endpoint, EndpointState, RegionTarget, TargetState
from gco.core.model.ids import (
    EndpointUid,
    Epoch,
    Generation,
    RegionName,
    RevisionNumber,
    TemplateKey,
)
from gco.core.model.status import (
    AcceleratorCapacity,
    Condition,
    ConditionType,
    Region,
    RegionState,
    RegionStatus,
)
from tests.builders import NOW, WEB
from tests.builders import a_spec as spec

UID = EndpointUid("uid-1")
EAST = RegionName("us-east-1")
WEST = RegionName("eu-west-1")
SOUTH = RegionName("ap-south-1")


def region(name=EAST, *, heartbeat=NOW, free=None, total=16, **fields):
    capacity = None
    if free is not None:
        capacity = {"nvidia.com/gpu": AcceleratorCapacity(total=total, free=free, nodes=2)}
    return Region(
        **{
            "name": name,
            "cluster_uid": f"cluster-{name}",
            "aws_region": name,
            "namespaces": ("gco-inference",),
            "heartbeat": heartbeat,
            "capacity": capacity,
            "epoch": Epoch(1),
            **fields,
        }
    )


def target(state=TargetState.RUNNING, *, revision=1, uid=UID, replicas=1, key="key", canary=None):
    return RegionTarget(
        uid=uid,
        revision=RevisionNumber(revision),
        template_key=TemplateKey(key),
        state=state,
        replicas=replicas,
        canary=canary,
    )


def endpoint(
    state=EndpointState.DEPLOYING, *, targets=None, generation=1, revision=1, stated=None, **fields
):
    return Endpoint(
        **{
            "name": WEB,
            "uid": UID,
            "spec": stated or spec(),
            "state": state,
            "generation": Generation(generation),
            "revision": RevisionNumber(revision),
            "targets": {EAST: target()} if targets is None else targets,
            "created_at": NOW,
            "updated_at": NOW,
            **fields,
        }
    )


def status(
    region=EAST,
    *,
    state=RegionState.RUNNING,
    ready=True,
    revision=1,
    uid=UID,
    reason="Ready",
    message="",
    stalled=False,
    replicas=(1, 1),
    extra=(),
):
    conditions = [condition(ConditionType.READY, ready, reason, message)]
    conditions += extra
    if stalled:
        conditions.append(condition(ConditionType.STALLED, True, reason, message))
    return RegionStatus(
        name=WEB,
        uid=uid,
        region=region,
        state=state,
        replicas_ready=replicas[0],
        replicas_desired=replicas[1],
        observed_revision=RevisionNumber(revision),
        last_transition=NOW,
        conditions=tuple(conditions),
    )


def condition(kind, true, reason, message=""):
    return Condition(
        type=kind,
        status="True" if true else "False",
        reason=reason,
        message=message,
        last_transition_time=NOW,
    )


def planned(stated, regions, *, revision=1, previous=None, labels=None):
    return plan_targets(
        UID,
        RevisionNumber(revision),
        stated,
        labels or {},
        wanted=regions,
        previous=previous or {},
    )
