"""What a region says of an endpoint: its state, and conditions of which one reason wins."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Final

from gco.core.model.endpoint import TargetState
from gco.core.model.names import ingress_name
from gco.core.model.regional import Regional, RegionalStatus
from gco.core.model.status import Condition, ConditionStatus, ConditionType, RegionState
from gco.core.region.causes import Ask, Cause, workload_causes, worst
from gco.core.region.drift import Drift, DriftKind
from gco.core.region.pods import Pods
from gco.core.region.render.ingress import backend_of
from gco.core.region.stage import Observed, Stage, wanted_replicas

DRIFT_SHOWN: Final = dt.timedelta(hours=24)
"""How long a drift that is over is told: Events are gone after an hour, and what happened in the
night should be seen in the morning."""


_LONGEST: Final = 2000
"""Characters of a message: what others wrote is quoted, and a store holds only so much."""


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
    mutated: bool = False
    """Admission holds some object otherwise than it was applied, and that is accepted."""
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
    causes = _causes(view, now)
    stuck = worst(cause for cause in (*view.failures, *causes) if cause.final)
    now = now.replace(microsecond=0)
    said = _conditions(view, previous, causes, stuck, now)
    state = _state(view, said[ConditionType.READY], stuck, previous)
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
        error=stuck.message[:_LONGEST] if stuck and state is RegionState.ERROR else None,
        conditions=tuple(
            _condition(kind, what, previous, view, now) for kind, what in said.items()
        ),
    )


def _previous(view: View) -> RegionalStatus | None:
    status = view.regional.status
    return status if status is not None and status.uid == view.regional.spec.uid else None


def _ready(status: RegionalStatus) -> ConditionStatus:
    found = status.condition(ConditionType.READY)
    return found.status if found is not None else "Unknown"


def drift_shown_for(view: View, now: dt.datetime) -> float | None:
    """Return for how many seconds more a drift that is over is told; None where none is."""
    previous = _previous(view)
    said = previous.condition(ConditionType.DRIFTED) if previous is not None else None
    if said is None or said.reason == _IN_SYNC.reason or said.status != "False":
        return None
    return max(0.0, (said.last_transition_time + DRIFT_SHOWN - now).total_seconds())


def _causes(view: View, now: dt.datetime) -> tuple[Cause, ...]:
    """Return why pods are missing; none where enough of them answer, or none are wanted."""
    pods, wanted = view.observed.pods, wanted_replicas(view.regional)
    if view.stage is not Stage.SERVE or (view.settled and pods.ready >= wanted):
        return ()
    return tuple(workload_causes(pods, view.ask, view.log, now))


def _conditions(
    view: View,
    previous: RegionalStatus | None,
    causes: Sequence[Cause],
    stuck: Cause | None,
    now: dt.datetime,
) -> dict[ConditionType, _Said]:
    workload = _workload(view, causes)
    route = _route(view)
    return {
        ConditionType.READY: _summary(view, workload, route),
        ConditionType.WORKLOAD_READY: workload,
        ConditionType.ROUTE_READY: route,
        ConditionType.DRIFTED: _drifted(view, previous, now),
        ConditionType.STALLED: (
            _Said("False", "Progressing")
            if stuck is None
            else _Said("True", stuck.reason, stuck.message)
        ),
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


def _workload(view: View, causes: Sequence[Cause]) -> _Said:
    if view.stage is not Stage.SERVE:
        return _Said("False", "NotWanted", "no pods are wanted")
    cause = worst(causes)
    if cause is not None:
        return _Said("False", cause.reason, cause.message)
    ready, wanted = view.observed.pods.ready, wanted_replicas(view.regional)
    return _Said("True", "PodsReady", f"{ready} of {wanted} replicas ready")


def _route(view: View) -> _Said:
    route = view.observed.route
    if view.stage is not Stage.SERVE:
        return _Said("False", "NotWanted", "no route is wanted")
    if route is None or route.deleting:
        return _Said("False", "RouteNotReady", "no route yet; it is made when a pod answers")
    if not route.address:
        name, namespace = ingress_name(view.regional.name), view.regional.namespace
        return _Said(
            "False",
            "RouteNotReady",
            "no load balancer has taken its Ingress up; check that the controller of IngressClass "
            f"{backend_of(view.regional)} runs in this cluster, and see "
            f"`kubectl describe ingress {name} -n {namespace}`",
        )
    return _Said("True", "RouteReady", f"answered at {route.address}")


def _drifted(view: View, previous: RegionalStatus | None, now: dt.datetime) -> _Said:
    found = view.drift
    if found is not None:
        return _Said("True" if found.lasting else "False", found.kind.value, found.message)
    said = previous.condition(ConditionType.DRIFTED) if previous is not None else None
    if said is None and view.regional.recreated_at is not None:
        return _Said(
            "False",
            DriftKind.RECREATED.value,
            "the custom resource was deleted outside GCO and made again at "
            f"{view.regional.recreated_at}; its objects were kept",
        )
    if (
        said is None
        or previous is None
        or previous.observed_revision != view.regional.spec.revision
    ):
        return _IN_SYNC
    return _still_told(said, view, now)


def _still_told(said: Condition, view: View, now: dt.datetime) -> _Said:
    """Return what is left to say of an earlier finding: whether it lasts, is over, or long past."""
    if said.status == "True":
        held = view.mutated if said.reason == DriftKind.MUTATED else not view.settled
        return _Said("True" if held else "False", said.reason, said.message)
    if now - said.last_transition_time >= DRIFT_SHOWN:
        return _IN_SYNC
    return _Said("False", said.reason, said.message)


_IN_SYNC: Final = _Said("False", "InSync")


def _state(
    view: View, ready: _Said, stuck: Cause | None, previous: RegionalStatus | None
) -> RegionState:
    match view.regional.spec.state:
        case TargetState.DELETED:
            return RegionState.DELETED if view.stage is Stage.GONE else RegionState.DELETING
        case TargetState.STOPPED if stuck is not None:
            return RegionState.ERROR
        case TargetState.STOPPED:
            return RegionState.STOPPED if ready.status == "True" else RegionState.STOPPING
        case TargetState.RUNNING:
            return _running_state(view.observed.pods, ready, stuck, previous)


def _running_state(
    pods: Pods, ready: _Said, stuck: Cause | None, previous: RegionalStatus | None
) -> RegionState:
    if ready.status == "True":
        return RegionState.RUNNING
    ran = previous is not None and previous.state in (RegionState.RUNNING, RegionState.UPDATING)
    serves = pods.answering and (ran or bool(pods.old))
    if stuck is not None and not serves:
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
    found = view.drift if kind is ConditionType.DRIFTED else None
    repaired = found is not None and not found.lasting  # it was True for a moment
    return Condition(
        type=kind,
        status=said.status,
        reason=said.reason,
        message=said.message[:_LONGEST],
        last_transition_time=(
            before.last_transition_time if before is not None and stays and not repaired else now
        ),
        observed_generation=view.regional.generation,
    )
