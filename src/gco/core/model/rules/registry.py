"""Every rule, in the order of the fields."""

from collections.abc import Callable, Iterator
from typing import Final, TypeAlias

from gco.core.model.rules import (
    autoscaling,
    canary,
    devices,
    environment,
    metadata,
    model,
    overrides,
    placement,
    pod_policy,
    rollout,
    route_conflicts,
    routes,
    server,
)
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.spec import InferenceEndpoint

Rule: TypeAlias = Callable[[InferenceEndpoint, Known], Iterator[Finding]]

RULES: Final[tuple[Rule, ...]] = (
    metadata.name,
    metadata.namespace,
    metadata.labels,
    server.images,
    server.server,
    server.arguments,
    server.listening,
    server.port,
    environment.variables,
    environment.env_from,
    environment.words,
    environment.secrets,
    devices.resource_names,
    devices.requests_within_limits,
    devices.accelerators,
    placement.scheduling,
    placement.regions,
    placement.region_images,
    model.source,
    model.arguments,
    routes.routes,
    route_conflicts.route_conflicts,
    server.open_route,
    autoscaling.autoscaling,
    canary.canary,
    rollout.downtime,
    overrides.overrides,
    pod_policy.pod_policy,
)


def findings(document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    """Yield what every rule finds in `document`."""
    for rule in RULES:
        yield from rule(document, known)
