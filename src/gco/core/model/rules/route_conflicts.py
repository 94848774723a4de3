"""Routes of several endpoints: none takes the requests of another, and overlaps are explained."""

from collections.abc import Iterator, Sequence
from typing import Final

from gco.core.model.ids import EndpointName
from gco.core.model.names import default_route_path
from gco.core.model.route_claims import (
    Claims,
    OtherRoutes,
    RouteClaim,
    answers_first,
    collide,
    is_own_path,
    owner_of_path,
    route_key,
)
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.rules.routes import Place, places
from gco.core.model.spec import InferenceEndpoint, RouteBackend

_SHOWN: Final = 3
"""How many other endpoints a warning names."""


def route_conflicts(document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    """No region's route is that of another endpoint, or inside its default path."""
    if known.routes is None:
        return
    found = (
        finding
        for place in places(document.spec, known)
        for finding in _of_place(document, place, known.routes)
    )
    yield from dict.fromkeys(found)


def _of_place(document: InferenceEndpoint, place: Place, routes: OtherRoutes) -> Iterator[Finding]:
    name, namespace = EndpointName(document.metadata.name), document.metadata.namespace
    if place.region is None:
        return
    key = route_key(name, namespace, place.resolved)
    if (place.region.name, key) in routes.held or is_own_path(name, key.path):
        return
    owner = owner_of_path(key.path)
    if owner is not None and key.path not in {held.path for _, held in routes.held}:
        allowed = (
            f"{default_route_path(name)} or a path outside /inference: "
            f"{default_route_path(EndpointName(owner))} belongs to the endpoint {owner}"
        )
        yield Finding(place.at("path"), key.path, allowed, warning=routes.adopted)
        return
    if routes.claims is not None:
        mine = RouteClaim(name, namespace, place.region.name, key)
        yield from _compared(place, mine, routes.claims, adopted=routes.adopted)


def _compared(
    place: Place, mine: RouteClaim, claims: Claims, *, adopted: bool
) -> Iterator[Finding]:
    overlapping = sorted(claims.overlapping(mine), key=lambda claim: claim.endpoint)
    taken = [other for other in overlapping if collide(mine.key, other.key)]
    for other in taken[:1]:
        allowed = f"another path or host: the endpoint {other.endpoint} has this one"
        yield Finding(place.at("path"), _shown(mine), allowed, warning=adopted)
    others = [other for other in overlapping if other not in taken]
    behind = [other for other in others if answers_first(mine, other) == mine]
    if behind:
        allowed = f"takes requests of {_listed(behind)}, as {_order(mine)}"
        yield Finding(place.at("path"), _shown(mine), allowed, warning=True)
    before = [other for other in others if other not in behind]
    if before:
        allowed = f"gets no requests for {_listed(before)}, as {_order(mine)}"
        yield Finding(place.at("path"), _shown(mine), allowed, warning=True)


def _shown(claim: RouteClaim) -> str:
    return f"{claim.key.host}{claim.key.path}"


def _listed(claims: Sequence[RouteClaim]) -> str:
    listed = ", ".join(f"{claim.endpoint} ({_shown(claim)})" for claim in claims[:_SHOWN])
    return listed if len(claims) <= _SHOWN else f"{listed} and {len(claims) - _SHOWN} more"


def _order(claim: RouteClaim) -> str:
    if claim.key.backend is RouteBackend.ALB:
        return "a shared ALB asks its Ingresses in the order of their names"
    return "the more specific host wins, then the longer path"
