"""What a region says of an endpoint: its state, and conditions of which one reason wins."""

import dataclasses
import datetime as dt
from collections.abc import Sequence

from gco.core.model.endpoint import TargetState
from gco.core.model.regional import Regional, RegionalStatus
from gco.core.model.status import Condition, ConditionStatus, ConditionType, RegionState
from gco.core.region.causes import FATAL, Ask, Cause, workload_causes, worst
from gco.core.region.drift import Drift, DriftKind
from gco.core.region.pods import Pods
from gco.core.region.stage import Observed, Stage, wanted_replicas


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """Everything that a status is judged by."""

    regional: Regional
    stage: Stage
    observed: Observed
    ask: Ask
    settled: bool
    """Nothing is left to do to the objects: all stand as the revision wants them."""
    failures: Sequence[Cause] = ()
    """What the API server refused, or what stands in the way of an object."""
    drift: Drift | None = None
    """What was found in this run, if anything."""
    log: str = ""
    """The end of what a crashing container wrote, where it is known."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Said:
    status: ConditionStatus
    reason: str
    message: str = ""


def judge(view: View, now: dt.datetime) -> RegionalStatus:
    """Return the status to report; equal to the present one where nothing changed."""
    previous = _previous(view)
    said = _conditions(view, previous)
    state = _state(view, said[ConditionType.READY], previous)
    now = now.replace(microsecond=0)
    ready = said[ConditionType.READY].status
    moved = previous is None or (
        (previous.state, previous.observed_revision, _ready(previous))
        != (state, view.regional.spec.revision, ready)
    )
    return RegionalStatus(
        uid=view.regional.spec.uid,
        state=state,
        replicas_ready=view.observed.pods.ready,
        replicas_desired=wanted_replicas(view.regional),
        observed_revision=view.regional.spec.revision,
        last_transition=now if moved or previous is None else previous.last_transition,
        error=said[ConditionType.READY].message if state is RegionState.ERROR else None,
        conditions=tuple(
            _condition(kind, what, previous, view, now) for kind, what in said.items()
        ),
    )


def outdated(regional: Regional, now: dt.datetime) -> RegionalStatus | None:
    """Return the status of a custom resource that is behind what this region has made true.

    None for any other. A revision lower than the one observed, of the same endpoint, comes from a
    store that was set back or a reader that fell behind; acting on it would undo newer work.
    """
    previous = regional.status
    if (
        previous is None
        or previous.uid != regional.spec.uid
        or previous.observed_revision <= regional.spec.revision
    ):
        return None
    message = (
        f"revision {regional.spec.revision} is older than {previous.observed_revision}, which "
        "runs; apply the endpoint again"
    )
    before = previous.condition(ConditionType.STALLED)
    stalled = Condition(
        type=ConditionType.STALLED,
        status="True",
        reason="RevisionOutdated",
        message=message,
        last_transition_time=(
            before.last_transition_time
            if before is not None and before.status == "True"
            else now.replace(microsecond=0)
        ),
        observed_generation=regional.generation,
    )
    others = (c for c in previous.conditions if c.type is not ConditionType.STALLED)
    return previous.model_copy(update={"conditions": (*others, stalled)})


def _previous(view: View) -> RegionalStatus | None:
    status = view.regional.status
    return status if status is not None and status.uid == view.regional.spec.uid else None


def _ready(status: RegionalStatus) -> ConditionStatus:
    found = status.condition(ConditionType.READY)
    return found.status if found is not None else "Unknown"


def _conditions(view: View, previous: RegionalStatus | None) -> dict[ConditionType, _Said]:
    workload = _workload(view)
    route = _route(view)
    return {
        ConditionType.READY: _summary(view, workload, route),
        ConditionType.WORKLOAD_READY: workload,
        ConditionType.ROUTE_READY: route,
        ConditionType.DRIFTED: _drifted(view, previous),
        ConditionType.STALLED: _stalled(view, workload),
    }


def _summary(view: View, workload: _Said, route: _Said) -> _Said:
    failure = worst(view.failures)
    if failure is not None:
        return _Said("False", failure.reason, failure.message)
    if view.stage is not Stage.SERVE:
        return _closing(view)
    if workload.status != "True":
        return workload
    if route.status != "True":
        return route
    return _Said("True", "Ready", workload.message)


def _closing(view: View) -> _Said:
    pods = view.observed.pods.count
    left = "its route is leaving" if view.stage is Stage.CLOSE else "its pods are ending"
    if view.regional.spec.state is TargetState.DELETED:
        if view.stage is Stage.GONE:
            return _Said("False", "Deleted", "nothing of it is left")
        return _Said("False", "Deleting", left if pods else "its objects are being removed")
    stopped = view.regional.spec.state is TargetState.STOPPED
    if view.stage is Stage.REST and view.settled and not pods:
        return _Said("True", "Stopped" if stopped else "ScaledToZero", "no pod is left")
    return _Said("False", "Stopping" if stopped else "ScalingToZero", left)


def _workload(view: View) -> _Said:
    pods, wanted = view.observed.pods, wanted_replicas(view.regional)
    if view.stage is not Stage.SERVE:
        return _Said("False", "NotWanted", "no pods are wanted")
    if view.settled and pods.ready >= wanted:
        return _Said("True", "PodsReady", f"{pods.ready} of {wanted} replicas ready")
    cause = worst(workload_causes(pods, view.ask, view.log))
    if cause is None:
        return _Said("False", "StillLoading")
    return _Said("False", cause.reason, cause.message)


def _route(view: View) -> _Said:
    route = view.observed.route
    if view.stage is not Stage.SERVE:
        return _Said("False", "NotWanted", "no route is wanted")
    if route is None or route.deleting:
        return _Said("False", "RouteNotReady", "no route yet; it is made when a pod answers")
    if not route.address:
        return _Said(
            "False",
            "RouteNotReady",
            "no load balancer has taken its Ingress up; see that Ingress' events",
        )
    return _Said("True", "RouteReady", f"answered at {route.address}")


def _stalled(view: View, workload: _Said) -> _Said:
    failure = worst(view.failures)
    if failure is not None:
        return _Said("True", failure.reason, failure.message)
    if workload.reason in FATAL:
        return _Said("True", workload.reason, workload.message)
    return _Said("False", "Progressing")


def _drifted(view: View, previous: RegionalStatus | None) -> _Said:
    found = view.drift
    if found is not None:
        lasting = found.kind in (DriftKind.MUTATED, DriftKind.FOUGHT_OVER)
        return _Said("True" if lasting else "False", found.kind.value, found.message)
    said = previous.condition(ConditionType.DRIFTED) if previous is not None else None
    if (
        said is not None
        and previous is not None
        and previous.observed_revision == view.regional.spec.revision
    ):
        return _Said(said.status, said.reason, said.message)
    if view.regional.recreated_at is not None and said is None:
        return _Said(
            "False",
            DriftKind.RECREATED.value,
            "the custom resource was deleted outside GCO and made again at "
            f"{view.regional.recreated_at}; its objects were kept",
        )
    return _Said("False", "InSync")


def _state(view: View, ready: _Said, previous: RegionalStatus | None) -> RegionState:
    match view.regional.spec.state:
        case TargetState.DELETED:
            return RegionState.DELETED if view.stage is Stage.GONE else RegionState.DELETING
        case TargetState.STOPPED if ready.reason in FATAL:
            return RegionState.ERROR
        case TargetState.STOPPED:
            return RegionState.STOPPED if ready.status == "True" else RegionState.STOPPING
        case TargetState.RUNNING:
            return _running_state(view.observed.pods, ready, previous)


def _running_state(pods: Pods, ready: _Said, previous: RegionalStatus | None) -> RegionState:
    if ready.status == "True":
        return RegionState.RUNNING
    ran = previous is not None and previous.state in (RegionState.RUNNING, RegionState.UPDATING)
    serves = pods.answering and (ran or bool(pods.old))
    if ready.reason in FATAL and not serves:
        return RegionState.ERROR
    if ran or pods.old or (previous is None and pods.answering):
        return RegionState.UPDATING
    unscheduled = any(record.unscheduled and not record.node for record in pods.wanted.values())
    return RegionState.PENDING if unscheduled else RegionState.CREATING


def _condition(
    kind: ConditionType,
    said: _Said,
    previous: RegionalStatus | None,
    view: View,
    now: dt.datetime,
) -> Condition:
    before = previous.condition(kind) if previous is not None else None
    stays = before is not None and before.status == said.status
    repaired = kind is ConditionType.DRIFTED and view.drift is not None  # True for a moment
    return Condition(
        type=kind,
        status=said.status,
        reason=said.reason,
        message=said.message,
        last_transition_time=(
            before.last_transition_time if before is not None and stays and not repaired else now
        ),
        observed_generation=view.regional.generation,
    )
