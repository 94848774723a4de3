"""Whether the route answers, and why not."""

from gco.core.region.routing import backend_of, main_route
from gco.core.region.stage import Stage
from gco.core.region.status.view import Said, View


def route(view: View) -> Said:
    """Return what RouteReady says."""
    found = view.observed.routes.get(main_route(view.regional))
    if view.stage is not Stage.SERVE:
        return Said("False", "NotWanted", "no route is wanted")
    if found is None and view.silent_since is not None:
        return Said(
            "False",
            "RouteWithdrawn",
            f"nothing has answered since {view.silent_since:%Y-%m-%d %H:%M:%S}Z, so no requests are "
            "sent here; the route is made again when a pod answers",
        )
    if found is None or found.deleting:
        return Said("False", "RouteNotReady", "no route yet; it is made when a pod answers")
    if not found.address:
        name, namespace = main_route(view.regional).name, view.regional.namespace
        return Said(
            "False",
            "RouteNotReady",
            "no load balancer has taken its Ingress up; check that the controller of IngressClass "
            f"{backend_of(view.regional)} runs in this cluster, and see "
            f"`kubectl describe ingress {name} -n {namespace}`",
        )
    return Said("True", "RouteReady", f"answered at {found.address}")
