"""What the sync loop does about one endpoint: carry the wish down, the report up, and the end.

Only a wish whose state is `deleted` ever takes anything away; that the store says nothing about a
custom resource makes it an orphan, which is told and left alone.
"""

import dataclasses
import datetime as dt
from typing import TypeAlias

from gco.core.fleet.copies import Copy, Wanted
from gco.core.model.endpoint import TargetState
from gco.core.model.ids import RegionName
from gco.core.model.status import (
    Condition,
    ConditionStatus,
    ConditionType,
    RegionState,
    RegionStatus,
)


@dataclasses.dataclass(frozen=True, slots=True)
class Apply:
    """Server-side apply the wish."""

    why: str
    take_back: bool = False
    """Someone else holds fields of the spec: take them back first."""
    recreated: bool = False
    """The custom resource was deleted outside GCO: say so on the new one."""


@dataclasses.dataclass(frozen=True, slots=True)
class Remove:
    """Delete the custom resource: nothing of the endpoint is left, and the store knows."""

    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class Refuse:
    """Leave the custom resource alone, and say so."""

    why: str


@dataclasses.dataclass(frozen=True, slots=True)
class Orphan:
    """The store has no wish for this custom resource: report it, and leave it alone."""


Move: TypeAlias = Apply | Remove | Refuse | Orphan | None
"""None: nothing to do until something changes."""


def decide(wanted: Wanted | None, copy: Copy | None, said: RegionStatus | None, store: str) -> Move:
    """Return what to do to the custom resource.

    `wanted` None means that a complete listing of the store has no target for this region; `said`
    is what the store holds of what this region said, and `store` its uid.
    """
    if wanted is None:
        return _unwanted(copy)
    if copy is None:
        return _missing(wanted, said)
    if copy.deleting:
        return None  # the endpoint loop lets it go, and then it is missing
    if wanted.state is TargetState.DELETED and copy.gone(wanted.uid) and _is_gone(wanted, said):
        return Remove("its objects are gone, and the store knows")
    return _differs(wanted, copy, store)


@dataclasses.dataclass(frozen=True, slots=True)
class Trouble:
    """Why the wish could not be carried down, and since when."""

    reason: str
    """One CamelCase word: `Rejected`, `NamespaceNotFound`."""
    message: str
    since: dt.datetime


def news(
    wanted: Wanted | None,
    copy: Copy | None,
    said: RegionStatus | None,
    trouble: Trouble | None,
    region: RegionName,
) -> RegionStatus | None:
    """Return what the store is to be told, None where it knows or there is nothing to tell."""
    if wanted is None:
        return None
    if trouble is not None:
        told: RegionStatus | None = _in_trouble(wanted, copy, trouble, region)
    elif copy is not None and copy.status is not None and copy.status.uid == wanted.uid:
        told = copy.report(region)
    else:
        return None
    if told is None or told == said or _overtaken(told, said):
        return None
    return told


def _overtaken(told: RegionStatus, said: RegionStatus | None) -> bool:
    """Whether the region said something of a later revision already; the store would ignore it."""
    return (
        said is not None
        and said.uid == told.uid
        and said.observed_revision > told.observed_revision
    )


def _in_trouble(
    wanted: Wanted, copy: Copy | None, trouble: Trouble, region: RegionName
) -> RegionStatus:
    running = copy.status if copy is not None and copy.uid == wanted.uid else None
    return RegionStatus(
        name=wanted.name,
        uid=wanted.uid,
        region=region,
        state=RegionState.ERROR,
        replicas_ready=running.replicas_ready if running else 0,
        replicas_desired=running.replicas_desired if running else 0,
        observed_revision=wanted.revision,
        last_transition=trouble.since,
        error=trouble.message,
        conditions=(
            _condition(ConditionType.READY, "False", trouble),
            _condition(ConditionType.STALLED, "True", trouble),
        ),
    )


def _condition(kind: ConditionType, status: ConditionStatus, trouble: Trouble) -> Condition:
    return Condition(
        type=kind,
        status=status,
        reason=trouble.reason,
        message=trouble.message,
        last_transition_time=trouble.since,
    )


def _unwanted(copy: Copy | None) -> Move:
    if copy is None or copy.deleting:
        return None
    if copy.state != TargetState.DELETED:
        return Orphan()
    if copy.gone(copy.uid):
        return Remove("the endpoint is purged")
    return None  # its objects are still going


def _missing(wanted: Wanted, said: RegionStatus | None) -> Move:
    if wanted.state is TargetState.DELETED:
        return None if _is_gone(wanted, said) else Apply("to remove what is left")
    existed = said is not None and said.uid == wanted.uid and said.state is not RegionState.DELETED
    return Apply("deleted outside GCO" if existed else "new", recreated=existed)


def _differs(wanted: Wanted, copy: Copy, store: str) -> Move:
    if copy.edited:
        return Apply("edited by hand", take_back=True)
    if copy.uid == wanted.uid and copy.revision > wanted.revision:
        return Refuse(f"revision {wanted.revision} is older than {copy.revision}")
    if copy.spec_hash != wanted.spec_hash:
        return Apply("changed")
    if not copy.held or not set(wanted.labels) <= set(copy.labels):
        return Apply("labels or finalizer edited by hand")
    if copy.store != store:
        return Apply("written from another store")
    return None


def _is_gone(wanted: Wanted, said: RegionStatus | None) -> bool:
    return (
        said is not None
        and said.uid == wanted.uid
        and said.state is RegionState.DELETED
        and said.observed_revision >= wanted.revision
    )
