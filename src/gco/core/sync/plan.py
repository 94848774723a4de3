"""What the sync loop does to the custom resource of one endpoint.

A custom resource that carries the uid of another store is never changed, unless a person accepts
this store in the place of that one: then the caller makes every resource of the region this store's.

Only a wish whose state is `deleted` ever takes anything away; that the store says nothing about a
custom resource makes it an orphan, which is told and left alone.
"""

import dataclasses
from typing import TypeAlias

from gco.core.model.endpoint import TargetState
from gco.core.model.status import RegionState, RegionStatus
from gco.core.sync.copies import Copy, Wanted


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
    reason: str | None = None
    """The condition's reason, where the name belongs to another endpoint's custom resource; None
    where the resource reports for itself."""


@dataclasses.dataclass(frozen=True, slots=True)
class Orphan:
    """The store has no wish for this custom resource: report it, and leave it alone."""


Move: TypeAlias = Apply | Remove | Refuse | Orphan | None
"""None: nothing to do until something changes."""


def decide(
    wanted: Wanted | None,
    copy: Copy | None,
    said: RegionStatus | None,
    store: str,
    *,
    accept: bool = False,
) -> Move:
    """Return what to do to the custom resource.

    `wanted` None means that a complete listing of the store has no target for this region; `said`
    is what the store holds of what this region said, and `store` its uid. `accept` takes resources
    of other stores over.
    """
    if copy is not None and copy.is_foreign(store) and not accept:
        return Orphan() if wanted is None else _belongs_elsewhere(copy)
    if wanted is None:
        return _unwanted(copy)
    if copy is None:
        return _missing(wanted, said)
    if copy.deleting:
        return None  # the endpoint loop lets it go, and then it is missing
    if wanted.state is TargetState.DELETED and copy.gone(wanted.uid) and _is_gone(wanted, said):
        return Remove("its objects are gone, and the store knows")
    return _differs(wanted, copy, store)


def _belongs_elsewhere(copy: Copy) -> Refuse:
    return Refuse(
        f"the custom resource {copy.namespace}/{copy.name} belongs to the store {copy.store}: GCO does "
        "not change it. Delete this endpoint, or start a monitor once with --accept-store to take "
        "every resource of the region over",
        "OtherStore",
    )


def _outdated(wanted: Wanted, copy: Copy) -> Refuse:
    if copy.uid == wanted.uid:
        return Refuse(f"revision {wanted.revision} is older than {copy.revision}")
    return Refuse(
        f"the custom resource {copy.namespace}/{copy.name} is of an endpoint that was created later, "
        "under the same name: the store was restored to an earlier time. GCO does not change it. "
        "Delete this endpoint, then apply the document of the one that runs",
        "EndpointOutdated",
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
    newer = copy.state != TargetState.DELETED and copy.is_newer_endpoint(wanted)
    if copy.edited and not newer:
        return Apply("edited by hand", take_back=True)
    if newer or (copy.uid == wanted.uid and copy.revision > wanted.revision):
        return _outdated(wanted, copy)
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
