"""How many replicas an autoscaler left, for who takes the number back from it.

A file that no longer asks for an autoscaler, and states no number of its own, keeps what runs: to
fall back to the default would take replicas from under their load.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import TypeAlias

from gco.core.fleet.resolve import region_spec, task_in
from gco.core.model.endpoint import Endpoint, TargetState
from gco.core.model.ids import EndpointName, RegionName
from gco.core.model.spec import EndpointSpec, InferenceEndpoint, RegionSpec
from gco.core.model.status import RegionStatus
from gco.service.context import Context
from gco.service.results import Kept

Counts: TypeAlias = Mapping[RegionName, int]


async def counts_left(
    context: Context, documents: Sequence[InferenceEndpoint]
) -> Mapping[EndpointName, Counts]:
    """Return how many replicas run of the endpoints whose autoscaler `documents` may take away."""
    names = [EndpointName(d.metadata.name) for d in documents if d.spec.replicas is None]
    # What cannot be read here is reported by the commit that follows.
    found = await context.store.get_many(names, unread=lambda *_: None) if names else {}
    scaled = {name: list(e.targets) for name, e in found.items() if _is_scaled(e)}
    said = await context.store.statuses_of(scaled, unread=lambda *_: None) if scaled else ()
    counts: dict[EndpointName, dict[RegionName, int]] = {}
    for status in said:
        if _tells(status, found[status.name]):
            counts.setdefault(status.name, {})[status.region] = status.replicas_desired
    return counts


def keep_counts(
    merged: EndpointSpec, document: EndpointSpec, stored: EndpointSpec, counts: Counts
) -> tuple[EndpointSpec, tuple[Kept, ...]]:
    """Return `merged` with what ran where `stored` had an autoscaler and it has none.

    Nothing changes where `document` states a number.
    """
    kept = {
        region: count
        for region, count in counts.items()
        if document.replicas is None
        and region_spec(document, region).replicas is None
        and task_in(stored, region) is not None
        and task_in(merged, region) is None
    }
    if not kept:
        return merged, ()
    if document.regions is None and merged.regions is None and len(set(kept.values())) == 1:
        [count] = set(kept.values())
        spec = merged.model_copy(update={"replicas": count})
        return spec, (Kept(path="spec.replicas", value=str(count)),)
    told = tuple(
        Kept(path=f"spec.regions[{region}].replicas", value=str(count))
        for region, count in kept.items()
    )
    return merged.model_copy(update={"regions": _regions(merged, counts, kept)}), told


def _regions(
    merged: EndpointSpec, every: Collection[RegionName], kept: Counts
) -> tuple[RegionSpec, ...]:
    stated = merged.regions or tuple(RegionSpec(name=name) for name in sorted(every))
    return tuple(
        region.model_copy(update={"replicas": kept[RegionName(region.name)]})
        if region.name in kept
        else region
        for region in stated
    )


def _is_scaled(endpoint: Endpoint) -> bool:
    return any(task_in(endpoint.spec, region) is not None for region in endpoint.targets)


def _tells(status: RegionStatus, endpoint: Endpoint) -> bool:
    """Whether a status is of this endpoint while it runs, with something to keep."""
    target = endpoint.targets[status.region]
    runs = target.state is TargetState.RUNNING
    return runs and status.uid == endpoint.uid and status.replicas_desired > 0
