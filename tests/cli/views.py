"""Results of the service as the renderers get them, at a fixed moment."""

import datetime as dt

from gco.client.health import Answer
from gco.contexts.model import Context, Contexts, Way
from gco.core.fleet.changes import FieldChange
from gco.core.fleet.summary import RegionView
from gco.core.model.endpoint import EndpointState, TargetState
from gco.core.model.spec import EndpointSpec
from gco.core.model.status import Condition, ConditionType, RegionState
from gco.errors import Problem
from gco.reach.events import Event
from gco.service.results import (
    Applied,
    EndpointView,
    HistoryEntry,
    Kept,
    Outcome,
    RegionEffect,
    RegionInfo,
)
from tests.cli.world import a_region

# ruff: noqa: RUF001  (the multiplication sign, as people write it)

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def before(**ago):
    return NOW - dt.timedelta(**ago)


def a_condition(kind, status, reason, message="", at=None):
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=at or before(seconds=41),
    )


def a_row(region="us-east-1", **fields):
    values = {
        "region": region,
        "target": TargetState.RUNNING,
        "target_revision": 4,
        "target_replicas": 4,
        "state": RegionState.RUNNING,
        "done": True,
        "failed": False,
        "replicas_ready": 4,
        "replicas_desired": 4,
        "observed_revision": 4,
        "since": before(seconds=41),
        "reason": "Ready",
        "message": "4 of 4 replicas ready",
        "url": f"http://{region}.example.com/inference/llama-3-8b",
    }
    return RegionView(**{**values, **fields})


def a_view(*rows, name="llama-3-8b", spec=None, **fields):
    stated = EndpointSpec.model_validate(
        {
            "image": "vllm/vllm-openai:v0.8.5",
            "args": ["--model=meta-llama/Llama-3.1-8B-Instruct", "--max-model-len=16384"],
            "env": [{"name": "HF_TOKEN", "value": "hf_aaaaaaaaaaaaaaaaaaaa"}],
            "replicas": 4,
            "regions": ["us-east-1", "eu-west-1", {"name": "ap-south-1", "replicas": 2}],
            **(spec or {}),
        }
    )
    values = {
        "name": name,
        "uid": "uid-1",
        "namespace": "gco-inference",
        "labels": {"team": "chat"},
        "state": EndpointState.DEPLOYING,
        "revision": 4,
        "generation": 9,
        "ready": False,
        "failed": False,
        "summary": "3/3 regions ready",
        "regions": rows or (a_row(),),
        "spec": stated,
        "created_at": before(days=3),
        "updated_at": before(minutes=2),
    }
    return EndpointView(**{**values, **fields})


UPDATING = a_row(
    state=RegionState.UPDATING,
    done=False,
    replicas_ready=3,
    observed_revision=3,
    reason="StillLoading",
    message="3 of 4 replicas ready; the others have a start-up budget of 600 s each",
)
REPAIRED = a_row(
    "eu-west-1",
    conditions=(
        a_condition(
            ConditionType.DRIFTED,
            "False",
            "Repaired",
            "Deployment llama-3-8b: spec.replicas, changed by kubectl-scale",
            before(minutes=2),
        ),
    ),
)
WAITING = a_row(
    "ap-south-1",
    state=RegionState.PENDING,
    done=False,
    target_replicas=2,
    replicas_ready=0,
    replicas_desired=2,
    reason="WaitingForGPU",
    message="2 × nvidia.com/gpu requested, no node that its pods may use has 2 free; "
    "free some, add a node, or scale down",
    conditions=(
        a_condition(ConditionType.WORKLOAD_READY, "False", "WaitingForGPU"),
        a_condition(ConditionType.ROUTE_READY, "False", "RouteNotReady", "no route yet"),
        a_condition(ConditionType.STALLED, "False", "Progressing"),
    ),
)
SILENT = a_row(
    "eu-west-1",
    state=None,
    done=False,
    replicas_ready=None,
    reason="RegionSilent",
    message="no heartbeat for 2m 20s; last said: running 4/4 at revision 4",
    silent_seconds=140.0,
    url="",
)
HALF_WAY = a_view(
    UPDATING,
    REPAIRED,
    WAITING,
    summary="1/3 regions ready; us-east-1: StillLoading (3 of 4 replicas ready); "
    "ap-south-1: WaitingForGPU (2 × nvidia.com/gpu requested, "
    "no node that its pods may use has 2 free)",
)
RUNNING = a_view(
    a_row(),
    name="embeddings",
    spec={"image": "registry.example.com/search/embeddings:2.1.0"},
    state=EndpointState.RUNNING,
    ready=True,
    summary="1/1 regions ready",
)
COPYING = a_view(
    a_row(
        conditions=(a_condition(ConditionType.MODEL_READY, "True", "ModelReady", "it is cached"),)
    ),
    a_row(
        "eu-west-1",
        state=RegionState.CREATING,
        done=False,
        replicas_ready=0,
        reason="ModelDownloading",
        message="9.0 GiB of 15.0 GiB copied, 100 MiB/s, 1m left",
        conditions=(a_condition(ConditionType.MODEL_READY, "False", "ModelDownloading"),),
    ),
    summary="1/2 regions ready; eu-west-1: ModelDownloading (9.0 GiB of 15.0 GiB copied)",
    spec={"model": {"uri": "s3://models/llama-3-8b"}},
)
LOST = a_view(SILENT, name="chat", summary="0/1 regions ready; eu-west-1: RegionSilent")


def an_effect(region, effect, free, restart=None):
    return RegionEffect(
        region=region,
        effect=effect,
        resource="nvidia.com/gpu",
        free=free,
        total=16,
        restart=restart,
    )


CHANGED = Applied(
    name="llama-3-8b",
    outcome=Outcome.CHANGED,
    dry_run=False,
    revision=4,
    previous=3,
    actor="ann",
    reason="from llama.yaml",
    changes=(
        FieldChange(
            path="spec.image", before="vllm/vllm-openai:v0.8.4", after="vllm/vllm-openai:v0.8.5"
        ),
        FieldChange(
            path="spec.args[2]", before="--max-model-len=8192", after="--max-model-len=16384"
        ),
        FieldChange(path="spec.env[HF_HOME].value", before=None, after="/models/cache"),
    ),
    kept=(Kept(path="spec.replicas", value="4"),),
    regions=(
        an_effect("us-east-1", "restarts", 0, "in-place"),
        an_effect("eu-west-1", "restarts", 6, "surge"),
        an_effect("ap-south-1", "joins", 2),
    ),
    warnings=(Problem("spec.image", "latest", "a tag that stays what it is"),),
)
CREATED = CHANGED.model_copy(
    update={
        "outcome": Outcome.CREATED,
        "revision": 1,
        "previous": None,
        "kept": (),
        "regions": (an_effect("us-east-1", "joins", 6),),
    }
)
UNCHANGED = CHANGED.model_copy(
    update={"outcome": Outcome.UNCHANGED, "changes": (), "regions": (), "warnings": ()}
)
SCALED = CHANGED.model_copy(
    update={
        "reason": "replicas 6",
        "kept": (),
        "changes": (FieldChange(path="spec.replicas", before="4", after="6"),),
        "regions": (an_effect("us-east-1", "updates", 6),),
    }
)
HISTORY = (
    HistoryEntry(
        number=4,
        created_at=before(minutes=2),
        actor="ann",
        what="image v0.8.4 → v0.8.5, args[2]",
        reason="from llama.yaml",
        changes=(),
        current=True,
    ),
    HistoryEntry(
        number=3,
        created_at=before(days=3),
        actor="ci",
        what="replicas 2 → 4",
        reason="replicas 4",
        changes=(),
        current=False,
    ),
)
REGIONS = (
    RegionInfo(
        region=a_region(
            "us-east-1", address="http://east.example.com", heartbeat=before(seconds=4)
        ),
        silent_seconds=None,
        endpoints=3,
        ready=2,
    ),
    RegionInfo(
        region=a_region("lab", heartbeat=before(minutes=5), capacity=None),
        silent_seconds=300.0,
        endpoints=1,
        ready=None,
    ),
)

CONTEXTS = Contexts(
    current="prod",
    contexts={
        "prod": Context(
            store="dynamodb://gco-inference-endpoints?region=us-east-1",
            regions={
                "us-east-1": Way(kube_context="prod-use1"),
                "eu-west-1": Way(kube_context="prod-euw1"),
            },
        ),
        "lab": Context(store="sqlite:////srv/lab.db"),
    },
)
EVENTS = (
    Event(
        region="us-east-1",
        time=NOW - dt.timedelta(minutes=9),
        warning=False,
        kind="Deployment",
        name="llama-3-8b",
        reason="ScalingReplicaSet",
        note="Scaled up replica set llama-3-8b-7c9d4b8f6d from 0 to 4",
    ),
    Event(
        region="ap-south-1",
        time=NOW - dt.timedelta(seconds=41),
        warning=True,
        kind="Pod",
        name="llama-3-8b-7c9d4b8f6d-x2x9z",
        reason="FailedScheduling",
        note="0/3 nodes are available: 3 Insufficient nvidia.com/gpu.\n"
        "preemption: 0/3 nodes are available: 3 No preemption victims found",
        count=12,
    ),
)
ANSWERS = {
    "us-east-1": Answer("http://lb.example/inference/llama-3-8b/health", 200, 0.0184),
    "eu-west-1": Answer(
        "http://lb.example/inference/llama-3-8b/health", 503, 1.25, "HTTP 503: still loading"
    ),
    "ap-south-1": Answer("", None, 0.0, "its address is not known; see `gco regions list`"),
}
