"""The Ingresses for ingress-nginx: one that routes, and a second one that gives a canary its share.

The prefix is taken off by `rewrite-target` with a regular expression as path. A canary Ingress has
the rules of the first, another Service and a weight; its other annotations are the first's (guide
"Annotations", Canary).
"""

import re
from typing import Final

from gco.core.model.names import service_name
from gco.core.model.regional import Regional
from gco.core.region.render.ingress import Paths, path_of, service_backend
from gco.core.region.render.split import Split

NGINX: Final = "nginx.ingress.kubernetes.io"
_ANSWER_SECONDS: Final = 600
"""How long a model may take for an answer that it does not stream."""


def nginx_paths(regional: Regional) -> Paths:
    """Return what nginx is told: the annotations, and the one path with its backend."""
    path = path_of(regional)
    backend = service_backend(service_name(regional.name))
    annotations = {f"{NGINX}/proxy-read-timeout": str(_ANSWER_SECONDS)}
    if path == "/":
        return Paths(annotations, ({"path": "/", "pathType": "Prefix", "backend": backend},))
    annotations |= {f"{NGINX}/use-regex": "true", f"{NGINX}/rewrite-target": "/$2"}
    pattern = {"path": f"{re.escape(path)}(/|$)(.*)", "pathType": "ImplementationSpecific"}
    return Paths(annotations, ({**pattern, "backend": backend},))


def nginx_canary_paths(regional: Regional, split: Split) -> Paths:
    """Return the same paths for the canary's Service, with its weight.

    The annotations of the first are repeated, since they say how a path is to be read.
    """
    annotations, paths = nginx_paths(regional)
    share = {f"{NGINX}/canary": "true", f"{NGINX}/canary-weight": str(split.weight)}
    backend = service_backend(split.service)
    return Paths({**annotations, **share}, tuple({**path, "backend": backend} for path in paths))
