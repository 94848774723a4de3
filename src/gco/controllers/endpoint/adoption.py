"""Taking over what the original monitor made: whether it may be now, and the move of who owns what."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import NamedTuple

from gco.clock import Clock
from gco.cluster.port import Cluster, Manifest
from gco.controllers.endpoint.memory import Memory
from gco.core.model.names import LEADER_LEASE, MANAGER
from gco.core.model.regional import Regional
from gco.core.region.actions import Apply, ObjectRef, Seen
from gco.core.region.adoption import (
    CALM,
    calm_in,
    moved_from_maker,
    old_holder,
    to_adopt,
    unchanged,
)
from gco.core.region.causes import Cause
from gco.core.region.observed import Observed
from gco.errors import AbsentError, ClusterConflictError
from gco.kinds.registry import LEASE, kind_of

LOOK_SECONDS = 5.0
"""How often a Lease that hinders is read again; nothing is read where there is nothing to adopt."""


_TRIES = 4


class Hindrance(NamedTuple):
    """Why nothing is taken over for now."""

    cause: Cause
    seconds: float
    """After which to look again."""


async def hindrance(
    cluster: Cluster, clock: Clock, regional: Regional, observed: Observed, memory: Memory
) -> Hindrance | None:
    """Return what keeps the endpoint from taking objects over; None where nothing does.

    An old client's Lease counts until it was not renewed for its duration, a write until it is half
    a minute old; both by this process's own time, whatever the clocks of others say.
    """
    pending = to_adopt(regional, observed)
    if not pending:
        return None
    return await _leading(cluster, regional, memory) or _writing(clock, pending, memory)


async def _leading(cluster: Cluster, regional: Regional, memory: Memory) -> Hindrance | None:
    try:
        lease = await cluster.get(LEASE, regional.namespace, LEADER_LEASE)
    except AbsentError:
        return None
    held = old_holder(lease)
    if held is None:
        return None
    holder, duration = held
    since = memory.first_seen("lease", lease["metadata"]["resourceVersion"], _now())
    if _now() - since >= duration:
        return None
    message = (
        f"{holder}, an original monitor, holds the Lease {LEADER_LEASE} in {regional.namespace}; "
        "scale its Deployment to zero, and what it made is taken over by itself"
    )
    return Hindrance(Cause("AdoptionWaiting", message), LOOK_SECONDS)


def _writing(clock: Clock, pending: Mapping[ObjectRef, Seen], memory: Memory) -> Hindrance | None:
    written = max(seen.written or "" for seen in pending.values())
    if not written:
        return None
    since = memory.first_seen("written", written, _now())
    left = min(calm_in(written, clock.now()), since + CALM.total_seconds() - _now())
    if left <= 0:
        return None
    message = (
        f"another client wrote these objects at {written}; they are taken over once nobody has for "
        "half a minute; stop whatever still writes them"
    )
    return Hindrance(Cause("AdoptionWaiting", message), left)


async def take_from_maker(
    cluster: Cluster, namespace: str, action: Apply, read: Callable[[], Awaitable[Manifest]]
) -> None:
    """Move what the object's maker holds of it into ours, so that the apply that follows decides.

    `read` gets the object afresh. Raises ClusterConflictError where it is no longer what `action`
    was decided on: its own controllers write all the time, and change neither spec nor generation.
    """
    live = await read()
    generation = live["metadata"].get("generation")
    if not unchanged(action, live):
        raise ClusterConflictError(f"{action.ref} was changed before it was taken over")
    for left in reversed(range(_TRIES)):
        operations = moved_from_maker(live, action.rendered.manifest)
        if operations is None:
            return
        try:
            await cluster.patch(
                kind_of(live), namespace, action.ref.name, operations, manager=MANAGER
            )
        except ClusterConflictError:
            live = await read()
            if not left or live["metadata"].get("generation") != generation:
                raise
        else:
            return


def _now() -> float:
    return asyncio.get_running_loop().time()
