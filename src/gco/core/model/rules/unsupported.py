"""Fields that are known but do nothing yet: refused, so that nothing is ignored in silence."""

from collections.abc import Iterator
from typing import Final

from gco.core.model.allowed import Path
from gco.core.model.base import Model
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.spec import InferenceEndpoint, Route, RouteBackend

NOT_YET: Final = (
    ("EndpointSpec", "model"),
    ("EndpointSpec", "autoscaling"),
    ("EndpointSpec", "canary"),
    ("RegionSpec", "autoscaling"),
    ("Route", "auth"),
)
"""The class and the field of each, as written."""
_ALLOWED: Final = "not supported yet; leave it out"
_BACKENDS: Final = "alb or nginx; gateway is not supported yet"


def not_supported_yet(document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    """Refuse what a later version brings."""
    spec = document.spec
    yield from _fields(("spec",), spec)
    yield from _route(("spec", "route"), spec.route)
    for number, region in enumerate(spec.regions or ()):
        path: Path = ("spec", "regions", number)
        yield from _fields(path, region)
        yield from _route((*path, "route"), region.route)
    yield from _gateway_by_default(document, known)


def _fields(path: Path, stated: Model) -> Iterator[Finding]:
    written = stated.model_dump(mode="json", exclude_none=True)
    for owner, field in NOT_YET:
        if owner == type(stated).__name__ and field in written:
            yield Finding((*path, field), written[field], _ALLOWED)


def _route(path: Path, route: Route | None) -> Iterator[Finding]:
    if route is None:
        return
    yield from _fields(path, route)
    if route.backend is RouteBackend.GATEWAY:
        yield Finding((*path, "backend"), route.backend, _BACKENDS)


def _gateway_by_default(document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    """A region whose own backend is a gateway serves no route that does not say another."""
    spec = document.spec
    if spec.route is not None and spec.route.backend is not None:
        return
    own = {region.name: region for region in spec.regions or ()}
    for region in known.regions or ():
        stated = own.get(region.name)
        if region.route_backend != "gateway" or (own and stated is None):
            continue
        if stated is None or stated.route is None or stated.route.backend is None:
            yield Finding(("spec", "route", "backend"), f"gateway, by {region.name}", _BACKENDS)
