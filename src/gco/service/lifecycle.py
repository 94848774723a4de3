"""Deletion: a tombstone first, a question first where it is many, and no harm in asking twice."""

import datetime as dt
from collections.abc import Mapping, Sequence

from gco.core.fleet.targets import deleted_targets
from gco.core.model.endpoint import Endpoint, EndpointState, Write
from gco.core.model.ids import Actor, EndpointName, Generation, RevisionNumber
from gco.errors import ConfirmationError, ConflictError, HalfDoneError, UnreadableError
from gco.service.batches import in_batches
from gco.service.commit import TRIES
from gco.service.context import Context
from gco.service.restored import highest_seen
from gco.service.results import Deleted
from gco.store.port import MAX_WRITES

CONFIRM_SHARE = 0.2
"""The share of all endpoints that one actor may delete without a confirmation …"""
CONFIRM_WINDOW = dt.timedelta(minutes=10)
"""… within this time."""


async def delete(
    context: Context,
    names: Sequence[EndpointName],
    *,
    confirmed: bool,
    missing_ok: bool,
    discard: bool,
) -> Sequence[Deleted]:
    """See :meth:`gco.service.Service.delete`."""
    asked = list(dict.fromkeys(names))
    unread: dict[EndpointName, UnreadableError] = {}
    found: Mapping[EndpointName, Endpoint] = await context.store.get_many(
        asked, unread=unread.__setitem__
    )
    for name in asked:
        if name not in found and name not in unread and not missing_ok:
            raise await context.not_found(name)
    fresh = [n for n in asked if n in found and not _deleted(found[n])]
    if fresh and not confirmed:
        await _ask(context, len(fresh))

    async def store(batch: Sequence[EndpointName]) -> None:
        nonlocal found
        found = {**found, **await _bury(context, batch)}

    batches = [fresh[start : start + MAX_WRITES] for start in range(0, len(fresh), MAX_WRITES)]
    await in_batches(context, batches, store, lambda _, now: now is None or _deleted(now))
    if unread and not discard:
        _refuse_unread(unread, [name for name in asked if name in found])
    for name in unread:
        await context.store.discard(name)
    return [
        Deleted(name=name, already=False, regions=(), discarded=True)
        if name in unread
        else _result(found[name], already=name not in fresh)
        for name in asked
        if name in found or name in unread
    ]


def _refuse_unread(
    unread: Mapping[EndpointName, UnreadableError], deleted: Sequence[EndpointName]
) -> None:
    """Raise what cannot be read, with the exact way on; the others are deleted."""
    name, error = next(iter(unread.items()))
    unreadable = UnreadableError(
        f"{error}. `gco delete {name} --discard-unreadable` removes the record alone: what runs in its "
        "regions stays until the endpoint is applied and deleted again"
    )
    if not deleted:
        raise unreadable
    raise HalfDoneError(unreadable, stored=deleted, unknown=(), not_stored=list(unread)) from error


async def _bury(context: Context, names: Sequence[EndpointName]) -> Mapping[EndpointName, Endpoint]:
    """Write the tombstones of one batch; whatever came between, the delete wins."""
    for _ in range(TRIES - 1):
        try:
            return await _bury_once(context, names)
        except ConflictError:
            continue  # someone was faster: bury what is there now
    return await _bury_once(context, names)


async def _bury_once(
    context: Context, names: Sequence[EndpointName]
) -> Mapping[EndpointName, Endpoint]:
    found = await context.store.get_many(names)
    alive = {name: endpoint for name, endpoint in found.items() if not _deleted(endpoint)}
    seen = await highest_seen(context, alive)
    buried = {
        name: _tombstone(context, endpoint, seen.get(name, endpoint.revision))
        for name, endpoint in alive.items()
    }
    if buried:
        await context.store.write([Write(n, found[n].generation, e) for n, e in buried.items()])
    return {**found, **buried}


def _tombstone(context: Context, endpoint: Endpoint, seen: RevisionNumber) -> Endpoint:
    now = context.clock.now()
    return endpoint.model_copy(
        update={
            "state": EndpointState.DELETED,
            "targets": deleted_targets(endpoint.targets, seen),
            "generation": Generation(endpoint.generation + 1),
            "updated_at": now,
            "deleted_at": now,
            "deleted_by": context.actor,
        }
    )


async def _ask(context: Context, count: int) -> None:
    """Raise ConfirmationError where this actor would have deleted a large part within minutes.

    A record that cannot be read counts for nothing: neither as one that stays, nor as one that this
    actor deleted.
    """
    every = await context.shown_endpoints()
    since = context.clock.now() - CONFIRM_WINDOW
    before = sum(_deleted_by(e, context.actor, since) for e in every)
    total = before + count
    if total > 1 and total > CONFIRM_SHARE * len(every):
        already = f", {before} of them already" if before else ""
        raise ConfirmationError(
            f"this makes {total} of {len(every)} endpoints that {context.actor} deletes within ten "
            f"minutes{already}; confirm it with --yes"
        )


def _deleted(endpoint: Endpoint) -> bool:
    return endpoint.state is EndpointState.DELETED


def _deleted_by(endpoint: Endpoint, actor: Actor, since: dt.datetime) -> bool:
    return (
        endpoint.deleted_by == actor
        and endpoint.deleted_at is not None
        and endpoint.deleted_at >= since
    )


def _result(endpoint: Endpoint, *, already: bool) -> Deleted:
    return Deleted(name=endpoint.name, already=already, regions=tuple(endpoint.targets))
