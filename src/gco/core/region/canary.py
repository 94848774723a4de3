"""The canary of an endpoint: how far it is, and what share of the requests it may have.

The order is one: its pods are ready, then the route is written, then it is read back, and only what
was read back counts. On the way out the share goes to zero first, and that is read back too, before
anything is deleted. A canary that changes goes back to the start: its share is withdrawn, and what
is new earns it anew. A promoted canary is made no more, and serves until the endpoint's own pods run
the revision; where no accelerator is free for them, it takes every request while one makes room.
"""

import dataclasses
import datetime as dt
import enum

from gco.core.model.canary import canary_name
from gco.core.model.names import route_path
from gco.core.model.regional import Regional, RegionalCanary
from gco.core.model.spec import Route
from gco.core.model.status import ConditionType
from gco.core.region.observed import Observed
from gco.core.region.owner import claimed
from gco.core.region.scaling import running_replicas
from gco.core.region.stage import Stage

SETTLE = dt.timedelta(seconds=5)
"""How long a canary's pods outlast its share: a load balancer acts a moment after its route."""
WHOLE = 100
"""Per cent: every request."""


class Step(enum.Enum):
    """What is done about a canary."""

    ABSENT = "absent"
    """None is wanted, and none is there."""
    TRY = "try"
    """It runs, and has its share once its pods are ready."""
    WITHDRAW = "withdraw"
    """Its share goes; all else of it stays as it is until that is read back and has settled."""
    REST = "rest"
    """The endpoint is stopped: it has no pods, and stays ready for a start."""
    REMOVE = "remove"


@dataclasses.dataclass(frozen=True, slots=True)
class Trial:
    """What is to be made true of a canary."""

    step: Step
    weight: int = 0
    """The share of the requests that the route shall give it, in per cent."""
    covers: bool = False
    """It shall have every request, so that the endpoint's own pods may make room for each other."""
    replaced: bool = False
    """Its pods make room for those of another template, all at once: none of them has a share."""


NO_TRIAL = Trial(Step.ABSENT)


def trial_of(regional: Regional, observed: Observed, stage: Stage, now: dt.datetime) -> Trial:
    """Return what is to be made true of the canary next, while the endpoint is in `stage`."""
    canary = regional.spec.canary
    if stage is Stage.REST:
        stays = canary is not None and not canary.promoting
        return Trial(Step.REST if stays else Step.REMOVE)
    if stage is not Stage.SERVE:
        return Trial(Step.ABSENT)
    idle = not observed.weighted and settles_in(regional, now) <= dt.timedelta(0)
    if canary is None or _is_over(regional, canary, observed):
        if not _is_there(regional, observed):
            return Trial(Step.ABSENT)
        return Trial(Step.REMOVE if idle else Step.WITHDRAW)
    if _differs(canary, observed) and not idle:
        return Trial(Step.WITHDRAW)
    weight = _share(regional, canary, observed)
    changes = _differs(canary, observed) or bool(observed.canary.pods.old)
    covers = bool(weight) and _covers(regional, canary, observed)
    replaced = idle and changes and not weight
    return Trial(Step.TRY, WHOLE if covers else weight, covers=covers, replaced=replaced)


def settles_in(regional: Regional, now: dt.datetime) -> dt.timedelta:
    """Return how long the canary's pods are still to outlast its share.

    CanaryReady is True while it has one, so that its last transition says since when it has none.
    """
    status = regional.status
    if status is None or status.uid != regional.spec.uid:
        return dt.timedelta(0)
    said = status.condition(ConditionType.CANARY_READY)
    if said is None:
        return dt.timedelta(0)
    return SETTLE if said.status != "False" else said.last_transition_time + SETTLE - now


def as_endpoint(regional: Regional, canary: RegionalCanary) -> Regional:
    """Return the canary as an endpoint of its own: by its name, and on the endpoint's own path.

    How its pods are replaced is left to us, whatever the endpoint states: by whether they have a share.
    """
    stated = canary.endpoint or regional.spec.endpoint
    route = regional.spec.endpoint.route or Route()
    own = route.model_copy(update={"path": route_path(regional.name, route.path)})
    endpoint = stated.model_copy(
        update={
            "route": own,
            "rollout": None,
            "replicas": canary.replicas,
            "autoscaling": None,
        }
    )
    spec = regional.spec.model_copy(
        update={
            "template_key": canary.template_key,
            "replicas": canary.replicas,
            "endpoint": endpoint,
            "canary": None,
        }
    )
    return regional.model_copy(update={"name": canary_name(regional.name), "spec": spec})


def answers(regional: Regional, observed: Observed) -> bool:
    """Whether requests are answered: by the endpoint's own pods, or by a canary that has them all."""
    canary = regional.spec.canary
    covers = canary is not None and canary.promoting and observed.weighted
    return observed.pods.answering or (covers and observed.canary.pods.answering)


def _named(regional: Regional) -> Regional:
    return regional.model_copy(update={"name": canary_name(regional.name)})


def _count(regional: Regional, observed: Observed) -> int:
    """Return how many pods of the endpoint's own there are to be, whoever decides on it."""
    return running_replicas(regional, observed.workload, observed.autoscalers)


def _is_over(regional: Regional, canary: RegionalCanary, observed: Observed) -> bool:
    """Whether a promotion has nothing left to wait for."""
    if not canary.promoting:
        return False
    pods, key = observed.pods, observed.workload and observed.workload.template_key
    arrived = key == regional.spec.template_key and not pods.old
    return observed.canary.workload is None or (
        arrived and pods.ready >= _count(regional, observed)
    )


def _is_there(regional: Regional, observed: Observed) -> bool:
    found, own = observed.canary, _named(regional)
    there = ((ref, r) for ref, r in found.records(own.name) if ref not in observed.given_up)
    ours = any(claimed(record, own) for _, record in there)
    return ours or (found.workload is None and found.pods.count > 0)


def _differs(canary: RegionalCanary, observed: Observed) -> bool:
    workload = observed.canary.workload
    return workload is not None and workload.template_key != canary.template_key


def _share(regional: Regional, canary: RegionalCanary, observed: Observed) -> int:
    """Return the stated share, or 0: it is given once every pod is ready, and kept while one is.

    Pods of another template than the wanted one are about to go: they get none.
    """
    if _differs(canary, observed):
        return 0
    found, own = observed.canary, _named(regional)
    stand = all(
        record is not None and not record.deleting and claimed(record, own)
        for record in (found.workload, found.service)
    )
    serves = found.pods.answering if observed.weighted else found.pods.ready >= canary.replicas
    return canary.weight if stand and serves else 0


def _covers(regional: Regional, canary: RegionalCanary, observed: Observed) -> bool:
    """Whether a promoted canary is to take every request.

    While none of the endpoint's own pods answers; and where one of them waits for room, if the
    canary has as many pods as they are.
    """
    if not canary.promoting:
        return False
    waits = any(r.unscheduled and not r.node for r in observed.pods.wanted.values())
    enough = observed.canary.pods.ready >= _count(regional, observed)
    return not observed.pods.answering or (waits and enough)
