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
from gco.core.model.spec import CognitoAuth, HealthCheck, OidcAuth, RouteAuth, RouteTls
from gco.core.region.freeze import Template
from gco.core.region.render.container import ready_path
from gco.core.region.render.ingress import Paths, path_of, route_of, service_backend, strips
from gco.core.region.render.split import Split, weighted

ALB: Final = "alb.ingress.kubernetes.io"
_WEIGHTED: Final = "weighted-routing"
_INTERVAL, _TIMEOUT, _THRESHOLD = 15, 5, 2
"""Of the health check: seconds, seconds, and answers in a row."""


def alb_paths(regional: Regional, template: Template, split: Split | None) -> Paths:
    """Return what an ALB is told: the annotations, and the one path with its backend."""
    path = path_of(regional)
    backend = service_backend(service_name(regional.name))
    annotations = {
        f"{ALB}/target-type": "ip",
        f"{ALB}/healthcheck-path": ready_path(template.body),
        **_health(route_of(regional).health_check or HealthCheck()),
        **_https(route_of(regional).tls),
        **_auth(route_of(regional).auth),
    }
    if split is not None and weighted(split):
        backend = {"service": {"name": _WEIGHTED, "port": {"name": "use-annotation"}}}
        annotations[f"{ALB}/actions.{_WEIGHTED}"] = _forward(split, service_name(regional.name))
    if strips(regional, template):
        annotations[f"{ALB}/transforms.{backend['service']['name']}"] = _stripped(path)
    return Paths(annotations, ({"path": path, "pathType": "Prefix", "backend": backend},))


def alb_backend(template: Template) -> dict[str, str]:
    """Return what is said on a Service of its own pods, over what the Ingress says of all.

    The controller's guide "Annotations": those of a Service win. A canary may answer on another
    path whether it is ready.
    """
    return {f"{ALB}/healthcheck-path": ready_path(template.body)}


def _health(stated: HealthCheck) -> dict[str, str]:
    return {
        f"{ALB}/healthcheck-interval-seconds": str(stated.interval_seconds or _INTERVAL),
        f"{ALB}/healthcheck-timeout-seconds": str(stated.timeout_seconds or _TIMEOUT),
        f"{ALB}/healthy-threshold-count": str(stated.healthy_threshold or _THRESHOLD),
        f"{ALB}/unhealthy-threshold-count": str(stated.unhealthy_threshold or _THRESHOLD),
        f"{ALB}/success-codes": "200",
    }


def _https(tls: RouteTls | None) -> dict[str, str]:
    """Serve on HTTPS alone: `ssl-redirect` would redirect every other endpoint of the shared ALB."""
    if tls is None or tls.certificate_arn is None:
        return {}
    return {
        f"{ALB}/certificate-arn": tls.certificate_arn,
        f"{ALB}/listen-ports": json.dumps([{"HTTPS": 443}]),
    }


def _auth(auth: RouteAuth | None) -> dict[str, str]:
    match auth:
        case RouteAuth(oidc=OidcAuth() as oidc):
            return {
                f"{ALB}/auth-type": "oidc",
                f"{ALB}/auth-idp-oidc": json.dumps(oidc.model_dump(mode="json")),
            }
        case RouteAuth(cognito=CognitoAuth() as pool):
            told = {
                "userPoolARN": pool.user_pool_arn,
                "userPoolClientID": pool.user_pool_client_id,
                "userPoolDomain": pool.user_pool_domain,
            }
            return {f"{ALB}/auth-type": "cognito", f"{ALB}/auth-idp-cognito": json.dumps(told)}
        case _:
            return {}


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
