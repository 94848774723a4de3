"""From Ingress objects to routing rules; pure.

Understood are what the AWS Load Balancer Controller and ingress-nginx understand of what GCO renders:
path types, hosts, ALB's `transforms` (url-rewrite) and `actions` (forward, with weights), nginx's
`rewrite-target` with its regex paths, and its canary Ingresses.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import orjson

from gco.sandbox.router.rules import Rule, Share

_ALB = "alb.ingress.kubernetes.io"
_NGINX = "nginx.ingress.kubernetes.io"
_BY_ANNOTATION = "use-annotation"
_REFERENCE = re.compile(r"\$([0-9])")


def rules_of(ingress: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Return the rules of one Ingress."""
    return tuple(_rules(ingress))


def _rules(ingress: Mapping[str, Any]) -> Iterator[Rule]:
    metadata = ingress["metadata"]
    annotations = metadata.get("annotations") or {}
    regex = annotations.get(f"{_NGINX}/use-regex") == "true"
    for rule in ingress["spec"].get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            service = path["backend"].get("service")
            if service is None:
                continue
            yield Rule(
                namespace=metadata["namespace"],
                host=rule.get("host", ""),
                path=path.get("path", "/"),
                kind="Regex" if regex else path["pathType"],
                shares=_shares(annotations, service),
                rewrites=_rewrites(annotations, service["name"], path.get("path", "/")),
                canary=_canary(annotations),
            )


def _shares(annotations: Mapping[str, str], service: Mapping[str, Any]) -> tuple[Share, ...]:
    name, port = service["name"], service["port"]
    if port.get("name") != _BY_ANNOTATION:
        return (Share(name, port.get("number", 80), 1),)
    action = orjson.loads(annotations.get(f"{_ALB}/actions.{name}", "{}"))
    groups = (action.get("forwardConfig") or {}).get("targetGroups") or ()
    return tuple(
        Share(group["serviceName"], int(group["servicePort"]), group.get("weight", 1))
        for group in groups
    )


def _canary(annotations: Mapping[str, str]) -> int | None:
    if annotations.get(f"{_NGINX}/canary") != "true":
        return None
    return int(annotations.get(f"{_NGINX}/canary-weight", "0"))


def _rewrites(
    annotations: Mapping[str, str], service: str, path: str
) -> tuple[tuple[re.Pattern[str], str], ...]:
    target = annotations.get(f"{_NGINX}/rewrite-target")
    if target is not None:
        return ((re.compile(path), _python_form(target)),)
    told = annotations.get(f"{_ALB}/transforms.{service}")
    return tuple(_transforms(told)) if told else ()


def _transforms(told: str) -> Iterator[tuple[re.Pattern[str], str]]:
    for transform in orjson.loads(told):
        if transform["type"] == "url-rewrite":
            for rewrite in transform["urlRewriteConfig"]["rewrites"]:
                yield re.compile(rewrite["regex"]), _python_form(rewrite["replace"])


def _python_form(replacement: str) -> str:
    return _REFERENCE.sub(r"\\g<\1>", replacement)
