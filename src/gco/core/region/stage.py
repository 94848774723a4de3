"""How far an endpoint is on its way up or out, and which objects that stage wants.

On the way out the route leaves first, so that no request finds a pod that is going; then the pods,
which go on answering for what their template's drain says; then what only pods needed. Each wait is
bounded, since a finalizer or a node that is gone must not keep an endpoint for ever.
"""

import dataclasses
import datetime as dt
import enum
from collections.abc import Iterator, Mapping

from gco.core.model.endpoint import TargetState
from gco.core.model.ids import EndpointName, EndpointUid
from gco.core.model.names import (
    deployment_name,
    disruption_budget_name,
    ingress_name,
    service_name,
)
from gco.core.model.regional import Regional
from gco.core.model.status import ConditionType, RegionState
from gco.core.region.actions import ObjectRef, Owner, Rendered, Seen
from gco.core.region.freeze import Template, kept
from gco.core.region.observe import Child, Frozen, Route, Workload
from gco.core.region.owner import seen
from gco.core.region.pods import Pods
from gco.core.region.render.deployment import deployment
from gco.core.region.render.disruption import disruption_budget
from gco.core.region.render.ingress import ingress
from gco.core.region.render.revision import revision
from gco.core.region.render.service import service
from gco.kinds import CONTROLLER_REVISION, DEPLOYMENT, INGRESS, POD_DISRUPTION_BUDGET, SERVICE

ROUTE_WAIT = dt.timedelta(seconds=60)
"""How long pods outlast a route that asks to go and does not (its controller may be down)."""
CLOSING = frozenset({"Stopping", "ScalingToZero", "Deleting"})
"""Reasons of the condition Ready on the way out; the status says since when."""
_CLOSING_STATES = frozenset({RegionState.STOPPING, RegionState.DELETING})


class Stage(enum.Enum):
    """What is being made true."""

    SERVE = "serve"
    CLOSE = "close"
    """The route leaves; all else stays as it is."""
    REST = "rest"
    """No pods are wanted; what else there is stays ready for a start."""
    DRAIN = "drain"
    """The Deployment is deleted; what else serves and guards pods stays while they finish."""
    REMOVE = "remove"
    GONE = "gone"
    """Nothing is left of what was to be deleted."""


@dataclasses.dataclass(frozen=True, slots=True)
class Observed:
    """What there is of one endpoint in the cluster, as the informers know it."""

    workload: Workload | None
    service: Child | None
    budget: Child | None
    route: Route | None
    frozen: Mapping[str, Frozen]
    pods: Pods

    def seen(self, name: EndpointName, uid: EndpointUid) -> dict[ObjectRef, Seen]:
        """Return what a plan needs to know of the objects that there are."""
        named = (
            (workload_ref(name), self.workload),
            (service_ref(name), self.service),
            (budget_ref(name), self.budget),
            (route_ref(name), self.route),
            *((revision_ref(n), record) for n, record in self.frozen.items()),
        )
        return {ref: seen(record, name, uid) for ref, record in named if record is not None}


@dataclasses.dataclass(frozen=True, slots=True)
class Desired:
    """What should exist, and what else is left as it is."""

    objects: Mapping[ObjectRef, Rendered]
    keep: frozenset[ObjectRef] = frozenset()


def workload_ref(name: EndpointName) -> ObjectRef:
    """Return where the endpoint's Deployment is."""
    return ObjectRef(DEPLOYMENT.name, deployment_name(name))


def service_ref(name: EndpointName) -> ObjectRef:
    """Return where the endpoint's Service is."""
    return ObjectRef(SERVICE.name, service_name(name))


def budget_ref(name: EndpointName) -> ObjectRef:
    """Return where the endpoint's PodDisruptionBudget is."""
    return ObjectRef(POD_DISRUPTION_BUDGET.name, disruption_budget_name(name))


def route_ref(name: EndpointName) -> ObjectRef:
    """Return where the endpoint's Ingress is."""
    return ObjectRef(INGRESS.name, ingress_name(name))


def revision_ref(name: str) -> ObjectRef:
    """Return where the ControllerRevision of that name is."""
    return ObjectRef(CONTROLLER_REVISION.name, name)


def wanted_replicas(regional: Regional) -> int:
    """Return how many pods should run."""
    return regional.spec.replicas if regional.spec.state is TargetState.RUNNING else 0


def stage_of(regional: Regional, observed: Observed, now: dt.datetime) -> Stage:
    """Return what is to be made true next."""
    if wanted_replicas(regional) > 0:
        return Stage.SERVE
    ours = _ours(regional, observed)
    if route_ref(regional.name) in ours and not _overdue(regional, ROUTE_WAIT, now):
        return Stage.CLOSE
    if regional.spec.state is not TargetState.DELETED:
        return Stage.REST
    held = workload_ref(regional.name) in ours or observed.pods.count > 0
    if held and not _overdue(regional, drain_wait(observed), now):
        return Stage.DRAIN
    return Stage.REMOVE if ours or observed.pods.count else Stage.GONE


def drain_wait(observed: Observed) -> dt.timedelta:
    """Return how long a Service outlasts the wish to delete: the route, and twice the pods' grace."""
    grace = max((record.grace for record in observed.frozen.values()), default=0)
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


def desired(
    regional: Regional, observed: Observed, stage: Stage, template: Template | None
) -> Desired:
    """Return what should exist in `stage`; `template` is needed to serve and to rest."""
    name = regional.name
    match stage, template:
        case ((Stage.SERVE | Stage.REST), Template()):
            return Desired(dict(_objects(regional, observed, stage, template)))
        case Stage.CLOSE, _:
            every = observed.seen(name, regional.spec.uid).keys()
            return Desired({}, frozenset(every - {route_ref(name)}))
        case Stage.DRAIN, _:
            kept_refs = (service_ref(name), budget_ref(name), *map(revision_ref, observed.frozen))
            return Desired({}, frozenset(kept_refs))
        case _:
            return Desired({})


def _objects(
    regional: Regional, observed: Observed, stage: Stage, template: Template
) -> Iterator[tuple[ObjectRef, Rendered]]:
    for held in kept(template, regional.spec.uid, observed.frozen):
        yield revision_ref(held.name), revision(regional, held)
    replicas = wanted_replicas(regional)
    yield workload_ref(regional.name), deployment(regional, template, replicas)
    yield service_ref(regional.name), service(regional, template)
    yield budget_ref(regional.name), disruption_budget(regional)
    if stage is Stage.SERVE and (observed.route is not None or observed.pods.answering):
        yield route_ref(regional.name), ingress(regional, template)


def _ours(regional: Regional, observed: Observed) -> set[ObjectRef]:
    found = observed.seen(regional.name, regional.spec.uid)
    return {ref for ref, record in found.items() if record.owner is Owner.OURS}


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
