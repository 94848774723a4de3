"""What an endpoint waits for on its way out, for how long, and what a person can do meanwhile.

A pod on a node that is gone stays in the API until somebody removes the pod or the node: its kubelet
is the one that confirms an end. A ScaledObject stays while KEDA's operator is gone, and any object while
the controller of its finalizer is. None of them serves any longer, so none is waited for without a bound.
"""

import dataclasses
import datetime as dt
from collections.abc import Iterator
from typing import Final

from gco.core.model.canary import canary_name
from gco.core.model.ids import EndpointName
from gco.core.model.regional import Regional
from gco.core.region.actions import ObjectRef, Owner
from gco.core.region.autoscalers import Autoscalers
from gco.core.region.observe import Child
from gco.core.region.observed import Observed
from gco.core.region.pods import PodRecord, Pods
from gco.kinds.finalizers import kept_by, release_command
from gco.kinds.registry import DEPLOYMENT

LATE: Final = dt.timedelta(seconds=60)
"""How long after its grace period a pod that has not ended is named in the status."""
GIVEN_UP: Final = dt.timedelta(minutes=5)
"""How long after its grace period a pod is waited for. Its route is gone and its node silent by then:
nothing reaches it, and the API keeps its share of the node reserved for as long as it is there.
Also how long after its deletion an object with a finalizer is waited for: nothing more can be done to
it, and it goes by itself once the finalizer does."""
COUNT_TAKEN: Final = dt.timedelta(seconds=60)
"""How long a ScaledObject may take to leave before the replica count is taken from it. KEDA scales no
ScaledObject that is being deleted, whether its operator runs or not."""
_NAMED: Final = 3


def waited_for(observed: Observed, name: EndpointName, now: dt.datetime) -> Observed:
    """Return `observed` as it counts at `now`: without what is waited for no longer.

    A Deployment that is being deleted is waited for while it has pods: they hold accelerators, and
    nothing but its finalizer keeps them.
    """
    canary = dataclasses.replace(observed.canary, pods=_counted(observed.canary.pods, now))
    return dataclasses.replace(
        observed,
        pods=_counted(observed.pods, now),
        canary=canary,
        autoscalers=_scaling(observed.autoscalers, now),
        given_up=frozenset(_given_up(observed, name, now)),
    )


def changes_in(observed: Observed, name: EndpointName, now: dt.datetime) -> float | None:
    """Return after how many seconds time alone changes what is waited for, or named; None for never."""
    ends = [end for end in _ends(observed, name) if end > now]
    return (min(ends) - now).total_seconds() if ends else None


def pods_left(pods: Pods, namespace: str) -> str:
    """Return which pods have not ended in time, and how to end them; empty where none is late."""
    if not pods.late:
        return ""
    listed = [_named(name, record) for name, record in sorted(pods.late.items())]
    more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
    first = min(pods.late)
    return (
        f"{', '.join(listed[:_NAMED])}{more} not ended in its grace period; if the node is gone for "
        f"good, run `kubectl delete pod {first} -n {namespace} --force`"
    )


def objects_left(regional: Regional, observed: Observed) -> str:
    """Return which objects keep a finalizer, and how to go on; empty where none does."""
    seen = observed.seen(regional.name, regional.spec.uid)
    kept = sorted(
        ref for ref, record in seen.items() if record.owner is Owner.OURS and record.finalizers
    )
    if not kept:
        return ""
    listed = [f"{ref} keeps its {kept_by(seen[ref].finalizers)}" for ref in kept[:_NAMED]]
    more = f" and {len(kept) - _NAMED} more" if len(kept) > _NAMED else ""
    return f"{', '.join(listed)}{more}; {how_to_release(kept[0], regional.namespace)}"


def how_to_release(ref: ObjectRef, namespace: str) -> str:
    """Return how to go on where a finalizer keeps `ref`."""
    command = release_command(ref.kind, ref.name, namespace)
    return f"check that the finalizer's controller runs; if it is gone for good, run {command}"


def unowned(pods: Pods) -> str:
    """Return which pods only look like the endpoint's; empty where none does."""
    if not pods.unowned:
        return ""
    listed = ", ".join(sorted(pods.unowned)[:_NAMED])
    return f"not counted, since no ReplicaSet owns it: pod {listed}; delete it if nobody needs it"


def _named(name: str, record: PodRecord) -> str:
    node = f" on node {record.node}" if record.node else ""
    kept = f" ({kept_by(record.finalizers)})" if record.finalizers else ""
    return f"pod {name}{node}{kept} has"


def _counted(pods: Pods, now: dt.datetime) -> Pods:
    late = {name: r for name, r in pods.ending.items() if _since(r) <= now - LATE}
    lost = sum(_since(record) <= now - GIVEN_UP for record in late.values())
    return dataclasses.replace(pods, leaving=len(pods.ending) - lost, late=late) if late else pods


def _since(record: PodRecord) -> dt.datetime:
    """Return when the pod's grace period was over: a pod that is ending states it."""
    return record.leaving_since or dt.datetime.max.replace(tzinfo=dt.UTC)


def _scaling(found: Autoscalers, now: dt.datetime) -> Autoscalers:
    left = {
        name
        for name, record in found.scaled.items()
        if record.leaving_since is not None and record.leaving_since <= now - COUNT_TAKEN
    }
    return dataclasses.replace(found, given_up=frozenset(left)) if left else found


def _given_up(observed: Observed, name: EndpointName, now: dt.datetime) -> Iterator[ObjectRef]:
    for pods, records in _owned(observed, name):
        for ref, record in records:
            late = record.leaving_since is not None and record.leaving_since <= now - GIVEN_UP
            if late and not (ref.kind == DEPLOYMENT.name and pods.count):
                yield ref


def _owned(
    observed: Observed, name: EndpointName
) -> tuple[tuple[Pods, Iterator[tuple[ObjectRef, Child]]], ...]:
    """Return the endpoint's own pods and objects, and its canary's."""
    canary = observed.canary
    return (
        (observed.pods, observed.records(name)),
        (canary.pods, canary.records(canary_name(name))),
    )


def _ends(observed: Observed, name: EndpointName) -> Iterator[dt.datetime]:
    for _, records in _owned(observed, name):
        for _, child in records:
            if child.leaving_since is not None:
                yield child.leaving_since + GIVEN_UP
    for pods in (observed.pods, observed.canary.pods):
        for record in pods.ending.values():
            if record.leaving_since is not None:
                yield record.leaving_since + LATE
                yield record.leaving_since + GIVEN_UP
    for scaled in observed.autoscalers.scaled.values():
        if scaled.leaving_since is not None:
            yield scaled.leaving_since + COUNT_TAKEN
