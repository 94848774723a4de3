"""Compare what should exist with what does, and say what to do about it.

This module is purely computational: it reads no clock, environment or network.
Its result is consumed by :mod:`gco.controllers.endpoint`, which alone has side effects.
"""

import dataclasses
from collections.abc import Collection, Iterator, Mapping

from gco.core.region.actions import (
    Action,
    Apply,
    Delete,
    ObjectRef,
    Owner,
    Refuse,
    Rendered,
    Seen,
    Wait,
    Why,
)

_DELETE_RANK = (
    "HorizontalPodAutoscaler",
    "ScaledObject",
    "HTTPRoute",
    "Ingress",
    "Service",
    "Deployment",
    "Job",
    "PodDisruptionBudget",
    "ControllerRevision",
)
"""What goes first: whoever scales, then the traffic, then the pods, then what guarded and named them."""
_ROUTES = frozenset({"HTTPRoute", "Ingress"})


def plan(
    desired: Mapping[ObjectRef, Rendered],
    observed: Mapping[ObjectRef, Seen],
    *,
    accepted: Mapping[ObjectRef, Rendered] | None = None,
    keep: Collection[ObjectRef] = (),
    adopt: bool = False,
    why: Mapping[ObjectRef, Why] | None = None,
    overdue: Collection[ObjectRef] = (),
) -> tuple[Action, ...]:
    """Return the actions that turn `observed` into `desired`, deletions last and in a safe order.

    `accepted` are objects as our last apply left them, where that differs from what was rendered:
    for the same rendered hash, that is what is expected. `keep` are objects to leave as they are.
    `adopt` makes what the original monitor made ours; else it is left alone. `why` says of objects
    that are to go what is to be said. `overdue` are objects that should have been gone by now.
    """
    claimed = {Owner.OURS, Owner.ADOPTABLE} if adopt else {Owner.OURS}
    kept = {
        ref: seen for ref, seen in observed.items() if seen.owner in claimed and ref not in keep
    }
    deletes = (
        dataclasses.replace(delete, why=(why or {}).get(delete.ref, delete.why))
        for delete in _deletes(desired, kept)
    )
    waits = (
        dataclasses.replace(action, overdue=action.ref in overdue)
        if isinstance(action, Wait)
        else action
        for action in _applies(desired, observed, accepted or {}, adopt=adopt)
    )
    return (*waits, *deletes)


def _applies(
    desired: Mapping[ObjectRef, Rendered],
    observed: Mapping[ObjectRef, Seen],
    accepted: Mapping[ObjectRef, Rendered],
    *,
    adopt: bool,
) -> Iterator[Apply | Refuse | Wait]:
    for ref, rendered in desired.items():
        match observed.get(ref):
            case None:
                yield Apply(ref, rendered, Why.MISSING)
            case Seen(deleting=True) as seen:
                yield _while_leaving(ref, rendered, seen)
            case Seen(owner=Owner.FOREIGN):
                yield Refuse(ref, Why.TAKEN)
            case Seen(owner=Owner.ADOPTABLE) if not adopt:
                yield Refuse(ref, Why.NOT_ADOPTED)
            case Seen(owner=Owner.ADOPTABLE) as seen:
                yield Apply(ref, rendered, Why.ADOPTED, uid=seen.uid)
            case seen if seen.applied_hash != rendered.hash:
                yield Apply(ref, rendered, Why.CHANGED, uid=seen.uid)
            case seen if seen.owned_hash != _expected(rendered, accepted.get(ref)):
                yield Apply(ref, rendered, Why.DRIFTED, uid=seen.uid, owned_hash=seen.owned_hash)
            case _:
                pass  # in sync


def _while_leaving(ref: ObjectRef, rendered: Rendered, seen: Seen) -> Apply | Wait:
    """Wait for the name, whosoever it was; of a route that is ours, keep the weights right meanwhile.

    Requests follow a route until it is gone: a canary there must lose its share.
    """
    steers = ref.kind in _ROUTES and seen.owner is Owner.OURS
    if steers and seen.applied_hash != rendered.hash:
        return Apply(ref, rendered, Why.CHANGED, uid=seen.uid)
    return Wait(ref, Why.LEAVING, seen.finalizers)


def _expected(rendered: Rendered, accepted: Rendered | None) -> str:
    if accepted is not None and accepted.hash == rendered.hash:
        return accepted.owned_hash
    return rendered.owned_hash


def _deletes(
    desired: Mapping[ObjectRef, Rendered], claimed: Mapping[ObjectRef, Seen]
) -> Iterator[Delete]:
    for ref in sorted(claimed.keys() - desired.keys(), key=_delete_order):
        if not claimed[ref].deleting:
            yield Delete(ref, claimed[ref].uid, Why.UNWANTED)


def _delete_order(ref: ObjectRef) -> tuple[int, ObjectRef]:
    rank = _DELETE_RANK.index(ref.kind) if ref.kind in _DELETE_RANK else len(_DELETE_RANK)
    return rank, ref
