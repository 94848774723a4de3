"""The server's container: found by its name in a template, sidecars left alone."""

from collections.abc import Mapping
from typing import Any

from gco.core.model.names import CONTAINER, PORT_NAME

STARTUP_PERIOD = 5
"""Seconds between two start-up probes."""


def server_container(template: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the container that serves, from a pod template; empty where there is none."""
    containers = template.get("spec", {}).get("containers") or ()
    return next((c for c in containers if c.get("name") == CONTAINER), {})


def ready_path(template: Mapping[str, Any]) -> str:
    """Return the bare path on which a pod of the template says that it is ready."""
    probe = server_container(template).get("readinessProbe") or {}
    path: str = (probe.get("httpGet") or {}).get("path", "/")
    return path


def port_number(template: Mapping[str, Any]) -> int:
    """Return the port on which a pod of the template serves; 0 where it says none."""
    ports = server_container(template).get("ports") or ()
    named = (p["containerPort"] for p in ports if p.get("name") == PORT_NAME)
    first: int = next(named, None) or next((p["containerPort"] for p in ports), 0)
    return first


def startup_seconds(template: Mapping[str, Any]) -> int:
    """Return how long a pod of the template may take to start; 0 where nothing limits it."""
    probe = server_container(template).get("startupProbe") or {}
    budget: int = probe.get("failureThreshold", 0) * probe.get("periodSeconds", STARTUP_PERIOD)
    return budget
