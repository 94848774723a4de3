"""How far an endpoint is on its way up or out.

On the way out the route and the autoscaler leave first, so that no request finds a pod that is going
and nobody makes new ones; then the pods, which go on answering for what their template's drain says; then what only pods needed. Each wait is
bounded, since a finalizer or a node that is gone must not keep an endpoint for ever. Which objects
each stage wants is in :mod:`gco.core.region.desired`.
"""

import datetime as dt
import enum

from gco.core.model.canary import canary_name
from gco.core.model.endpoint import TargetState
from gco.core.model.regional import Regional
from gco.core.model.status import ConditionType, RegionState
from gco.core.region.actions import ObjectRef, Owner
from gco.core.region.observed import Observed, workload_ref

ROUTE_WAIT = dt.timedelta(seconds=60)
"""How long pods outlast a route that asks to go and does not (its controller may be down)."""
CLOSING = frozenset({"Stopping", "ScalingToZero", "Deleting"})
"""Reasons of the condition Ready on the way out; the status says since when."""
_CLOSING_STATES = frozenset({RegionState.STOPPING, RegionState.DELETING})


class Stage(enum.Enum):
    """What is being made true."""

    SERVE = "serve"
    CLOSE = "close"
    """The route and the autoscaler leave; all else stays as it is."""
    REST = "rest"
    """No pods are wanted; what else there is stays ready for a start."""
    DRAIN = "drain"
    """The Deployment is deleted; what else serves and guards pods stays while they finish."""
    REMOVE = "remove"
    GONE = "gone"
    """Nothing is left of what was to be deleted."""


def wanted_replicas(regional: Regional) -> int:
    """Return how many pods should run."""
    return regional.spec.replicas if regional.spec.state is TargetState.RUNNING else 0


def stage_of(regional: Regional, observed: Observed, now: dt.datetime) -> Stage:
    """Return what is to be made true next."""
    if wanted_replicas(regional) > 0:
        return Stage.SERVE
    ours = _ours(regional, observed)
    leaving = {*observed.routes, *dict(observed.autoscalers.named(regional.name))}
    if ours & leaving and not _overdue(regional, ROUTE_WAIT, now):
        return Stage.CLOSE
    if regional.spec.state is not TargetState.DELETED:
        return Stage.REST
    workloads = {workload_ref(regional.name), workload_ref(canary_name(regional.name))}
    held = bool(workloads & ours) or observed.holding > 0
    if held and not _overdue(regional, drain_wait(observed), now):
        return Stage.DRAIN
    return Stage.REMOVE if ours or observed.holding else Stage.GONE


def drain_wait(observed: Observed) -> dt.timedelta:
    """Return how long a Service outlasts the wish to delete: the route, and twice the pods' grace."""
    frozen = (*observed.frozen.values(), *observed.canary.frozen.values())
    grace = max((record.grace for record in frozen), default=0)
    return ROUTE_WAIT + 2 * dt.timedelta(seconds=grace)


def look_again(
    regional: Regional, observed: Observed, stage: Stage, now: dt.datetime
) -> float | None:
    """Return after how many seconds the wait of `stage` is over; None where it waits for none."""
    waits = {Stage.CLOSE: ROUTE_WAIT, Stage.DRAIN: drain_wait(observed)}
    if stage not in waits:
        return None
    since = _closing_since(regional) or now
    return max(1.0, (since + waits[stage] - now).total_seconds())


def _ours(regional: Regional, observed: Observed) -> set[ObjectRef]:
    found = observed.seen(regional.name, regional.spec.uid)
    claimed = {Owner.OURS, Owner.ADOPTABLE} if regional.spec.adopts else {Owner.OURS}
    held = found.keys() - observed.given_up
    return {ref for ref in held if found[ref].owner in claimed}


def _overdue(regional: Regional, wait: dt.timedelta, now: dt.datetime) -> bool:
    since = _closing_since(regional)
    return since is not None and now - since >= wait


def _closing_since(regional: Regional) -> dt.datetime | None:
    status = regional.status
    if status is None or status.uid != regional.spec.uid:
        return None
    ready = status.condition(ConditionType.READY)
    closing = ready is not None and ready.reason in CLOSING
    # What hinders it may be the reason that is told: the state says the same.
    return status.last_transition if closing or status.state in _CLOSING_STATES else None
