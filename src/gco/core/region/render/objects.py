"""What every object of an endpoint has in common: its identity, and how it becomes Rendered."""

from collections.abc import Mapping
from typing import Any

from gco.core.model.names import HASH_ANNOTATION, UID_ANNOTATION, object_labels
from gco.core.model.regional import Regional
from gco.core.region.actions import Rendered
from gco.kinds.canonical import digest
from gco.kinds.ownership import expected_owned_hash
from gco.kinds.registry import Kind

_HASH = 16


def envelope(
    kind: Kind,
    name: str,
    regional: Regional,
    annotations: Mapping[str, str] | None = None,
    labels: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Return the head of a manifest: kind, name, our labels and `labels`, and whose it is."""
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {
            "name": name,
            "namespace": regional.namespace,
            "labels": {**object_labels(regional.name, regional.spec.labels), **(labels or {})},
            "annotations": {**(annotations or {}), UID_ANNOTATION: regional.spec.uid},
        },
    }


def rendered(manifest: Mapping[str, Any]) -> Rendered:
    """Return `manifest` with the annotation that holds its hash, and what we should then own."""
    content = digest(manifest)
    rendered_hash = content[:_HASH]
    meta = manifest["metadata"]
    annotations = {**meta["annotations"], HASH_ANNOTATION: rendered_hash}
    whole = {**manifest, "metadata": {**meta, "annotations": annotations}}
    return Rendered(whole, rendered_hash, expected_owned_hash(whole, content))
