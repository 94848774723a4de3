"""Endpoints as people see them: the record, and what every region says of it by now."""

import asyncio
import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from gco.core.fleet.resolve import path_in
from gco.core.fleet.summary import RegionView, by_region, roll_up, view_region
from gco.core.model.endpoint import Endpoint, EndpointState, TargetState
from gco.core.model.ids import EndpointName, RegionName
from gco.core.model.names import default_route_path
from gco.core.model.status import Region, RegionStatus
from gco.service.context import Context
from gco.service.results import EndpointView

Statuses = Mapping[RegionName, Mapping[EndpointName, RegionStatus]]


async def get(context: Context, name: EndpointName) -> EndpointView:
    """See :meth:`gco.service.Service.get`."""
    return await view(context, await context.existing(name))


async def list_views(context: Context) -> Sequence[EndpointView]:
    """See :meth:`gco.service.Service.list`."""
    return await _views(context, await context.shown_endpoints())


async def status(context: Context, names: Sequence[EndpointName]) -> Sequence[EndpointView]:
    """See :meth:`gco.service.Service.status`."""
    if not names:
        return await list_views(context)
    found = await context.store.get_many(names)
    for name in names:
        if name not in found:
            raise await context.not_found(name)
    return await _views(context, [found[name] for name in names])


async def view(context: Context, endpoint: Endpoint) -> EndpointView:
    """Return one endpoint's view, in two reads."""
    wanted = {endpoint.name: list(endpoint.targets)}
    regions, said = await asyncio.gather(context.shown_regions(), context.shown_statuses_of(wanted))
    registered = {region.name: region for region in regions}
    return build_view(endpoint, by_region(said), registered, context.clock.now())


def build_view(
    endpoint: Endpoint,
    statuses: Mapping[RegionName, RegionStatus],
    registered: Mapping[RegionName, Region],
    now: dt.datetime,
) -> EndpointView:
    """Return what a person sees of `endpoint`, given what its regions said."""
    rows = tuple(
        view_region(
            name,
            target,
            statuses.get(name),
            registered.get(name),
            now,
            path=_path(endpoint, registered.get(name)),
        )
        for name, target in endpoint.targets.items()
    )
    wanted = [row for row in rows if row.target is not TargetState.DELETED]
    return EndpointView(
        **{field: getattr(endpoint, field) for field in _COPIED},
        ready=_ready(endpoint, wanted),
        failed=any(row.failed for row in wanted),
        summary=roll_up(endpoint, rows),
        regions=rows,
    )


async def _views(context: Context, endpoints: Sequence[Endpoint]) -> Sequence[EndpointView]:
    registered = {region.name: region for region in await context.shown_regions()}
    regions = sorted({region for endpoint in endpoints for region in endpoint.targets})
    lists = await asyncio.gather(*(context.shown_statuses(region) for region in regions))
    said = dict(zip(regions, map(_by_name, lists), strict=True))
    now = context.clock.now()
    return [build_view(e, _said_of(e, said), registered, now) for e in endpoints]


def _said_of(endpoint: Endpoint, said: Statuses) -> Mapping[RegionName, RegionStatus]:
    return {
        region: said[region][endpoint.name]
        for region in endpoint.targets
        if endpoint.name in said[region]
    }


def _by_name(statuses: Iterable[RegionStatus]) -> Mapping[EndpointName, RegionStatus]:
    return {status.name: status for status in statuses}


def _ready(endpoint: Endpoint, wanted: Sequence[RegionView]) -> bool:
    if endpoint.state is EndpointState.DELETED or not wanted:
        return False
    return all(row.done for row in wanted)


def _path(endpoint: Endpoint, region: Region | None) -> str:
    stated = None if region is None else path_in(endpoint.spec, region.name)
    return stated or default_route_path(endpoint.name)


_COPIED = (
    "name",
    "uid",
    "namespace",
    "labels",
    "state",
    "revision",
    "generation",
    "created_at",
    "updated_at",
    "deleted_at",
    "spec",
)
