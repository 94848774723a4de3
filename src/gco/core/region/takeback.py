"""Take back what others hold of an object's subtrees that are wholly ours, before applying it.

A forced apply alone does not heal every edit: one that replaced an item of a list by another key
(a Service's port, a renamed container), or a field by its alternative (`value` by `valueFrom`),
leaves the editor owning what must go. Moving the editor's entries for such subtrees into our own
makes the next apply remove them. Sidecars, and fields beside ours, are never touched.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from gco.core.model.names import CONTAINER, MANAGER
from gco.core.region.actions import Manifest
from gco.kinds import DEPLOYMENT, INGRESS, SERVICE
from gco.kinds.fieldset import FieldSet, difference, intersection, union

_POD = ("f:spec", "f:template", "f:spec")
_OURS: dict[str, tuple[tuple[str, ...], ...]] = {
    SERVICE.name: (("f:spec", "f:ports"), ("f:spec", "f:selector"), ("f:spec", "f:type")),
    INGRESS.name: (("f:spec",),),
    DEPLOYMENT.name: (
        ("f:spec", "f:strategy"),
        (*_POD, "f:nodeSelector"),
        (*_POD, "f:affinity"),
        (*_POD, "f:securityContext"),
    ),
}
"""Subtrees that only we may fill, by kind; a Deployment's container and volumes by their names."""


def take_back(live: Manifest, wanted: Manifest) -> list[dict[str, Any]] | None:
    """Return a JSON patch that moves others' entries for what is wholly ours into ours.

    It is guarded by the resourceVersion of `live`. None where nobody holds any of it.
    """
    meta = live["metadata"]
    entries = [dict(entry) for entry in meta.get("managedFields") or ()]
    scope = _scope(live, wanted)
    taken: FieldSet = {}
    kept = []
    for entry in entries:
        if _is_ours(entry) or entry.get("subresource"):
            kept.append(entry)
            continue
        fields = entry.get("fieldsV1") or {}
        common = _within(fields, scope)
        taken = union(taken, common) if common else taken
        rest = difference(fields, common) if common else fields
        if rest:
            kept.append({**entry, "fieldsV1": rest})
    if not taken:
        return None
    return [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": meta["resourceVersion"]},
        {"op": "replace", "path": "/metadata/managedFields", "value": _with(kept, taken, live)},
    ]


def _scope(live: Manifest, wanted: Manifest) -> list[tuple[str, ...]]:
    paths = list(_OURS.get(wanted["kind"], ()))
    if wanted["kind"] == DEPLOYMENT.name:
        paths.extend(_named(live, wanted))
    return paths


def _named(live: Manifest, wanted: Manifest) -> Iterator[tuple[str, ...]]:
    """Yield our container and volumes, and a container that is ours under another name."""
    there, ours = _pod_spec(live), _pod_spec(wanted)
    names = {c["name"] for c in there.get("containers") or ()}
    image = next(c["image"] for c in ours["containers"] if c["name"] == CONTAINER)
    yield (*_POD, "f:containers", _key(CONTAINER))
    if CONTAINER not in names:
        for container in there.get("containers") or ():
            if container.get("image") == image:
                yield (*_POD, "f:containers", _key(container["name"]))
    for volume in ours.get("volumes") or ():
        yield (*_POD, "f:volumes", _key(volume["name"]))


def _pod_spec(manifest: Manifest) -> Mapping[str, Any]:
    spec: Mapping[str, Any] = manifest["spec"]["template"]["spec"]
    return spec


def _key(name: str) -> str:
    return "k:" + json.dumps({"name": name}, separators=(",", ":"))


def _is_ours(entry: Mapping[str, Any]) -> bool:
    return entry.get("manager") == MANAGER and entry.get("operation") == "Apply"


def _within(fields: FieldSet, scope: list[tuple[str, ...]]) -> FieldSet:
    """Return the part of `fields` that is at or below one of the paths of `scope`."""
    found: FieldSet = {}
    for path in scope:
        below = _descend(fields, path)
        if below is not None:
            found = union(found, _nested(path, below)) if found else _nested(path, below)
    return intersection(fields, found) if found else {}


def _descend(fields: FieldSet, path: tuple[str, ...]) -> FieldSet | None:
    for step in path:
        if step not in fields:
            return None
        fields = fields[step]
    return fields


def _nested(path: tuple[str, ...], below: FieldSet) -> FieldSet:
    for step in reversed(path):
        below = {step: below}
    return below


def _with(entries: list[dict[str, Any]], taken: FieldSet, live: Manifest) -> list[dict[str, Any]]:
    ours = next((e for e in entries if _is_ours(e) and not e.get("subresource")), None)
    if ours is not None:
        ours["fieldsV1"] = union(ours.get("fieldsV1") or {}, taken)
        return entries
    entry = {
        "manager": MANAGER,
        "operation": "Apply",
        "apiVersion": live["apiVersion"],
        "fieldsType": "FieldsV1",
        "fieldsV1": taken,
    }
    return [*entries, entry]
