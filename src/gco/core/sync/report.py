"""What the store is to be told of one endpoint: what its custom resource says, or why there is none."""

import dataclasses
import datetime as dt

from gco.core.model.endpoint import TargetState
from gco.core.model.ids import EndpointName, EndpointUid, RegionName, RevisionNumber
from gco.core.model.names import SELECT_OURS
from gco.core.model.regional import RegionalStatus
from gco.core.model.status import (
    Condition,
    ConditionStatus,
    ConditionType,
    RegionState,
    RegionStatus,
)
from gco.core.sync.copies import Copy, Wanted


@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """Why the wish could not be carried down, and since when."""

    reason: str
    """One CamelCase word: `Rejected`, `NamespaceNotFound`."""
    message: str
    since: dt.datetime
    final: bool = True
    """Waiting alone will not mend it."""
    elsewhere: bool = False
    """The name belongs to another endpoint's custom resource: nothing of the wanted one is here."""


@dataclasses.dataclass(frozen=True, slots=True)
class Invalid:
    """A target of this region that the monitor cannot resolve."""

    name: EndpointName
    uid: EndpointUid
    revision: RevisionNumber
    message: str


def not_resolved(
    invalid: Invalid,
    copy: Copy | None,
    said: RegionStatus | None,
    trouble: Trouble,
    region: RegionName,
) -> RegionStatus | None:
    """Return the status to store for a target that cannot be resolved, None where it is stored."""
    status = _in_trouble(invalid, copy, trouble, region)
    return None if status == said or _overtaken(status, said) else status


def news(
    wanted: Wanted,
    copy: Copy | None,
    said: RegionStatus | None,
    trouble: Trouble | None,
    region: RegionName,
) -> RegionStatus | None:
    """Return what the store is to be told, None where it knows or there is nothing to tell."""
    told = _told(wanted, copy, trouble, region)
    return None if told is None or told == said or _overtaken(told, said) else told


def left_behind(wanted: Wanted, region: RegionName, trouble: Trouble) -> RegionStatus:
    """Return what ends a deletion where the endpoint's namespace is no longer served.

    Nobody there may delete its objects, so the message names them.
    """
    message = (
        f"{trouble.message}. The custom resource is deleted, other objects of the endpoint may be left: "
        f"kubectl -n {wanted.namespace} get deploy,svc,ing,pdb,hpa -l app={wanted.name},{SELECT_OURS}"
    )
    return _deleted(wanted, region, dataclasses.replace(trouble, message=message))


def _deleted(wanted: Wanted, region: RegionName, trouble: Trouble) -> RegionStatus:
    return RegionStatus(
        name=wanted.name,
        uid=wanted.uid,
        region=region,
        state=RegionState.DELETED,
        observed_revision=wanted.revision,
        last_transition=trouble.since,
        conditions=(_condition(ConditionType.READY, "False", trouble),),
    )


def _told(
    wanted: Wanted, copy: Copy | None, trouble: Trouble | None, region: RegionName
) -> RegionStatus | None:
    if trouble is not None and trouble.elsewhere and wanted.state is TargetState.DELETED:
        return _deleted(wanted, region, trouble)
    if trouble is not None:
        return _in_trouble(wanted, copy, trouble, region)
    if copy is None or copy.status is None or copy.status.uid != wanted.uid:
        return None
    return copy.status.to_region_status(wanted.name, region)


def _overtaken(told: RegionStatus, said: RegionStatus | None) -> bool:
    """Whether the region said something of a later revision already; the store would ignore it."""
    return (
        said is not None
        and said.uid == told.uid
        and said.observed_revision > told.observed_revision
    )


def _in_trouble(
    wanted: Wanted | Invalid, copy: Copy | None, trouble: Trouble, region: RegionName
) -> RegionStatus:
    running = copy.status if copy is not None and copy.uid == wanted.uid else None
    return RegionStatus(
        name=wanted.name,
        uid=wanted.uid,
        region=region,
        state=_state(trouble, running),
        replicas_ready=running.replicas_ready if running else 0,
        replicas_desired=running.replicas_desired if running else 0,
        observed_revision=wanted.revision,
        last_transition=trouble.since,
        error=trouble.message if trouble.final else None,
        conditions=(
            _condition(ConditionType.READY, "False", trouble),
            _condition(ConditionType.STALLED, "True" if trouble.final else "False", trouble),
        ),
    )


def _state(trouble: Trouble, running: RegionalStatus | None) -> RegionState:
    if trouble.final:
        return RegionState.ERROR
    return RegionState.UPDATING if running else RegionState.PENDING


def _condition(kind: ConditionType, status: ConditionStatus, trouble: Trouble) -> Condition:
    return Condition(
        type=kind,
        status=status,
        reason=trouble.reason,
        message=trouble.message,
        last_transition_time=trouble.since,
    )
