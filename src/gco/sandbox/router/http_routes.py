"""From HTTPRoutes of the Gateway API to routing rules, and what a controller says of one; pure.

Understood are paths, host names, URLRewrite of a path's prefix, and the weights of backendRefs.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from gco.sandbox.router.rules import Rule, Share

CONTROLLER: Final = "gco.io/sandbox"
_KINDS: Final = {"PathPrefix": "Prefix", "Exact": "Exact", "RegularExpression": "Regex"}
_EVERYTHING: Final = {"path": {"type": "PathPrefix", "value": "/"}}


class HttpRoute(NamedTuple):
    """What is kept of an HTTPRoute."""

    rules: tuple[Rule, ...]
    generation: int
    parents: tuple[Mapping[str, Any], ...]


def http_route(manifest: Mapping[str, Any]) -> HttpRoute:
    """Return what there is to route and to answer for."""
    spec = manifest["spec"]
    generation: int = manifest["metadata"].get("generation", 0)
    return HttpRoute(tuple(_rules(manifest)), generation, tuple(spec.get("parentRefs") or ()))


def accepted(route: HttpRoute, *, now: str) -> dict[str, Any]:
    """Return the status of a route that every Gateway it names has taken up."""
    conditions = [
        {
            "type": kind,
            "status": "True",
            "reason": kind,
            "message": "the sandbox routes it",
            "observedGeneration": route.generation,
            "lastTransitionTime": now,
        }
        for kind in ("Accepted", "ResolvedRefs")
    ]
    return {
        "parents": [
            {"parentRef": dict(parent), "controllerName": CONTROLLER, "conditions": conditions}
            for parent in route.parents
        ]
    }


def _rules(manifest: Mapping[str, Any]) -> Iterator[Rule]:
    spec = manifest["spec"]
    for rule, host in itertools.product(spec.get("rules") or (), spec.get("hostnames") or ("",)):
        for match in rule.get("matches") or (_EVERYTHING,):
            path = match.get("path") or _EVERYTHING["path"]
            yield Rule(
                namespace=manifest["metadata"]["namespace"],
                host=host,
                path=path["value"],
                kind=_KINDS[path["type"]],
                shares=tuple(
                    Share(ref["name"], ref["port"], ref.get("weight", 1))
                    for ref in rule.get("backendRefs") or ()
                ),
                rewrites=tuple(_rewrites(rule, path["value"])),
            )


def _rewrites(rule: Mapping[str, Any], prefix: str) -> Iterator[tuple[re.Pattern[str], str]]:
    for each in rule.get("filters") or ():
        path = (each.get("urlRewrite") or {}).get("path") or {}
        if path.get("type") == "ReplacePrefixMatch":
            new, stem = path["replacePrefixMatch"], re.escape(prefix.rstrip("/"))
            yield re.compile(f"^{stem}/"), f"{new.rstrip('/')}/"
            yield re.compile(f"^{stem}$"), new or "/"
