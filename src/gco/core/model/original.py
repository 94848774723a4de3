"""What a row of the original monitor's table says, as the document that a person would write for it.

A row has its spec as a map under `spec`, or flat beside the other attributes; both are read. Nothing is
guessed: an attribute that has no place in a document is named with why, and so is what keeps a row
from being taken over at all.
"""

import dataclasses
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from gco.core.model.ids import EndpointName
from gco.core.model.images import regional_image
from gco.core.model.names import CONTAINER, default_route_path
from gco.core.model.shown import shown
from gco.core.model.spec import API_VERSION, KIND
from gco.errors import Problem

_BOOKKEEPING: Final = frozenset(
    {
        *(
            "endpoint_name",
            "namespace",
            "labels",
            "desired_state",
            "target_regions",
            "ingress_path",
        ),
        *("spec", "region_status", "created_at", "updated_at", "created_by"),
        *("lifecycle_id", "cleanup_regions", "region_generations"),
        *("deletion_generation", "deletion_regions"),
    }
)
"""Attributes of the row itself: carried over, or what the original noted for its own use."""
_SPEC: Final = frozenset(
    {
        *("image", "region_image_uris", "command", "args", "env", "port", "health_check_path"),
        *("gpu_count", "accelerator", "resources", "node_selector", "capacity_type"),
        *("model_path", "model_source", "replicas", "autoscaling", "canary"),
    }
)
_MAPS: Final = frozenset({"env", "resources", "node_selector", "autoscaling", "region_image_uris"})
_NOTHING: Final[tuple[object, ...]] = (None, "", {}, [])
_ELSEWHERE: Final = "us-gov-east-9"
"""A region that no image names: an ECR image differs there from itself."""
_CAPACITY: Final = ("on-demand", "spot")
_MODELS: Final = "/models"


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """One endpoint of the original's table."""

    name: str
    regions: tuple[str, ...]
    """Where the original runs it."""
    deleted: bool
    """The original is removing it."""
    document: Mapping[str, Any]
    """As `gco apply` would take it, without its regions."""
    images: Mapping[str, str]
    """By region, the images that are not what a rewriting of the main one gives."""
    lost: tuple[Problem, ...]
    """What the document does not say, though the row did."""
    hindrances: tuple[Problem, ...]
    """Why the row cannot be taken over as it is."""

    def for_regions(self, regions: Sequence[str]) -> dict[str, Any]:
        """Return the document for `regions`, those with an image of their own included."""
        stated = [
            {"name": region, "image": self.images[region]} if region in self.images else region
            for region in regions
        ]
        return {**self.document, "spec": {**self.document["spec"], "regions": stated}}


def read_row(row: Mapping[str, Any]) -> Row:
    """Return what `row`, of plain JSON-like values, says."""
    name = str(row.get("endpoint_name", ""))
    flat = {key: value for key, value in row.items() if key not in _BOOKKEEPING}
    stated = {k: v for k, v in {**flat, **_map(row.get("spec"))}.items() if v not in _NOTHING}
    spec = {k: v for k, v in stated.items() if k not in _MAPS or isinstance(v, dict)}
    targets = row.get("target_regions")
    regions = tuple(dict.fromkeys(map(str, targets if isinstance(targets, list) else ())))
    return Row(
        name=name,
        regions=regions,
        deleted=row.get("desired_state") == "deleted",
        document=_document(name, row, spec),
        images=_own_images(spec, regions),
        lost=tuple(_lost(spec, name)),
        hindrances=(*_misshapen(stated), *_hindrances(spec)),
    )


def _document(name: str, row: Mapping[str, Any], spec: Mapping[str, Any]) -> dict[str, Any]:
    metadata = {"name": name, "namespace": row.get("namespace"), "labels": row.get("labels")}
    return {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {key: value for key, value in metadata.items() if value},
        "spec": {key: value for key, value in _fields(name, row, spec) if value not in (None, {})},
    }


def _fields(
    name: str, row: Mapping[str, Any], spec: Mapping[str, Any]
) -> Iterator[tuple[str, Any]]:
    yield "image", spec.get("image")
    yield "imagePolicy", _image_policy(spec)
    for field in ("command", "args", "port", "replicas"):
        yield field, spec.get(field)
    env = _map(spec.get("env"))
    yield "env", [{"name": key, "value": str(value)} for key, value in env.items()] or None
    yield "probes", _stated(readyPath=spec.get("health_check_path"))
    yield "resources", _resources(spec)
    capacity = spec.get("capacity_type")
    yield (
        "scheduling",
        _stated(
            nodeSelector=spec.get("node_selector"),
            capacity=capacity if capacity in _CAPACITY else None,
        ),
    )
    yield "model", _stated(uri=spec.get("model_source"))
    yield "podOverrides", _mounted(spec)
    yield "autoscaling", _autoscaling(_map(spec.get("autoscaling")))
    path = row.get("ingress_path")
    yield "route", _stated(path=path if path != default_route_path(EndpointName(name)) else None)
    yield "state", "stopped" if row.get("desired_state") == "stopped" else None


def _stated(**fields: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON value
    return {key: value for key, value in fields.items() if value is not None}


def _image_policy(spec: Mapping[str, Any]) -> str | None:
    """The original rewrote an ECR image where it noted one for each region, and else did not."""
    image = str(spec.get("image", ""))
    is_ecr = regional_image(image, _ELSEWHERE) != image
    return "as-is" if is_ecr and not spec.get("region_image_uris") else None


def _own_images(spec: Mapping[str, Any], regions: Sequence[str]) -> dict[str, str]:
    image, noted = str(spec.get("image", "")), _map(spec.get("region_image_uris"))
    there = {region: str(noted.get(region, image)) for region in regions} if noted else {}
    return {region: uri for region, uri in there.items() if uri != regional_image(image, region)}


def _resources(spec: Mapping[str, Any]) -> dict[str, Any]:
    asked = _map(spec.get("resources"))
    amounts = {
        kind: {name: str(amount) for name, amount in _map(asked[kind]).items()}
        for kind in ("requests", "limits")
        if asked.get(kind)
    }
    return _stated(accelerator=spec.get("accelerator"), count=spec.get("gpu_count")) | amounts


def _mounted(spec: Mapping[str, Any]) -> dict[str, Any] | None:
    """Weights that someone put on the region's volume: mounted where the original did, fetched by nobody.

    Read-only, since endpoints share that volume; pods that are adopted keep the mount they have.
    """
    if not spec.get("model_path") or spec.get("model_source"):
        return None
    volume = {"name": "model-storage", "persistentVolumeClaim": {"claimName": "efs-claim"}}
    mount = {"name": "model-storage", "mountPath": _MODELS, "readOnly": True}
    container = {"name": CONTAINER, "volumeMounts": [mount]}
    return {"spec": {"volumes": [volume], "containers": [container]}}


def _autoscaling(told: Mapping[str, Any]) -> dict[str, Any] | None:
    if not told.get("enabled"):
        return None
    listed = told.get("metrics")
    found = [_map(metric) for metric in (listed if isinstance(listed, list) else ())]
    metrics = [{"type": m.get("type", "cpu"), "target": m.get("target", 70)} for m in found]
    return _stated(
        min=told.get("min_replicas"), max=told.get("max_replicas"), metrics=metrics or None
    )


def _lost(spec: Mapping[str, Any], name: str) -> Iterator[Problem]:
    for key in sorted(spec.keys() - _SPEC - {"mooncake"}):
        yield Problem(key, shown(spec[key]), "not kept: no field of GCO's says it")
    if spec.get("capacity_type") not in (None, *_CAPACITY):
        yield Problem("capacity_type", shown(spec["capacity_type"]), "not kept: on-demand or spot")
    path = spec.get("model_path")
    if path and spec.get("model_source") and str(path).rstrip("/") != f"{_MODELS}/{name}":
        allowed = f"not kept: weights that are fetched are at {_MODELS}/{name}"
        yield Problem("model_path", shown(path), allowed)
    told = _map(spec.get("autoscaling"))
    for key in sorted(told.keys() - {"enabled", "min_replicas", "max_replicas", "metrics"}):
        yield Problem(f"autoscaling.{key}", shown(told[key]), "not kept: no field of GCO's says it")


def _misshapen(stated: Mapping[str, Any]) -> Iterator[Problem]:
    for key in sorted(stated.keys() & _MAPS):
        if not isinstance(stated[key], dict):
            yield Problem(key, shown(stated[key]), "a mapping, as the original writes it")


def _map(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _hindrances(spec: Mapping[str, Any]) -> Iterator[Problem]:
    if spec.get("canary"):
        allowed = "no canary under way: promote it or roll it back with the original first"
        yield Problem("canary", shown(spec["canary"]), allowed)
    if spec.get("mooncake"):
        allowed = "no serving by several roles: GCO has none; leave this endpoint with the original"
        yield Problem("mooncake", shown(spec["mooncake"]), allowed)
