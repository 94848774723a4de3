"""An autoscaled endpoint in memory: its count, who states it, its load, and a KEDA of few words."""

import asyncio
import contextlib
from typing import Any

from gco.core.model.names import MANAGER, autoscaler_name
from gco.errors import AbsentError, ClusterConflictError
from gco.kinds.registry import (
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    HORIZONTAL_POD_AUTOSCALER,
    SCALED_OBJECT,
)
from tests.builders import WEB
from tests.scenario.region_world import NS, World

NAME = autoscaler_name(WEB)
QUEUE = {
    "metrics": [{"type": "waiting", "target": 4}],
    "pollers": {"prometheusAddress": "http://prometheus:9090"},
}
ASLEEP_AT_NIGHT = {
    "min": 0,
    "metrics": [{"type": "requests", "target": 2, "query": "sum(rate(requests_total[2m]))"}],
    "pollers": {"prometheusAddress": "http://prometheus:9090"},
}
FINALIZER = "finalizer.keda.sh"


def live(world: World) -> int:
    """Return how many replicas the Deployment states."""
    return int(world.find(DEPLOYMENT, WEB)["spec"]["replicas"])


def states(world: World) -> set[str]:
    """Return the managers that state the Deployment's number of replicas."""
    entries = world.find(DEPLOYMENT, WEB)["metadata"]["managedFields"]
    return {
        entry["manager"] for entry in entries if "f:replicas" in entry["fieldsV1"].get("f:spec", {})
    }


def autoscaler(world: World, name: str = NAME) -> dict[str, Any] | None:
    """Return the HorizontalPodAutoscaler."""
    return world.find(HORIZONTAL_POD_AUTOSCALER, name)


def scaled_object(world: World) -> dict[str, Any] | None:
    """Return KEDA's ScaledObject, None where there is none or no KEDA."""
    try:
        return world.find(SCALED_OBJECT, NAME)
    except AbsentError:
        return None


def handed_over(world: World) -> bool:
    """Whether the autoscaler is there and we state no count."""
    there = autoscaler(world) or scaled_object(world)
    return bool(there) and MANAGER not in states(world)


def taken_back(world: World) -> bool:
    """Whether the count is ours again, and no autoscaler is there."""
    return not (autoscaler(world) or scaled_object(world)) and MANAGER in states(world)


def an_autoscaler(name: str, target: str = WEB, **spec: Any) -> dict[str, Any]:
    """A HorizontalPodAutoscaler as a person makes one."""
    reference = {"apiVersion": "apps/v1", "kind": "Deployment", "name": target}
    return {
        "apiVersion": HORIZONTAL_POD_AUTOSCALER.api_version,
        "kind": HORIZONTAL_POD_AUTOSCALER.name,
        "metadata": {"name": name, "namespace": NS},
        "spec": {"minReplicas": 2, "maxReplicas": 4, **spec, "scaleTargetRef": reference},
    }


async def install_keda(world: World) -> None:
    """Define KEDA's kind, as its installation does."""
    await world.person.apply(CUSTOM_RESOURCE_DEFINITION, keda_definition(), manager="helm")


def keda_definition() -> dict[str, Any]:
    """Return a definition of the ScaledObject, of which a memory cluster knows the rest."""
    anything = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    version = {
        "name": SCALED_OBJECT.version,
        "served": True,
        "storage": True,
        "subresources": {"status": {}},
        "schema": {"openAPIV3Schema": anything},
    }
    names = {"kind": SCALED_OBJECT.name, "plural": SCALED_OBJECT.plural, "singular": "scaledobject"}
    return {
        "apiVersion": CUSTOM_RESOURCE_DEFINITION.api_version,
        "kind": CUSTOM_RESOURCE_DEFINITION.name,
        "metadata": {"name": f"{SCALED_OBJECT.plural}.{SCALED_OBJECT.group}"},
        "spec": {
            "group": SCALED_OBJECT.group,
            "scope": "Namespaced",
            "names": {**names, "listKind": "ScaledObjectList"},
            "versions": [version],
        },
    }


async def scale_by_hand(world: World, replicas: int, manager: str = "kubectl") -> None:
    """Set the Deployment's scale, as `kubectl scale` and KEDA do."""
    edit = [{"op": "replace", "path": "/spec/replicas", "value": replicas}]
    await world.person.patch(DEPLOYMENT, NS, WEB, edit, manager=manager, subresource="scale")


async def keda(world: World) -> None:
    """Play KEDA's operator: guard each ScaledObject by a finalizer, say that it is ready, let it go."""
    client = world.server.client("keda-operator")
    while True:
        await asyncio.sleep(0.5)
        found = scaled_object(world)
        if found is None:
            continue
        with contextlib.suppress(ClusterConflictError, AbsentError):
            if found["metadata"].get("deletionTimestamp"):
                await client.replace(SCALED_OBJECT, _with_finalizers(found, []))
            elif FINALIZER not in found["metadata"].get("finalizers", ()):
                await client.replace(SCALED_OBJECT, _with_finalizers(found, [FINALIZER]))
            elif "status" not in found:
                told = [{"type": "Ready", "status": "True", "reason": "ScaledObjectReady"}]
                ready = {**found, "status": {"conditions": told}}
                await client.replace(SCALED_OBJECT, ready, subresource="status")


def _with_finalizers(found: dict[str, Any], finalizers: list[str]) -> dict[str, Any]:
    return {**found, "metadata": {**found["metadata"], "finalizers": finalizers}}
