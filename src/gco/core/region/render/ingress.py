"""The Ingress: how requests from outside reach the Service, with the path's prefix stripped.

For the AWS Load Balancer Controller by its `transforms` annotation (version 2.14.1 and later, see
its guide "URL rewrite"), for ingress-nginx by `rewrite-target` with a regular expression as path.
The health check goes to the pods themselves, on the bare path.
"""

import json
import re
from typing import Any

from gco.core.model.names import SERVICE_PORT, ingress_name, route_path, service_name
from gco.core.model.regional import Regional
from gco.core.model.spec import RouteBackend
from gco.core.region.actions import Rendered
from gco.core.region.freeze import Template
from gco.core.region.render.container import ready_path
from gco.core.region.render.objects import envelope, rendered
from gco.kinds import INGRESS

_ALB = "alb.ingress.kubernetes.io"
_NGINX = "nginx.ingress.kubernetes.io"
_HEALTH_CHECK_SECONDS = 15
_ANSWER_SECONDS = 600
"""How long a model may take for an answer that it does not stream."""


def ingress(regional: Regional, template: Template) -> Rendered:
    """Return the Ingress for the backend that the spec, resolved for its region, names."""
    route = regional.spec.endpoint.route
    backend = backend_of(regional)
    path = route_path(regional.name, route.path if route is not None else None)
    if backend is RouteBackend.NGINX:
        annotations, http_path = _nginx(path)
    else:
        annotations, http_path = _alb(path, service_name(regional.name), ready_path(template.body))
    number = {"number": SERVICE_PORT}
    target = {"service": {"name": service_name(regional.name), "port": number}}
    rule: dict[str, Any] = {"http": {"paths": [{**http_path, "backend": target}]}}
    if route is not None and route.host is not None:
        rule["host"] = route.host
    head = envelope(INGRESS, ingress_name(regional.name), regional, annotations)
    return rendered({**head, "spec": {"ingressClassName": backend.value, "rules": [rule]}})


def backend_of(regional: Regional) -> RouteBackend:
    """Return what answers for the endpoint's route; its name is that of the IngressClass too."""
    route = regional.spec.endpoint.route
    return (route and route.backend) or RouteBackend.ALB


def _alb(path: str, service: str, health: str) -> tuple[dict[str, str], dict[str, str]]:
    annotations = {
        f"{_ALB}/target-type": "ip",
        f"{_ALB}/healthcheck-path": health,
        f"{_ALB}/healthcheck-interval-seconds": str(_HEALTH_CHECK_SECONDS),
    }
    if path != "/":
        rewrite = {"regex": f"^{re.escape(path)}/?(.*)$", "replace": "/$1"}
        transform = {"type": "url-rewrite", "urlRewriteConfig": {"rewrites": [rewrite]}}
        annotations[f"{_ALB}/transforms.{service}"] = json.dumps([transform])
    return annotations, {"path": path, "pathType": "Prefix"}


def _nginx(path: str) -> tuple[dict[str, str], dict[str, str]]:
    annotations = {f"{_NGINX}/proxy-read-timeout": str(_ANSWER_SECONDS)}
    if path == "/":
        return annotations, {"path": "/", "pathType": "Prefix"}
    annotations |= {f"{_NGINX}/use-regex": "true", f"{_NGINX}/rewrite-target": "/$2"}
    pattern = f"{re.escape(path)}(/|$)(.*)"
    return annotations, {"path": pattern, "pathType": "ImplementationSpecific"}
