"""Which subtrees of an object are wholly ours, to be taken back from an editor before an apply.

An edit that replaced an item of a list by another key (a Service's port, a renamed container), or a
field by its alternative (`value` by `valueFrom`), is not healed by a forced apply alone: see
:mod:`gco.kinds.takeover`. Sidecars that others add, and
fields beside ours, are never touched.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gco.core.model.names import CONTAINER, MANAGER
from gco.core.region.actions import Manifest
from gco.kinds.fieldset import FieldSet, difference, fieldset
from gco.kinds.projection import project
from gco.kinds.registry import (
    DEPLOYMENT,
    HORIZONTAL_POD_AUTOSCALER,
    HTTP_ROUTE,
    INGRESS,
    POD_DISRUPTION_BUDGET,
    SCALED_OBJECT,
    SERVICE,
)
from gco.kinds.takeover import FieldPath, held_by_others, take_over

_POD = ("f:spec", "f:template", "f:spec")
_OURS: dict[str, tuple[FieldPath, ...]] = {
    SERVICE.name: (("f:spec", "f:ports"), ("f:spec", "f:selector"), ("f:spec", "f:type")),
    INGRESS.name: (("f:spec",),),
    HTTP_ROUTE.name: (("f:spec",),),
    POD_DISRUPTION_BUDGET.name: (("f:spec",),),
    HORIZONTAL_POD_AUTOSCALER.name: (("f:spec",),),
    SCALED_OBJECT.name: (("f:spec",),),
    DEPLOYMENT.name: (
        ("f:spec", "f:strategy"),
        (*_POD, "f:nodeSelector"),
        (*_POD, "f:affinity"),
        (*_POD, "f:securityContext"),
    ),
}
"""Subtrees that only we may fill, by kind; a Deployment's containers and volumes by their names."""


def take_back(live: Manifest, wanted: Manifest) -> list[dict[str, Any]] | None:
    """Return a JSON patch that moves others' entries for what is wholly ours into ours.

    It is guarded by the resourceVersion of `live`. None where nobody holds any of it, and where a
    forced apply of `wanted` alone takes it all: one request less, and none that the object's own
    controllers can make stale.
    """
    scope = _scope(live, wanted)
    theirs = held_by_others(live, MANAGER, scope)
    if _taken_by_applying(live, wanted, theirs):
        return None
    return take_over(live, MANAGER, scope)


def _taken_by_applying(live: Manifest, wanted: Manifest, theirs: FieldSet) -> bool:
    """Whether `theirs` are values of ours, each of them changed.

    An apply takes a value from the manager that has another one; that manager goes on holding what
    is the same, and what we do not want.
    """
    if difference(theirs, fieldset(wanted)):
        return False
    return _all_differ(project(live, theirs), project(wanted, theirs))


def _all_differ(there: Any, ours: Any) -> bool:  # noqa: ANN401 - any JSON value
    if isinstance(there, dict) and isinstance(ours, dict) and there.keys() == ours.keys():
        return all(_all_differ(there[key], ours[key]) for key in there)
    return bool(there != ours)


def _scope(live: Manifest, wanted: Manifest) -> list[FieldPath]:
    paths = list(_OURS.get(wanted["kind"], ()))
    if wanted["kind"] == DEPLOYMENT.name:
        paths.extend(_named(live, wanted))
    return paths


def _named(live: Manifest, wanted: Manifest) -> Iterator[FieldPath]:
    """Yield our containers and volumes, and a container that is ours under another name."""
    there, ours = _pod_spec(live), _pod_spec(wanted)
    names = {c["name"] for c in there.get("containers") or ()}
    image = next(c["image"] for c in ours["containers"] if c["name"] == CONTAINER)
    for field in ("containers", "initContainers", "volumes"):
        for item in ours.get(field) or ():
            yield (*_POD, f"f:{field}", _key(item["name"]))
    if CONTAINER not in names:
        for container in there.get("containers") or ():
            if container.get("image") == image:
                yield (*_POD, "f:containers", _key(container["name"]))


def _pod_spec(manifest: Manifest) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = manifest["spec"]["template"]["spec"]
    return spec


def _key(name: str) -> str:
    return "k:" + json.dumps({"name": name}, separators=(",", ":"))
