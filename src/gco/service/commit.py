"""Read, decide, write on condition of what was read; and what to do when someone else was faster.

An edit that says what to do to whatever is there (scale, stop) is decided anew on the fresh record.
A whole document was written with a certain state in mind: it is decided anew only while the revision
is still the one it was compared with (the fleet alone wrote), else the person is told what changed.
"""

import dataclasses
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from gco.core.fleet.changes import describe
from gco.core.fleet.diff import diff_specs
from gco.core.model.endpoint import Endpoint, EndpointState, TargetState, Write
from gco.core.model.ids import EndpointName, EndpointUid, RegionName, RevisionNumber
from gco.core.model.status import Region
from gco.errors import (
    ConflictError,
    InvalidSpecError,
    NotFoundError,
    Problem,
    UnreadableError,
    UnsupportedStateError,
)
from gco.service.bases import canary_base
from gco.service.batches import in_batches
from gco.service.context import Context
from gco.service.other_routes import Drafted, other_routes
from gco.service.plan import Asker, Draft, Plan, plan
from gco.service.restored import highest_seen, lost_one
from gco.service.results import Applied, Outcome
from gco.store.port import MAX_WRITES
from gco.store.rules import MAX_ASKED_BYTES, SMALLER, write_size

TRIES = 8
"""Attempts at one write before the conflict is the caller's."""
_BATCH_BYTES = 3_000_000
"""A transaction takes 4 MB; conditions and the change entry take their part."""


Registered: TypeAlias = Mapping[RegionName, Region]


class Request(NamedTuple):
    """What is asked of one endpoint, given what is there (None: nothing)."""

    name: EndpointName
    draft: Callable[[Endpoint | None, Registered], Draft]


async def commit(
    context: Context, requests: Sequence[Request], *, dry_run: bool, rebase: bool
) -> Sequence[Applied]:
    """Carry out `requests`, all checked before any is stored; return what became of each.

    `rebase`: the requests may be decided again on top of someone else's edit. A record that cannot be
    read stops only the request about it: UnreadableError where that is the only one, else its
    outcome says so.
    """
    plans = await _plan_all(context, requests)
    if not dry_run:
        by_name = {request.name: request for request in requests}
        batches = {tuple(one.applied.name for one in batch): batch for batch in _batches(plans)}

        async def store(names: Sequence[EndpointName]) -> None:
            nonlocal plans
            plans |= await _store(context, batches[tuple(names)], by_name, rebase=rebase)

        def is_stored(name: EndpointName, now: Endpoint | None) -> bool:
            return _is_same(now, plans[name].write)

        await in_batches(context, list(batches), store, is_stored)
    return [
        plans[request.name].applied.model_copy(update={"dry_run": dry_run}) for request in requests
    ]


def _is_same(now: Endpoint | None, write: Write | None) -> bool:
    """Whether what is stored is what was to be written, whoever wrote it."""
    wanted = None if write is None else write.endpoint
    return (
        now is not None
        and wanted is not None
        and (now.spec, now.labels, now.state) == (wanted.spec, wanted.labels, wanted.state)
    )


async def _plan_all(context: Context, requests: Sequence[Request]) -> dict[EndpointName, Plan]:
    registry = await context.registry()
    registered = registry.regions
    unread: dict[EndpointName, UnreadableError] = {}
    names = [request.name for request in requests]
    found = await context.store.get_many(names, unread=unread.__setitem__)
    seen = await highest_seen(context, found)
    drafted: dict[EndpointName, Drafted] = {}
    plans: dict[EndpointName, Plan] = {}
    problems: list[Problem] = []
    for request in requests:
        if request.name in unread:
            continue
        current = found.get(request.name)
        try:
            _refuse_deleted(current)
            draft = request.draft(current, registered)
            base = await canary_base(context, draft.spec, current)
            drafted[request.name] = Drafted(dataclasses.replace(draft, base=base), current)
        except InvalidSpecError as error:
            problems += _located(request.name, error, alone=len(requests) == 1)
        except UnreadableError as error:  # the revision that its canary runs
            unread[request.name] = error
    routes = await other_routes(context, drafted, registered)
    for name, (draft, current) in drafted.items():
        try:
            asker = _asker(context, draft, current, registered, seen)
            plans[name] = plan(draft, current, registry, asker, routes[name])
            _check_size(plans[name].write)
        except InvalidSpecError as error:
            problems += _located(name, error, alone=len(requests) == 1)
        except UnreadableError as error:  # the record of a region that the request is about
            unread[name] = error
    if problems:
        raise InvalidSpecError(problems)
    if unread and len(requests) == 1:
        raise next(iter(unread.values()))
    plans |= {name: _unreadable(context, name, error) for name, error in unread.items()}
    return plans


def _unreadable(context: Context, name: EndpointName, error: UnreadableError) -> Plan:
    """Return the plan that leaves as it is what this version cannot read."""
    applied = Applied(
        name=name,
        outcome=Outcome.UNREADABLE,
        dry_run=False,
        revision=RevisionNumber(0),
        previous=None,
        actor=context.actor,
        reason="",
        changes=(),
        error=str(error),
    )
    return Plan(None, None, applied)


def _check_size(write: Write | None) -> None:
    """Refuse before anything is written what a store has no room for, in dry runs as well."""
    size = write_size(write).largest if write is not None else 0
    if size > MAX_ASKED_BYTES:
        allowed = f"at most {MAX_ASKED_BYTES:,} bytes in a record: {SMALLER}"
        raise InvalidSpecError([Problem("spec", f"{size:,} bytes", allowed)])


def _asker(
    context: Context,
    draft: Draft,
    current: Endpoint | None,
    registered: Registered,
    seen: Mapping[EndpointName, RevisionNumber],
) -> Asker:
    lost = lost_one(registered, draft.namespace, draft.name) if current is None else None
    uid = EndpointUid(str(uuid.uuid4())) if lost is None else lost.uid
    highest = seen.get(draft.name, 0) if lost is None else lost.revision
    return Asker(context.actor, context.clock.now(), uid, highest)


def _located(name: EndpointName, error: InvalidSpecError, *, alone: bool) -> Iterator[Problem]:
    """Problems of one of several documents, with its name in front."""
    for problem in error.problems:
        path = problem.path if alone else f"{name}: {problem.path}"
        yield Problem(path, problem.given, problem.allowed)


def _refuse_deleted(current: Endpoint | None) -> None:
    if current is None or current.state is not EndpointState.DELETED:
        return
    left = [r for r, t in current.targets.items() if t.state is TargetState.DELETED]
    raise UnsupportedStateError(
        f"{current.name} is being deleted (waiting for {', '.join(left) or 'the fleet'}); "
        f"`gco wait {current.name} --for deleted`, then ask again"
    )


def _batches(plans: Mapping[EndpointName, Plan]) -> Iterator[list[Plan]]:
    """Plans that write something, in transactions as large as the store takes."""
    batch: list[Plan] = []
    size = 0
    for one in plans.values():
        if one.write is None or one.write.endpoint is None:
            continue
        weight = write_size(one.write).total
        if batch and (len(batch) == MAX_WRITES or size + weight > _BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(one)
        size += weight
    if batch:
        yield batch


async def _store(
    context: Context,
    batch: Sequence[Plan],
    requests: Mapping[EndpointName, Request],
    *,
    rebase: bool,
) -> Mapping[EndpointName, Plan]:
    """Write one batch; return its plans as they were in the end."""
    plans = {one.applied.name: one for one in batch}
    for attempt in range(1, TRIES + 1):
        writes = [one.write for one in plans.values() if one.write is not None]
        try:
            if writes:
                await context.store.write(writes)
        except ConflictError as error:
            if attempt == TRIES:
                raise
            if not rebase:
                await _refuse_overtaken(context, plans, error)
        else:
            break
        plans = await _plan_all(context, [requests[name] for name in plans])
    return plans


async def _refuse_overtaken(
    context: Context, plans: Mapping[EndpointName, Plan], error: ConflictError
) -> None:
    """Raise ConflictError where a person's edit came between; the fleet's own writes do not count."""
    unread: dict[EndpointName, UnreadableError] = {}
    found = await context.store.get_many(list(plans), unread=unread.__setitem__)
    for name, one in plans.items():
        fresh = found.get(name)
        if name not in unread and _edition(fresh) != _edition(one.current):
            raise ConflictError(await _what_changed(context, name, one.current, fresh)) from error


def _edition(endpoint: Endpoint | None) -> tuple[object, ...]:
    if endpoint is None:
        return ()
    return endpoint.uid, endpoint.revision, endpoint.state is EndpointState.DELETED


async def _what_changed(
    context: Context, name: EndpointName, read: Endpoint | None, fresh: Endpoint | None
) -> str:
    if fresh is None:
        return f"{name} was deleted meanwhile"
    if fresh.state is EndpointState.DELETED:
        return f"{name} is being deleted since {fresh.deleted_at}"
    told = await _by_whom(context, fresh)
    if read is None or read.uid != fresh.uid:
        return f"{name} was created meanwhile{told}"
    edits = describe(diff_specs(read.spec, fresh.spec, labels=(read.labels, fresh.labels)), limit=5)
    return (
        f"{name} was changed meanwhile{told}: revision {read.revision} → {fresh.revision} "
        f"({edits}); look at it and ask again"
    )


async def _by_whom(context: Context, fresh: Endpoint) -> str:
    try:
        revision = await context.store.revision(fresh.name, fresh.uid, fresh.revision)
    except NotFoundError:
        return ""  # purged between the two reads
    return f" by {revision.actor}"
