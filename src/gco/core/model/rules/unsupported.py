"""Fields that are known but do nothing yet: refused, so that nothing is ignored in silence."""

from collections.abc import Iterator
from typing import Final

from gco.core.model.allowed import Path
from gco.core.model.base import Model
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.spec import InferenceEndpoint, Route, RouteBackend

_NOT_YET: Final = "not supported yet; leave it out"
_BACKENDS: Final = "alb or nginx; gateway is not supported yet"


def not_supported_yet(document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    """Refuse what a later version brings."""
    spec = document.spec
    for field, name in (
        ("model", "model"),
        ("autoscaling", "autoscaling"),
        ("canary", "canary"),
        ("pod_overrides", "podOverrides"),
    ):
        if (stated := getattr(spec, field)) is not None:
            yield Finding(("spec", name), _brief(stated), _NOT_YET)
    yield from _route(("spec", "route"), spec.route)
    for number, region in enumerate(spec.regions or ()):
        path: Path = ("spec", "regions", number)
        if region.autoscaling is not None:
            yield Finding((*path, "autoscaling"), _brief(region.autoscaling), _NOT_YET)
        yield from _route((*path, "route"), region.route)
    yield from _gateway_by_default(document, known)


def _brief(stated: object) -> object:
    """Return what was stated, as it was."""
    return (
        stated.model_dump(mode="json", exclude_none=True) if isinstance(stated, Model) else stated
    )


def _route(path: Path, route: Route | None) -> Iterator[Finding]:
    if route is None:
        return
    if route.auth is not None:
        yield Finding((*path, "auth"), route.auth, _NOT_YET)
    if route.backend is RouteBackend.GATEWAY:
        yield Finding((*path, "backend"), "gateway", _BACKENDS)


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
