"""A region's status of an endpoint, put together from its aspects."""

import datetime as dt
from collections.abc import Sequence

from gco.core.model.regional import RegionalStatus
from gco.core.model.status import Condition, ConditionStatus, ConditionType, RegionState
from gco.core.region.causes import Cause, worst
from gco.core.region.status.autoscaler import autoscaler, autoscaler_causes
from gco.core.region.status.canary import canary, canary_causes, canary_report
from gco.core.region.status.drift import drifted
from gco.core.region.status.model import folders_in_use, model
from gco.core.region.status.route import conflict_of, route
from gco.core.region.status.state import state_of
from gco.core.region.status.summary import summary
from gco.core.region.status.view import LONGEST, Said, View, previous_of
from gco.core.region.status.workload import causes_of, workload
from gco.kinds.reading import quote


def judge(view: View, now: dt.datetime) -> RegionalStatus:
    """Return the status to report; equal to the present one where nothing changed."""
    previous = previous_of(view)
    causes = causes_of(view, now)
    conflict = conflict_of(view)
    every = (*view.blockers, *causes, *autoscaler_causes(view), *([conflict] if conflict else ()))
    stuck = worst(cause for cause in every if cause.final)
    trial = canary_causes(view, now)
    now = now.replace(microsecond=0)
    said = _conditions(view, previous, causes, stuck, now)
    said |= _of_canary(view, trial, stuck)
    state = state_of(view, said[ConditionType.READY], stuck, previous)
    ready = said[ConditionType.READY].status
    moved = previous is None or (
        (previous.state, previous.observed_revision, _ready(previous))
        != (state, view.regional.spec.revision, ready)
    )
    return RegionalStatus(
        uid=view.regional.spec.uid,
        state=state,
        replicas_ready=view.observed.pods.ready,
        replicas_desired=view.replicas,
        observed_revision=view.regional.spec.revision,
        last_transition=now if moved or previous is None else previous.last_transition,
        silent_since=view.silent_since,
        error=quote(stuck.message, LONGEST) if stuck and state is RegionState.ERROR else None,
        conditions=tuple(
            _condition(kind, what, previous, view, now) for kind, what in said.items()
        ),
        canary=canary_report(view),
        models=folders_in_use(view) or None,
    )


def _ready(status: RegionalStatus) -> ConditionStatus:
    found = status.condition(ConditionType.READY)
    return found.status if found is not None else "Unknown"


def _conditions(
    view: View,
    previous: RegionalStatus | None,
    causes: Sequence[Cause],
    stuck: Cause | None,
    now: dt.datetime,
) -> dict[ConditionType, Said]:
    pods, reached, scaled = workload(view, causes), route(view), autoscaler(view)
    weights = {} if view.weights is None else {ConditionType.MODEL_READY: model(view, previous)}
    return {
        ConditionType.READY: summary(view, pods, reached),
        **weights,
        ConditionType.WORKLOAD_READY: pods,
        ConditionType.ROUTE_READY: reached,
        **({} if scaled is None else {ConditionType.AUTOSCALER_READY: scaled}),
        ConditionType.DRIFTED: drifted(view, previous, now),
        ConditionType.STALLED: (
            Said("False", "Progressing")
            if stuck is None
            else Said("True", stuck.reason, stuck.message)
        ),
    }


def _of_canary(
    view: View, causes: Sequence[Cause], stuck: Cause | None
) -> dict[ConditionType, Said]:
    """Return what is said of the canary; it stalls the revision, and never the endpoint's own."""
    found = canary(view, causes)
    if found is None:
        return {}
    final = worst(cause for cause in causes if cause.final)
    if stuck is not None or final is None:
        return {ConditionType.CANARY_READY: found}
    stalled = Said("True", final.reason, f"its canary: {final.message}")
    return {ConditionType.CANARY_READY: found, ConditionType.STALLED: stalled}


def _condition(
    kind: ConditionType,
    said: Said,
    previous: RegionalStatus | None,
    view: View,
    now: dt.datetime,
) -> Condition:
    before = previous.condition(kind) if previous is not None else None
    stays = before is not None and before.status == said.status
    found = view.drift if kind is ConditionType.DRIFTED else None
    repaired = found is not None and not found.lasting  # it was True for a moment
    message, generation = quote(said.message, LONGEST), view.regional.generation
    if before is not None and stays and not repaired:
        shown = (before.reason, before.message, before.observed_generation)
        if shown == (said.reason, message, generation):
            return before
        now = before.last_transition_time
    return Condition(
        type=kind,
        status=said.status,
        reason=said.reason,
        message=message,
        last_transition_time=now,
        observed_generation=generation,
    )
