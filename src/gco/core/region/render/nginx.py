"""The Ingresses for ingress-nginx: one that routes, and a second one that gives a canary its share.

The prefix is taken off by `rewrite-target` with a regular expression as path. A canary Ingress has
the rules of the first, another Service and a weight; its other annotations are the first's (guide
"Annotations", Canary).
"""

import re
from collections.abc import Mapping
from typing import Any, Final

from gco.core.model.names import service_name
from gco.core.model.regional import Regional
from gco.core.model.spec import BasicAuth, ExternalAuth, Route, RouteAuth
from gco.core.region.freeze import Template
from gco.core.region.render.ingress import Paths, path_of, route_of, service_backend, strips
from gco.core.region.render.split import Split

NGINX: Final = "nginx.ingress.kubernetes.io"
_ANSWER_SECONDS: Final = 600
"""How long a model may take for an answer that it does not stream."""
_LARGEST_REQUEST: Final = "64m"
"""In place of 1m, which a prompt with an image in it exceeds."""


def nginx_paths(regional: Regional, template: Template) -> Paths:
    """Return what nginx is told: the annotations, and the one path with its backend."""
    path = path_of(regional)
    backend = service_backend(service_name(regional.name))
    route = route_of(regional)
    annotations = {
        f"{NGINX}/proxy-read-timeout": str(_ANSWER_SECONDS),
        f"{NGINX}/proxy-body-size": _LARGEST_REQUEST,
        **_auth(route.auth),
    }
    tls = _tls(route)
    if not strips(regional, template):
        return Paths(annotations, ({"path": path, "pathType": "Prefix", "backend": backend},), tls)
    annotations |= {f"{NGINX}/use-regex": "true", f"{NGINX}/rewrite-target": "/$2"}
    pattern = {"path": f"{re.escape(path)}(/|$)(.*)", "pathType": "ImplementationSpecific"}
    return Paths(annotations, ({**pattern, "backend": backend},), tls)


def nginx_canary_paths(regional: Regional, template: Template, split: Split) -> Paths:
    """Return the same paths for the canary's Service, with its weight.

    The annotations of the first are repeated, since they say how a path is to be read.
    """
    annotations, paths, tls = nginx_paths(regional, template)
    share = {f"{NGINX}/canary": "true", f"{NGINX}/canary-weight": str(split.weight)}
    backend = service_backend(split.service)
    shared = tuple({**path, "backend": backend} for path in paths)
    return Paths({**annotations, **share}, shared, tls)


def _tls(route: Route) -> tuple[Mapping[str, Any], ...]:
    if route.tls is None or route.tls.secret_name is None:
        return ()
    return ({"hosts": [route.host], "secretName": route.tls.secret_name},)


def _auth(auth: RouteAuth | None) -> dict[str, str]:
    match auth:
        case RouteAuth(basic=BasicAuth() as basic):
            return {f"{NGINX}/auth-type": "basic", f"{NGINX}/auth-secret": basic.secret_name}
        case RouteAuth(external=ExternalAuth() as external):
            headers = ",".join(external.response_headers or ())
            given = {f"{NGINX}/auth-response-headers": headers} if headers else {}
            return {f"{NGINX}/auth-url": external.url, **given}
        case _:
            return {}
