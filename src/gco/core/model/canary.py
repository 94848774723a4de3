"""What a canary runs: the spec that its promotion would give, by definition."""

from typing import Any

from gco.core.model.ids import EndpointName
from gco.core.model.images import moved_image
from gco.core.model.names import CANARY_SUFFIX
from gco.core.model.spec import EndpointSpec, RegionSpec
from gco.core.model.template_key import POD_FIELDS

_BASE_FIELDS = POD_FIELDS | {"image_policy"}
"""What a revision decides of its pods; the policy is in what a region resolves."""
_REGION_FIELDS = ("image", "scheduling")


def canary_name(name: EndpointName) -> EndpointName:
    """Return the name under which the canary's objects and pods are known."""
    return EndpointName(f"{name}{CANARY_SUFFIX}")


def promoted(spec: EndpointSpec, base: EndpointSpec | None) -> EndpointSpec:
    """Return `spec` with its canary in the place of the endpoint's own pods, and none any more.

    An image replaces spec.image and moves what regions name themselves, as `gco update-image` does;
    a revision (`base`) brings all that shapes its pods, in each region.
    """
    stated = spec.canary
    if stated is None:
        return spec
    if stated.image is not None:
        return with_image(spec.model_copy(update={"canary": None}), stated.image)
    if base is None:
        raise ValueError("a canary that runs a revision is promoted with that revision at hand")
    update: dict[str, Any] = {field: getattr(base, field) for field in _BASE_FIELDS}
    regions = spec.regions and tuple(_as_in(region, base) for region in spec.regions)
    return spec.model_copy(update={**update, "regions": regions, "canary": None})


def with_image(spec: EndpointSpec, image: str) -> EndpointSpec:
    """Return `spec` with another image in every region, those that name one themselves included."""
    regions = spec.regions and tuple(
        region.model_copy(update={"image": moved_image(region.image, spec.image, image)})
        for region in spec.regions
    )
    return spec.model_copy(update={"image": image, "regions": regions})


def pods_only(resolved: EndpointSpec) -> EndpointSpec:
    """Return what of a spec, resolved for one region, shapes its pods."""
    others = EndpointSpec.model_fields.keys() - POD_FIELDS
    return resolved.model_copy(update=dict.fromkeys(others))


def _as_in(region: RegionSpec, base: EndpointSpec) -> RegionSpec:
    """Return `region` with the pods of what `base` says of it; absent there, it says nothing."""
    was = next((r for r in base.regions or () if r.name == region.name), None)
    return region.model_copy(
        update={field: getattr(was, field) if was else None for field in _REGION_FIELDS}
    )
