"""When a region is done, and what the fleet loop makes of what the regions report.

A region is done with a revision when its status speaks of that very revision and says Ready: a
status' `lastTransition` moves with the observed revision, so a readiness that was won by an older
revision never counts. The functions here decide; the fleet loop writes, on condition of the
generation that was read, so that a delete or an edit that came between wins.
"""

import dataclasses
import datetime as dt
import enum
from collections.abc import Mapping
from typing import TypeAlias

from gco.core.model.endpoint import Endpoint, EndpointState, RegionTarget, TargetState
from gco.core.model.ids import Generation, RegionName
from gco.core.model.status import ConditionType, RegionState, RegionStatus


class Step(enum.Enum):
    """What the fleet loop does to an endpoint's record."""

    PROMOTE = "promote"
    """Every region is done: deploying → running."""
    DROP = "drop"
    """Regions that were removed have nothing left: forget their targets."""
    PURGE = "purge"
    """Every region reported its objects gone: forget the endpoint."""


@dataclasses.dataclass(frozen=True, slots=True)
class Advance:
    """The next record of an endpoint, and why."""

    steps: tuple[Step, ...]
    endpoint: Endpoint | None
    """None: purge it."""
    regions: tuple[RegionName, ...] = ()
    """The regions whose targets are dropped."""


Statuses: TypeAlias = Mapping[RegionName, RegionStatus]


def region_done(target: RegionTarget, status: RegionStatus | None) -> bool:
    """Return whether the region has made `target` true, as far as `status` tells."""
    if status is None or status.uid != target.uid or status.observed_revision != target.revision:
        return False
    if target.state is TargetState.DELETED:
        return status.state is RegionState.DELETED
    # With nothing wanted, Ready is once no pod is left.
    return status.ready and _canary_done(target, status)


def _canary_done(target: RegionTarget, status: RegionStatus) -> bool:
    """Return whether the canary has its share of the requests; one that goes, whether it is gone."""
    said = status.condition(ConditionType.CANARY_READY)
    runs = target.state is TargetState.RUNNING and target.replicas > 0
    if target.canary is None or target.canary.promoting or not runs:
        return said is None
    return said is not None and said.status == "True"


def advance(endpoint: Endpoint, statuses: Statuses, now: dt.datetime) -> Advance | None:
    """Return what the fleet loop writes next, or None while there is nothing to do."""
    gone = tuple(
        region
        for region, target in endpoint.targets.items()
        if target.state is TargetState.DELETED and region_done(target, statuses.get(region))
    )
    left = {r: t for r, t in endpoint.targets.items() if r not in gone}
    if endpoint.state is EndpointState.DELETED:
        return Advance((Step.PURGE,), None, gone) if not left else None
    promoted = _promoted(endpoint, left, statuses)
    steps = (*([Step.DROP] if gone else []), *([Step.PROMOTE] if promoted else []))
    if not steps:
        return None
    update = {
        "targets": _after_promotion(left) if promoted else left,
        "state": EndpointState.RUNNING if promoted else endpoint.state,
        "generation": Generation(endpoint.generation + 1),
        "updated_at": now,
    }
    return Advance(steps, endpoint.model_copy(update=update), gone)


def _after_promotion(targets: Mapping[RegionName, RegionTarget]) -> dict[RegionName, RegionTarget]:
    """Return the targets without the canaries that were promoted: every region is done with them."""
    return {
        region: target.model_copy(update={"canary": None})
        if target.canary is not None and target.canary.promoting
        else target
        for region, target in targets.items()
    }


def at_rest(endpoint: Endpoint) -> bool:
    """Return whether the fleet has nothing to do about it, whatever its regions say."""
    return endpoint.state in {EndpointState.RUNNING, EndpointState.STOPPED} and all(
        target.state is not TargetState.DELETED for target in endpoint.targets.values()
    )


def wanted_targets(endpoint: Endpoint) -> dict[RegionName, RegionTarget]:
    """Return the targets of the regions where the endpoint is to exist: removed ones never count."""
    return {r: t for r, t in endpoint.targets.items() if t.state is not TargetState.DELETED}


def _promoted(
    endpoint: Endpoint, targets: Mapping[RegionName, RegionTarget], statuses: Statuses
) -> bool:
    wanted = {r: t for r, t in targets.items() if t.state is not TargetState.DELETED}
    return (
        endpoint.state is EndpointState.DEPLOYING
        and bool(wanted)
        and all(region_done(target, statuses.get(region)) for region, target in wanted.items())
    )
