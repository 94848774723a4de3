"""What a spec means in one region: its overrides, its image registry, its kind of route."""

from collections.abc import Iterable

from gco.core.model.canary import promoted
from gco.core.model.endpoint import CanaryBase
from gco.core.model.ids import RegionName
from gco.core.model.images import regional_image
from gco.core.model.routes import overlaid, route_in
from gco.core.model.scaling import Scaling, autoscaling_in_region, scaling
from gco.core.model.spec import EndpointSpec, RegionSpec
from gco.core.model.status import Region


def resolve(spec: EndpointSpec, region: Region) -> EndpointSpec:
    """Return `spec` as it is in `region`, with only what was stated, but for how routes go there.

    A field that the region states wins; within `scheduling`, `autoscaling` and `route` each field
    by itself. An image that the region names itself is taken as it is.
    """
    own = region_spec(spec, region.name)
    return spec.model_copy(
        update={
            "regions": None,
            "state": None,
            "canary": None,
            "image": _image(spec, own, region),
            "replicas": spec.replicas if own.replicas is None else own.replicas,
            "autoscaling": autoscaling_in_region(spec.autoscaling, own.autoscaling),
            "scheduling": overlaid(spec.scheduling, own.scheduling),
            "route": route_in(overlaid(spec.route, own.route), region),
        }
    )


def region_spec(spec: EndpointSpec, region: RegionName) -> RegionSpec:
    """Return what the spec says of one region: a bare name where it says nothing.

    The name is not validated here: a person may have typed it, and the rules refuse it by its path.
    """
    stated = (r for r in spec.regions or () if r.name == region)
    return next(stated, None) or RegionSpec.model_construct(name=region)


def path_in(spec: EndpointSpec, region: RegionName) -> str | None:
    """Return the path of the route as it is stated for `region`; None where none is."""
    route = overlaid(spec.route, region_spec(spec, region).route)
    return None if route is None else route.path


def task_in(spec: EndpointSpec, region: RegionName) -> Scaling | None:
    """Return what an autoscaler does in one region; None where there is none."""
    stated = autoscaling_in_region(spec.autoscaling, region_spec(spec, region).autoscaling)
    return None if stated is None else scaling(stated)


def resolve_canary(spec: EndpointSpec, base: CanaryBase | None, region: Region) -> EndpointSpec:
    """Return what the canary of `spec` runs in `region`: what its promotion would make of it."""
    return resolve(promoted(spec, base.spec if base else None), region)


def wanted_regions(
    spec: EndpointSpec, registered: Iterable[RegionName], present: Iterable[RegionName] | None
) -> tuple[RegionName, ...]:
    """Return where the endpoint is to exist, in the order that the spec states.

    A spec without regions means every registered region at the time of an apply; other edits stay
    with the regions that are `present`. So a region that registers later is joined by the next
    apply, which prints it, and by nothing else.
    """
    if spec.regions is not None:
        return tuple(RegionName(region.name) for region in spec.regions)
    return tuple(sorted(registered if present is None else present))


def allowed_namespaces(regions: Iterable[Region]) -> frozenset[str] | None:
    """Return the namespaces that every one of `regions` allows; None where none publishes any."""
    lists = [frozenset(region.namespaces) for region in regions if region.namespaces]
    return frozenset.intersection(*lists) if lists else None


def free_accelerators(region: Region, resource: str) -> tuple[int, int] | None:
    """Return (free, total) of `resource` when the region last counted; None where unknown."""
    if region.capacity is None:
        return None
    counted = region.capacity.get(resource)
    return (0, 0) if counted is None else (counted.free, counted.total)


def _image(spec: EndpointSpec, own: RegionSpec, region: Region) -> str:
    if own.image is not None:
        return own.image
    if spec.image_policy == "as-is" or not region.aws_region:
        return spec.image
    return regional_image(spec.image, region.aws_region)
