"""Under which names the objects of a route are, for each backend: two may exist while it moves."""

from collections.abc import Callable, Mapping
from typing import Final

from gco.core.model.ids import EndpointName
from gco.core.model.names import (
    http_route_name,
    ingress_name,
    nginx_canary_ingress_name,
    nginx_ingress_name,
)
from gco.core.model.regional import Regional
from gco.core.model.spec import GatewayRef, RouteBackend
from gco.core.region.actions import ObjectRef
from gco.kinds.registry import HTTP_ROUTE, INGRESS, Kind

_NAMED: Final[Mapping[RouteBackend, tuple[tuple[Kind, Callable[[EndpointName], str]], ...]]] = {
    RouteBackend.ALB: ((INGRESS, ingress_name),),
    RouteBackend.NGINX: ((INGRESS, nginx_ingress_name), (INGRESS, nginx_canary_ingress_name)),
    RouteBackend.GATEWAY: ((HTTP_ROUTE, http_route_name),),
}
"""The object that has to be taken up by its controller comes first."""


def backend_of(regional: Regional) -> RouteBackend:
    """Return what answers for the endpoint's route."""
    route = regional.spec.endpoint.route
    return (route and route.backend) or RouteBackend.ALB


def gateway_of(regional: Regional) -> GatewayRef | None:
    """Return the Gateway that the endpoint's HTTPRoute attaches to, None for another backend."""
    route = regional.spec.endpoint.route
    return route.gateway if route and route.backend is RouteBackend.GATEWAY else None


def main_route(regional: Regional) -> ObjectRef:
    """Return where the object is without which the endpoint's backend does not answer."""
    return _refs(backend_of(regional), regional.name)[0]


def own_routes(regional: Regional) -> frozenset[ObjectRef]:
    """Return where an object of the endpoint's backend may be."""
    return frozenset(_refs(backend_of(regional), regional.name))


def route_refs(name: EndpointName) -> tuple[ObjectRef, ...]:
    """Return where an object of any backend may be."""
    return tuple(ref for backend in _NAMED for ref in _refs(backend, name))


def _refs(backend: RouteBackend, name: EndpointName) -> tuple[ObjectRef, ...]:
    return tuple(ObjectRef(kind.name, named(name)) for kind, named in _NAMED[backend])
