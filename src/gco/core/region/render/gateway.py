"""The HTTPRoute of the Gateway API: which Gateway takes requests, and how they are passed on.

Every field that the API server would fill in is stated, so that what is read back is what was
rendered. Only what all implementations must support is used, but for the rewrite of the path, which
is Extended (`HTTPRoutePathRewrite`) and widely there.
"""

from typing import Any

from gco.core.model.names import CANARY_LABEL, SERVICE_PORT, http_route_name, service_name
from gco.core.model.regional import Regional
from gco.core.model.spec import GatewayRef
from gco.core.region.actions import Rendered
from gco.core.region.freeze import Template
from gco.core.region.render.ingress import path_of, route_of, strips
from gco.core.region.render.objects import envelope, rendered
from gco.core.region.render.split import Split, weighted
from gco.kinds.registry import HTTP_ROUTE


def http_route(
    regional: Regional, template: Template, gateway: GatewayRef, split: Split | None
) -> Rendered:
    """Return the HTTPRoute that attaches the endpoint's path to `gateway`."""
    host = route_of(regional).host
    spec = {
        "parentRefs": [_parent(gateway)],
        # Stated though it may be empty: a name that someone adds would shut the others out.
        "hostnames": [] if host is None else [host],
        "rules": [_rule(regional, template, split)],
    }
    labels = {CANARY_LABEL: "true"} if weighted(split) else {}
    head = envelope(HTTP_ROUTE, http_route_name(regional.name), regional, labels=labels)
    return rendered({**head, "spec": spec})


def _parent(gateway: GatewayRef) -> dict[str, Any]:
    parent = {"group": HTTP_ROUTE.group, "kind": "Gateway", "name": gateway.name}
    optional = {"namespace": gateway.namespace, "sectionName": gateway.listener}
    return parent | {key: value for key, value in optional.items() if value is not None}


def _rule(regional: Regional, template: Template, split: Split | None) -> dict[str, Any]:
    path, stable = path_of(regional), service_name(regional.name)
    shares = split.shares(stable) if split is not None and weighted(split) else ((stable, 1),)
    rule: dict[str, Any] = {"matches": [{"path": {"type": "PathPrefix", "value": path}}]}
    if strips(regional, template):
        rewrite = {"path": {"type": "ReplacePrefixMatch", "replacePrefixMatch": "/"}}
        rule["filters"] = [{"type": "URLRewrite", "urlRewrite": rewrite}]
    rule["backendRefs"] = [_backend(service, weight) for service, weight in shares]
    return rule


def _backend(service: str, weight: int) -> dict[str, Any]:
    return {
        "group": "",
        "kind": "Service",
        "name": service,
        "port": SERVICE_PORT,
        "weight": weight,
    }
