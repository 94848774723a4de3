"""What a route means in one region: its own words over the spec's, and the region's defaults."""

from typing import TypeVar

from gco.core.model.base import Model
from gco.core.model.spec import GatewayRef, Route, RouteBackend
from gco.core.model.status import Region

_M = TypeVar("_M", bound=Model)


def overlaid(base: _M | None, over: _M | None) -> _M | None:
    """Return `base` with what `over` states, field by field."""
    if base is None or over is None:
        return over if base is None else base
    fields = ((name, getattr(over, name)) for name in over.model_fields_set)
    return base.model_copy(update={name: value for name, value in fields if value is not None})


def route_in(stated: Route | None, region: Region) -> Route:
    """Return the route as it is in `region`: its backend, its Gateway, and whether paths are kept."""
    route = stated or Route()
    backend = route.backend or region.route_backend
    own: dict[str, object] = {"backend": backend}
    if backend is RouteBackend.GATEWAY and route.gateway is None:
        own["gateway"] = region.gateway
    if backend is RouteBackend.ALB and not region.alb_rewrites:
        own["strip_prefix"] = False
    return route.model_copy(update=own)


def gateway_named(text: str) -> GatewayRef | None:
    """Read `NAMESPACE/NAME` or `NAMESPACE/NAME/LISTENER`, as settings write it; None for nothing."""
    if not text:
        return None
    namespace, name, *listener = text.split("/")
    return GatewayRef(name=name, namespace=namespace, listener=listener[0] if listener else None)
