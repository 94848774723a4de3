"""Registered regions: what they have, what runs there, and how one is forgotten."""

import asyncio
import datetime as dt
from collections.abc import Iterable, Sequence

from gco.core.fleet.progress import region_done, wanted_targets
from gco.core.fleet.summary import silent_for
from gco.core.model.endpoint import Endpoint, EndpointState, RegionTarget, TargetState, Write
from gco.core.model.ids import EndpointName, Generation, RegionName, RevisionNumber
from gco.core.model.status import Region, RegionStatus
from gco.errors import ConflictError, UnsupportedStateError
from gco.service.commit import TRIES
from gco.service.context import Context
from gco.service.plan import revision_of
from gco.service.results import RegionInfo


async def list_regions(context: Context) -> Sequence[RegionInfo]:
    """See :meth:`gco.service.Service.regions`."""
    registered = await context.shown_regions()
    endpoints = await context.shown_endpoints()
    said = await asyncio.gather(*(context.shown_statuses(region.name) for region in registered))
    now = context.clock.now()
    return [
        _info(region, endpoints, statuses, now)
        for region, statuses in zip(registered, said, strict=True)
    ]


async def forget(context: Context, name: RegionName, *, force: bool) -> Sequence[EndpointName]:
    """See :meth:`gco.service.Service.forget_region`."""
    registry = await context.registry()
    if not (force and name in registry.unread):
        registry.known(name)
    # An endpoint whose record cannot be read may be there: only force passes it over.
    every = await context.shown_endpoints() if force else [e async for e in context.store.list()]
    there = [e for e in every if name in e.targets]
    if not force:
        _refuse_used(registry.known(name), there, context.clock.now())
    _refuse_last(name, there)
    for endpoint in there:
        await _drop_target(context, endpoint.name, name)
    await context.store.remove_region(name)
    return [endpoint.name for endpoint in there]


def _info(
    region: Region,
    endpoints: Iterable[Endpoint],
    statuses: Iterable[RegionStatus],
    now: dt.datetime,
) -> RegionInfo:
    silence = silent_for(region, now)
    said = {status.name: status for status in statuses}
    targets = {e.name: e.targets[region.name] for e in endpoints if region.name in e.targets}
    wanted = {n: t for n, t in targets.items() if t.state is not TargetState.DELETED}
    ready = sum(region_done(target, said.get(name)) for name, target in wanted.items())
    return RegionInfo(
        region=region,
        silent_seconds=None if silence is None else silence.total_seconds(),
        endpoints=len(targets),
        ready=ready if silence is None else None,
    )


def _refuse_used(region: Region, there: Sequence[Endpoint], now: dt.datetime) -> None:
    if silent_for(region, now) is None:
        raise UnsupportedStateError(
            f"{region.name} is alive (heartbeat {region.heartbeat:%H:%M:%S} UTC) and would register "
            "again; stop its monitor first, or force it"
        )
    if there:
        names = ", ".join(endpoint.name for endpoint in there)
        raise UnsupportedStateError(
            f"{region.name} still has {names}; remove the region from them first, or force it and "
            "whatever runs there is left alone"
        )


def _refuse_last(name: RegionName, there: Sequence[Endpoint]) -> None:
    only = [e.name for e in there if list(wanted_targets(e)) == [name]]
    if only:
        raise UnsupportedStateError(
            f"{', '.join(only)} would be left without any region; delete them first"
        )


async def _drop_target(context: Context, name: EndpointName, region: RegionName) -> None:
    """Write the endpoint without a target in `region`, and its spec without naming it."""
    for attempt in range(1, TRIES + 1):
        endpoint = (await context.store.get_many([name])).get(name)
        if endpoint is None or region not in endpoint.targets:
            return
        _refuse_last(region, [endpoint])
        try:
            await context.store.write([_without(context, endpoint, region)])
        except ConflictError:
            if attempt == TRIES:
                raise
        else:
            return


def _without(context: Context, endpoint: Endpoint, region: RegionName) -> Write:
    """The endpoint without a target in `region`; its other regions go on as they were."""
    left = {r: t for r, t in endpoint.targets.items() if r != region}
    fields: dict[str, object] = {
        "targets": left,
        "generation": Generation(endpoint.generation + 1),
        "updated_at": context.clock.now(),
    }
    stated = endpoint.spec.regions or ()
    regions = tuple(r for r in stated if r.name != region)
    if regions == stated or endpoint.state is EndpointState.DELETED:
        return Write(endpoint.name, endpoint.generation, endpoint.model_copy(update=fields))
    number = RevisionNumber(endpoint.revision + 1)
    changed = endpoint.model_copy(
        update={
            **fields,
            "spec": endpoint.spec.model_copy(update={"regions": regions}),
            "revision": number,
            "targets": {r: _renumbered(t, number) for r, t in left.items()},
        }
    )
    reason = f"region {region} was forgotten"
    revision = revision_of(changed, context.actor, reason)
    return Write(endpoint.name, endpoint.generation, changed, revision)


def _renumbered(target: RegionTarget, number: RevisionNumber) -> RegionTarget:
    if target.state is TargetState.DELETED:
        return target
    return target.model_copy(update={"revision": number})
