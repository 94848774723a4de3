"""From Ingress objects to routing rules, and from a request to the rule that takes it; pure.

Understood are what the AWS Load Balancer Controller and ingress-nginx understand of what we render:
path types, hosts, ALB's `transforms` (url-rewrite) and nginx's `rewrite-target` with its regex paths.
"""

import dataclasses
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import orjson

_ALB = "alb.ingress.kubernetes.io"
_NGINX = "nginx.ingress.kubernetes.io"
_REFERENCE = re.compile(r"\$(\d)")


@dataclasses.dataclass(frozen=True, slots=True)
class Rule:
    """One path of one Ingress."""

    namespace: str
    host: str
    """Empty for any host."""
    path: str
    kind: str
    """Exact, Prefix or Regex."""
    service: str
    port: int
    rewrites: tuple[tuple[re.Pattern[str], str], ...] = ()
    """Tried in order on the path; the replacement in Python's form."""

    def takes(self, host: str, path: str) -> bool:
        """Whether a request belongs to this rule."""
        if self.host and self.host != host:
            return False
        match self.kind:
            case "Exact":
                return path == self.path
            case "Regex":
                return re.match(self.path, path) is not None
            case _:
                stem = self.path.rstrip("/")
                return path == stem or path.startswith(f"{stem}/")

    def rewritten(self, path: str) -> str:
        """Return the path as the backend shall see it."""
        for pattern, replacement in self.rewrites:
            if pattern.search(path):
                return pattern.sub(replacement, path, count=1)
        return path


def rules_of(ingress: Mapping[str, Any]) -> tuple[Rule, ...]:
    """Return the rules of one Ingress; one whose annotations cannot be read has none."""
    return tuple(_rules(ingress))


def choose(rules: Iterable[Rule], host: str, path: str) -> Rule | None:
    """Return the rule for a request: exact ones first, then the longest path."""
    taking = [rule for rule in rules if rule.takes(host, path)]
    return max(taking, key=lambda r: (bool(r.host), r.kind == "Exact", len(r.path)), default=None)


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
                service=service["name"],
                port=service["port"].get("number", 80),
                rewrites=_rewrites(annotations, service["name"], path.get("path", "/")),
            )


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
