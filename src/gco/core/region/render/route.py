"""The route: how requests from outside reach the Service, in the words of the region's backend."""

from collections.abc import Iterator

from gco.core.model.names import ingress_name, nginx_canary_ingress_name, nginx_ingress_name
from gco.core.model.regional import Regional
from gco.core.model.spec import RouteBackend
from gco.core.region.actions import ObjectRef, Rendered
from gco.core.region.freeze import Template
from gco.core.region.render.alb import alb_paths
from gco.core.region.render.gateway import http_route
from gco.core.region.render.ingress import ingress
from gco.core.region.render.nginx import nginx_canary_paths, nginx_paths
from gco.core.region.render.split import Split, weighted
from gco.core.region.routing import backend_of, gateway_of


def routes(
    regional: Regional, template: Template, split: Split | None = None
) -> dict[ObjectRef, Rendered]:
    """Return the objects of the route; with a `split`, some of the requests go to a canary.

    None where the backend is a gateway and nobody says which.
    """
    made = _made(regional, template, split)
    return {ObjectRef(r.manifest["kind"], r.manifest["metadata"]["name"]): r for r in made}


def _made(regional: Regional, template: Template, split: Split | None) -> Iterator[Rendered]:
    match backend_of(regional):
        case RouteBackend.ALB:
            told, name = alb_paths(regional, template, split), ingress_name(regional.name)
            yield ingress(regional, name, "alb", told, canary=weighted(split))
        case RouteBackend.NGINX:
            yield from _nginx(regional, template, split)
        case RouteBackend.GATEWAY:
            gateway = gateway_of(regional)
            if gateway is not None:
                yield http_route(regional, template, gateway, split)


def _nginx(regional: Regional, template: Template, split: Split | None) -> Iterator[Rendered]:
    name, shared = regional.name, weighted(split)
    told = nginx_paths(regional, template)
    yield ingress(regional, nginx_ingress_name(name), "nginx", told, canary=shared)
    if split is not None:
        told = nginx_canary_paths(regional, template, split)
        yield ingress(regional, nginx_canary_ingress_name(name), "nginx", told, canary=shared)
