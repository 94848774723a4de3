"""The Ingress for the AWS Load Balancer Controller, which makes rules of an ALB from it.

The prefix is taken off by its `transforms` annotation (version 2.14.1 and later, see its guide "URL
rewrite"), weights are those of its `actions` annotation (guide "Split traffic"). Both go by the
backend's name in the rule. The health check goes to the pods themselves, on the bare path.
"""

import json
import re
from typing import Final

from gco.core.model.names import SERVICE_PORT, service_name
from gco.core.model.regional import Regional
from gco.core.region.freeze import Template
from gco.core.region.render.container import ready_path
from gco.core.region.render.ingress import Paths, path_of, service_backend
from gco.core.region.render.split import Split, weighted

ALB: Final = "alb.ingress.kubernetes.io"
_WEIGHTED: Final = "weighted-routing"
_HEALTH_CHECK_SECONDS: Final = 15


def alb_paths(regional: Regional, template: Template, split: Split | None) -> Paths:
    """Return what an ALB is told: the annotations, and the one path with its backend."""
    path = path_of(regional)
    backend = service_backend(service_name(regional.name))
    annotations = {
        f"{ALB}/target-type": "ip",
        f"{ALB}/healthcheck-path": ready_path(template.body),
        f"{ALB}/healthcheck-interval-seconds": str(_HEALTH_CHECK_SECONDS),
    }
    if split is not None and weighted(split):
        backend = {"service": {"name": _WEIGHTED, "port": {"name": "use-annotation"}}}
        annotations[f"{ALB}/actions.{_WEIGHTED}"] = _forward(split, service_name(regional.name))
    if (
        path != "/" and not template.adopted
    ):  # its pods answer on the whole path, as they always did
        annotations[f"{ALB}/transforms.{backend['service']['name']}"] = _stripped(path)
    return Paths(annotations, ({"path": path, "pathType": "Prefix", "backend": backend},))


def _forward(split: Split, stable: str) -> str:
    groups = [
        # As text: controllers before 2.0 read no number here, later ones read both.
        {"serviceName": service, "servicePort": str(SERVICE_PORT), "weight": weight}
        for service, weight in split.shares(stable)
    ]
    return json.dumps({"type": "forward", "forwardConfig": {"targetGroups": groups}})


def _stripped(path: str) -> str:
    rewrite = {"regex": f"^{re.escape(path)}/?(.*)$", "replace": "/$1"}
    return json.dumps([{"type": "url-rewrite", "urlRewriteConfig": {"rewrites": [rewrite]}}])
