"""The Service: one stable address within the cluster for all ready pods."""

from collections.abc import Mapping

from gco.core.model.names import APP_LABEL, PORT_NAME, SERVICE_PORT, service_name
from gco.core.model.regional import Regional
from gco.core.region.actions import Rendered
from gco.core.region.freeze import Template
from gco.core.region.render.container import server_container
from gco.core.region.render.objects import envelope, rendered
from gco.kinds.registry import SERVICE


def service(
    regional: Regional,
    template: Template,
    *,
    number: int | None = None,
    annotations: Mapping[str, str] | None = None,
) -> Rendered:
    """Return the Service, which reaches each pod on the port that this pod's template names.

    A named port lets pods of two templates with two ports answer during a rollout; `number` is for
    pods that have none. A Service that was taken over has a port without a name, and keeps it so:
    with another name its endpoints would be listed anew, and be none for a moment.
    """
    port = {
        **({} if regional.spec.adopts else {"name": "http"}),
        "port": SERVICE_PORT,
        "protocol": "TCP",
        "targetPort": number or _target(template),
    }
    spec = {
        "type": "ClusterIP",
        "selector": {APP_LABEL: regional.name},
        "ports": [port],
    }
    head = envelope(SERVICE, service_name(regional.name), regional, annotations)
    return rendered({**head, "spec": spec})


def _target(template: Template) -> str | int:
    ports = server_container(template.body).get("ports") or ()
    named = (p["name"] for p in ports if p.get("name") == PORT_NAME)
    unnamed = (p["containerPort"] for p in ports)
    return next(named, None) or next(unnamed, PORT_NAME)
