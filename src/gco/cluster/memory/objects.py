"""What a stored object is made of: what a client may state, and what is the server's alone."""

from collections.abc import Mapping
from typing import Any, Final

from gco.cluster.memory import defaults
from gco.cluster.memory.resources import Resource
from gco.cluster.memory.storage import Key, copy
from gco.cluster.memory.strictness import check_fields
from gco.cluster.port import Manifest
from gco.errors import ClusterConflictError, RejectedError
from gco.kinds.registry import Kind

_KEPT: Final = (
    "uid",
    "creationTimestamp",
    "deletionTimestamp",
    "deletionGracePeriodSeconds",
    "generation",
)


def key_of(kind: Kind, namespace: str | None, name: str) -> Key:
    """Return where an object is stored."""
    return (namespace or "" if kind.namespaced else "", name)


def received(
    resource: Resource, manifest: Mapping[str, Any], old: Manifest | None = None
) -> Manifest:
    """Return the caller's manifest as our own, checked for unknown fields; `old` is what it replaces.

    A CRD's schema may have changed since `old` was stored, a built-in kind's cannot.
    """
    kind = resource.kind
    new = copy({"apiVersion": kind.api_version, "kind": kind.name, **manifest})
    if (new["apiVersion"], new["kind"]) != (kind.api_version, kind.name):
        raise RejectedError(f"{new['apiVersion']}/{new['kind']} was sent to {kind.plural}")
    check_fields(new, resource.schema, known=old if resource.structural is None else None)
    new.setdefault("metadata", {})
    return new


def check_same_object(new: Manifest, old: Manifest | None) -> None:
    """Raise ClusterConflictError unless the uid and resourceVersion that `new` states are live."""
    metadata = new["metadata"]
    for name in ("uid", "resourceVersion"):
        stated = metadata.get(name)
        live = old["metadata"][name] if old else "none"
        if stated and stated != live:
            raise ClusterConflictError(
                f'{new["kind"]} "{metadata["name"]}": {name} {stated} stated, {live} found'
            )


def defaulted(resource: Resource, new: Manifest, old: Manifest | None = None) -> Manifest:
    """Return `new` with what its kind fills in."""
    if resource.structural is None:
        known = old or {}  # what equals what was stored has its defaults and its normal form
        if old is None or new.get("spec") != old.get("spec"):
            defaults.fill(resource.kind.name, new)
        kept = {key: value for key, value in new.items() if known.get(key) == value}
        changed = {key: value for key, value in new.items() if key not in kept}
        return {**kept, **defaults.normal(changed, resource.schema)}
    defaults.fill_structural(new, resource.structural)
    return new


def annotated(resource: Resource, old: Manifest, new: Manifest) -> Manifest:
    """Return `old` with the annotations of `new`: a built-in kind's status write may set them."""
    if resource.structural is not None:
        return old
    annotations = new["metadata"].get("annotations")
    metadata = {k: v for k, v in old["metadata"].items() if k != "annotations"}
    return {
        **old,
        "metadata": {**metadata, **({"annotations": annotations} if annotations else {})},
    }


def system_fields(old: Manifest) -> Manifest:
    """Return the metadata that only the server writes."""
    metadata = old["metadata"]
    return {name: metadata[name] for name in _KEPT if name in metadata}


def unmanaged(manifest: Manifest) -> Manifest:
    """Return `manifest` without its managedFields; its parts are still those of `manifest`."""
    metadata = manifest.get("metadata", {})
    rest = {name: value for name, value in metadata.items() if name != "managedFields"}
    return {**manifest, "metadata": rest} if manifest else {}


def same(old: Manifest, new: Manifest) -> bool:
    """Return whether the two differ in nothing but when their fields were last written."""
    return _timeless(old) == _timeless(new)


def _timeless(manifest: Manifest) -> Manifest:
    metadata = manifest["metadata"]
    entries = [{**entry, "time": ""} for entry in metadata.get("managedFields") or ()]
    return {
        **manifest,
        "metadata": {**metadata, "managedFields": entries, "resourceVersion": ""},
    }


def spec_of(manifest: Manifest) -> Manifest:
    """Return all but metadata and status: what generations count."""
    return {key: value for key, value in manifest.items() if key not in ("metadata", "status")}


def finalizers(manifest: Manifest) -> list[str]:
    """Return what keeps a deleted object: its finalizers, and those of a namespace's spec."""
    own: list[str] = manifest["metadata"].get("finalizers") or []
    namespace = manifest["spec"].get("finalizers") if manifest["kind"] == "Namespace" else None
    return [*own, *(namespace or ())]


def released(manifest: Manifest) -> bool:
    """Return whether a deleted object has nothing left that keeps it."""
    metadata = manifest["metadata"]
    return bool(
        metadata.get("deletionTimestamp")
        and not metadata.get("deletionGracePeriodSeconds")
        and not finalizers(manifest)
    )
