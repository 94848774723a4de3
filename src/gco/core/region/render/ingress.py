"""What Ingresses of every class have in common: host, paths, and the Service behind them."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from gco.core.model.names import CANARY_LABEL, SERVICE_PORT, route_path
from gco.core.model.regional import Regional
from gco.core.model.spec import Route
from gco.core.region.actions import Rendered
from gco.core.region.freeze import Template
from gco.core.region.render.objects import envelope, rendered
from gco.kinds.registry import INGRESS


class Paths(NamedTuple):
    """What one class of Ingress is told."""

    annotations: Mapping[str, str]
    paths: tuple[Mapping[str, Any], ...]
    tls: tuple[Mapping[str, Any], ...] = ()


def ingress(regional: Regional, name: str, of_class: str, told: Paths, *, canary: bool) -> Rendered:
    """Return the Ingress `name` for the controller of `of_class`; `canary`: it shares requests out."""
    host = route_of(regional).host
    rule: dict[str, Any] = {"http": {"paths": list(told.paths)}}
    if host is not None:
        rule["host"] = host
    labels = {CANARY_LABEL: "true"} if canary else {}
    head = envelope(INGRESS, name, regional, told.annotations, labels)
    tls = {"tls": list(told.tls)} if told.tls else {}
    return rendered({**head, "spec": {"ingressClassName": of_class, "rules": [rule], **tls}})


def route_of(regional: Regional) -> Route:
    """Return what is stated of the route."""
    return regional.spec.endpoint.route or Route()


def path_of(regional: Regional) -> str:
    """Return the path on which the endpoint answers from outside."""
    return route_path(regional.name, route_of(regional).path)


def strips(regional: Regional, template: Template) -> bool:
    """Say whether the path is taken off a request before the server gets it.

    Pods of an adopted template answer on the whole path, as they always did.
    """
    return (
        not template.adopted
        and path_of(regional) != "/"
        and route_of(regional).strip_prefix is not False
    )


def service_backend(service: str) -> dict[str, Any]:
    """Return the backend of a path: the Service's one port."""
    return {"service": {"name": service, "port": {"number": SERVICE_PORT}}}
