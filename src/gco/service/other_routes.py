"""The routes of other endpoints, read only when a write could take one of them.

A path below an endpoint's own `/inference/NAME` belongs to that endpoint by its name, so most writes
need no look at other endpoints. Only a new path of another kind, in a region where the endpoint does
not have it yet, costs one listing of the store for all documents of a command.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from gco.core.fleet.resolve import region_spec
from gco.core.model.endpoint import Endpoint, EndpointState
from gco.core.model.ids import EndpointName, RegionName
from gco.core.model.route_claims import (
    Claims,
    OtherRoutes,
    RouteClaim,
    RouteKey,
    is_own_path,
    route_key,
)
from gco.core.model.routes import overlaid, route_in
from gco.core.model.spec import EndpointSpec
from gco.core.model.status import Region
from gco.service.context import Context
from gco.service.plan import Draft, present_in, regions_of


class Drafted(NamedTuple):
    """What a request makes of an endpoint, and the record that it was compared with."""

    draft: Draft
    current: Endpoint | None


async def other_routes(
    context: Context,
    drafted: Mapping[EndpointName, Drafted],
    registered: Mapping[RegionName, Region],
) -> Mapping[EndpointName, OtherRoutes]:
    """Return what each draft's route has to be compared with; raises StoreError."""
    claimed = {n: [*_claimed(d.draft, d.current, registered)] for n, d in drafted.items()}
    held = {n: frozenset(_held(d.current, registered)) for n, d in drafted.items()}
    new = {
        claim.region
        for name, claims in claimed.items()
        for claim in claims
        if (claim.region, claim.key) not in held[name] and not is_own_path(name, claim.key.path)
    }
    every: Claims | None = None
    if new:
        drafts = (claim for claims in claimed.values() for claim in claims if claim.region in new)
        stored = await _stored(context, drafted.keys(), {name: registered[name] for name in new})
        every = Claims([*drafts, *stored])
    return {
        name: OtherRoutes(held[name], every, adopted=bool(one.draft.adopts))
        for name, one in drafted.items()
    }


async def _stored(
    context: Context, drafted: Iterable[EndpointName], regions: Mapping[RegionName, Region]
) -> list[RouteClaim]:
    """Return the claims of every other endpoint; a record that cannot be read claims nothing here."""
    passed = frozenset(drafted)
    return [
        claim
        async for endpoint in context.store.list(unread=lambda _name, _error: None)
        if endpoint.name not in passed and endpoint.state is not EndpointState.DELETED
        for claim in _of(endpoint, present_in(endpoint, regions), regions)
    ]


def _claimed(
    draft: Draft, current: Endpoint | None, registered: Mapping[RegionName, Region]
) -> Iterator[RouteClaim]:
    for region in regions_of(draft, current, registered):
        yield _claim(draft.name, draft.namespace, draft.spec, region)


def _held(
    current: Endpoint | None, registered: Mapping[RegionName, Region]
) -> Iterator[tuple[RegionName, RouteKey]]:
    if current is not None:
        for claim in _of(current, present_in(current, registered), registered):
            yield claim.region, claim.key


def _of(
    endpoint: Endpoint, names: Iterable[RegionName], regions: Mapping[RegionName, Region]
) -> Iterator[RouteClaim]:
    for name in names:
        yield _claim(endpoint.name, endpoint.namespace, endpoint.spec, regions[name])


def _claim(name: EndpointName, namespace: str, spec: EndpointSpec, region: Region) -> RouteClaim:
    own = region_spec(spec, region.name)
    route = route_in(overlaid(spec.route, own.route), region)
    return RouteClaim(name, namespace, region.name, route_key(name, namespace, route))
