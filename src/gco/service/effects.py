"""What a change means region by region: who joins, leaves, restarts, and what room there is for it."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from gco.core.fleet.resolve import free_accelerators
from gco.core.model.endpoint import RegionTarget, TargetState
from gco.core.model.ids import RegionName
from gco.core.model.resources import devices
from gco.core.model.scaling import autoscaling_in_region, fewest_stated
from gco.core.model.spec import Autoscaling, EndpointSpec, RolloutStrategy
from gco.core.model.status import Region
from gco.core.region.replacing import Replacing, choose
from gco.service.results import Effect, RegionEffect, Restart


def effects_of(
    spec: EndpointSpec,
    previous: Mapping[RegionName, RegionTarget],
    targets: Mapping[RegionName, RegionTarget],
    registered: Mapping[RegionName, Region],
    *,
    changed: bool,
    unreadable: Collection[RegionName] = (),
) -> tuple[RegionEffect, ...]:
    """Return what going from `previous` to `targets` means in each region, removed ones included.

    `changed`: the spec itself says something else than before. `unreadable` regions are left out of
    the change.
    """
    left_out = (RegionEffect(region=name, effect=Effect.UNREADABLE) for name in unreadable)
    return (
        *_of_targets(spec, previous, targets, registered, unreadable, changed=changed),
        *left_out,
    )


def _of_targets(
    spec: EndpointSpec,
    previous: Mapping[RegionName, RegionTarget],
    targets: Mapping[RegionName, RegionTarget],
    registered: Mapping[RegionName, Region],
    unreadable: Collection[RegionName],
    *,
    changed: bool,
) -> Iterator[RegionEffect]:
    return (
        _of_region(
            spec,
            target,
            _effect(previous.get(name), target, changed=changed),
            name=name,
            region=registered.get(name),
        )
        for name, target in targets.items()
        if name not in unreadable and not (_gone(previous.get(name)) and _gone(target))
    )


def _of_region(
    spec: EndpointSpec,
    target: RegionTarget,
    effect: Effect,
    *,
    name: RegionName,
    region: Region | None,
) -> RegionEffect:
    restarts = effect is Effect.RESTARTS
    return RegionEffect(
        region=name,
        effect=effect,
        **_room(spec, region),
        restart=_restart(spec, target, name, region) if restarts else None,
    )


def _autoscaling(spec: EndpointSpec, name: RegionName) -> Autoscaling | None:
    own = next((r.autoscaling for r in spec.regions or () if r.name == name), None)
    return autoscaling_in_region(spec.autoscaling, own)


def _restart(
    spec: EndpointSpec, target: RegionTarget, name: RegionName, region: Region | None
) -> Restart:
    """How the region will replace pods, by its last count: it counts again when it begins.

    A promoted canary answers every request where a single pod has to make room for the next.
    """
    replicas, canary = target.replicas, target.canary
    fewest = fewest_stated(_autoscaling(spec, name), replicas)
    stated = (spec.rollout and spec.rollout.strategy) or RolloutStrategy.AUTO
    if stated is not RolloutStrategy.AUTO:
        return Restart(stated.value)
    fits = _fits(spec, region)
    if fits is None:
        return Restart.ROLLING if fewest > 1 else Restart.SURGE
    if choose(spec.rollout, fewest, fits=fits) is Replacing.IN_PLACE:
        return Restart.IN_PLACE
    if fits:
        return Restart.SURGE
    covered = canary is not None and canary.promoting and canary.replicas >= replicas
    return Restart.IN_PLACE if covered else Restart.WAITS


def _fits(spec: EndpointSpec, region: Region | None) -> bool | None:
    """Whether one replica more has room, or a node can be made for it; None where nobody counts."""
    asked = devices(spec.resources)
    if not asked.count or region is None or region.capacity is None:
        return None
    counted = region.capacity.get(asked.resource)
    if counted is None:
        return region.elastic
    free = counted.free if counted.largest is None else counted.largest
    return region.elastic or free >= asked.count


def _room(spec: EndpointSpec, region: Region | None) -> dict[str, Any]:
    """What the spec asks of a region's nodes, and how much of it there was at the last count."""
    resource = devices(spec.resources).resource or None
    counted = free_accelerators(region, resource) if region and resource else None
    free, total = counted or (None, None)
    return {"resource": resource, "free": free, "total": total}


def _effect(before: RegionTarget | None, after: RegionTarget, *, changed: bool) -> Effect:
    if _gone(after):
        return Effect.LEAVES
    if before is None or _gone(before):
        return Effect.JOINS
    if before.state is not after.state:
        return Effect.STOPS if after.state is TargetState.STOPPED else Effect.STARTS
    if before.template_key != after.template_key:
        return Effect.RESTARTS if after.state is TargetState.RUNNING else Effect.UPDATES
    if _tries(before, after):
        return Effect.TRIES
    return Effect.UPDATES if changed else Effect.NONE


def _tries(before: RegionTarget, after: RegionTarget) -> bool:
    """Whether a canary begins that was not there, or runs something else from now on."""
    if after.canary is None or after.canary.promoting or after.state is not TargetState.RUNNING:
        return False
    return before.canary is None or before.canary.template_key != after.canary.template_key


def _gone(target: RegionTarget | None) -> bool:
    return target is not None and target.state is TargetState.DELETED
