"""Which Services a route leads to, of every backend; and which routes lead to a Service."""

import json
from collections.abc import Iterator
from typing import Any, Final

from gco.kinds.registry import HTTP_ROUTE, INGRESS, Kind
from tests.simulation.edits import endpoint_of
from tests.simulation.schedule import ENDPOINTS

ROUTES: Final = (INGRESS, HTTP_ROUTE)
_ACTION: Final = "alb.ingress.kubernetes.io/actions."


def services_of(kind: Kind, route: Any) -> Iterator[str]:
    """The names of the Services that get requests by the route."""
    for rule in route["spec"].get("rules") or ():
        if kind == HTTP_ROUTE:
            yield from (each["name"] for each in rule.get("backendRefs") or ())
            continue
        for path in rule.get("http", {}).get("paths") or ():
            yield from _of_backend(route, path["backend"]["service"])


def _of_backend(ingress: Any, service: Any) -> Iterator[str]:
    if service["port"].get("name") != "use-annotation":
        yield service["name"]
        return
    action = json.loads(ingress["metadata"]["annotations"][f"{_ACTION}{service['name']}"])
    yield from (group["serviceName"] for group in action["forwardConfig"]["targetGroups"])


def routes_to(region: Any, service: str) -> Iterator[str]:
    """The routes of endpoints that lead to the Service and are not being deleted."""
    for kind in ROUTES:
        for (_, name), route in region.objects.table(kind).objects.items():
            ours = endpoint_of(kind, name) in ENDPOINTS
            if ours and "deletionTimestamp" not in route["metadata"]:
                yield from (
                    f"{kind.name} {name}" for each in services_of(kind, route) if each == service
                )
