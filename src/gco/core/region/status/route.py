"""Whether the route answers, and why not."""

from gco.core.model.regional import Regional
from gco.core.region.cause import Cause
from gco.core.region.observe import Route
from gco.core.region.render.ingress import path_of, route_of
from gco.core.region.routing import backend_of, gateway_of, main_route, own_routes
from gco.core.region.stage import Stage
from gco.core.region.status.view import Said, View
from gco.kinds.registry import HTTP_ROUTE


def route(view: View) -> Said:
    """Return what RouteReady says."""
    if view.stage is not Stage.SERVE:
        return Said("False", "NotWanted", "no route is wanted")
    conflict = conflict_of(view)
    if conflict is not None:
        return Said("False", conflict.reason, conflict.message)
    found = view.observed.routes.get(main_route(view.regional))
    if found is None and view.silent_since is not None:
        return Said(
            "False",
            "RouteWithdrawn",
            f"nothing has answered since {view.silent_since:%Y-%m-%d %H:%M:%S}Z, so no requests are "
            "sent here; the route is made again when a pod answers",
        )
    missing = _missing(view, found)
    if missing or found is None:
        return _not_ready(view, missing)
    answered = found.address or f"Gateway {_gateway(view.regional)}"
    return Said("True", "RouteReady", f"answered at {answered}")


def conflict_of(view: View) -> Cause | None:
    """Return why another endpoint has the route; None where none has, or none is wanted."""
    if view.lost_to is None or view.stage is not Stage.SERVE:
        return None
    host, path = route_of(view.regional).host or "", path_of(view.regional)
    message = (
        f"the endpoint {view.lost_to}, which was created earlier, has the route {host}{path}; give "
        "one of them another spec.route.path or host"
    )
    return Cause("RouteConflict", message, final=True)


def _missing(view: View, found: Route | None) -> str:
    """Return what the route lacks, empty where it answers."""
    kind = main_route(view.regional).kind
    if kind in view.observed.absent:
        return _NOT_INSTALLED
    if kind == HTTP_ROUTE.name and gateway_of(view.regional) is None:
        return _NO_GATEWAY
    if found is None or found.deleting:
        return "no route yet; it is made when a pod answers"
    return "" if found.taken_up else _told(view.regional, found)


_NOT_INSTALLED = (
    "the Gateway API is not installed in this cluster: install its standard CRDs (HTTPRoute v1) and a "
    "controller of Gateways, or give spec.route.backend another value"
)

_NO_GATEWAY = (
    "no Gateway is named: say which in spec.route.gateway, or in the monitor's setting GCO_GATEWAY"
)


def _not_ready(view: View, message: str) -> Said:
    """Say what is missing, and where requests go meanwhile."""
    own, found = own_routes(view.regional), view.observed.routes
    others = [ref for ref, record in found.items() if ref not in own and record.taken_up]
    meanwhile = f"; until then requests go by {others[0]}" if others else ""
    return Said("False", "RouteNotReady", f"{message}{meanwhile}")


def _told(regional: Regional, found: Route) -> str:
    ref, namespace = main_route(regional), regional.namespace
    see = f"see `kubectl describe {ref.kind.lower()} {ref.name} -n {namespace}`"
    if ref.kind == HTTP_ROUTE.name:
        gateway = _gateway(regional)
        if found.problem:
            return f"the Gateway {gateway} refuses its HTTPRoute ({found.problem}); {see}"
        return (
            f"no controller has taken its HTTPRoute up; check that the Gateway {gateway} exists, lets "
            f"routes of namespace {namespace} attach, and that its controller runs; {see}"
        )
    return (
        "no load balancer has taken its Ingress up; check that the controller of IngressClass "
        f"{backend_of(regional)} runs in this cluster, and {see}"
    )


def _gateway(regional: Regional) -> str:
    gateway = gateway_of(regional)
    if gateway is None:
        return ""
    return f"{gateway.namespace or regional.namespace}/{gateway.name}"
