"""From a spec and the regions to a target for each region, the ones that are left included."""

from collections.abc import Container, Iterable, Mapping

from gco.core.fleet.resolve import resolve, resolve_canary
from gco.core.model.endpoint import CanaryBase, CanaryTarget, RegionTarget, TargetState
from gco.core.model.ids import EndpointUid, RegionName, RevisionNumber
from gco.core.model.scaling import first_count, scaling_of
from gco.core.model.spec import DesiredState, EndpointSpec
from gco.core.model.status import Region
from gco.core.model.template_key import template_key

DEFAULT_REPLICAS = 1


def plan_targets(
    uid: EndpointUid,
    revision: RevisionNumber,
    spec: EndpointSpec,
    labels: Mapping[str, str],
    *,
    wanted: Iterable[Region],
    previous: Mapping[RegionName, RegionTarget],
    base: CanaryBase | None = None,
    promotes: bool = False,
    kept: Container[RegionName] = (),
) -> dict[RegionName, RegionTarget]:
    """Return the targets of `revision`: one for each wanted region, and one for each that is left.

    A region that is left keeps its target as deleted, of the revision that left it: what it
    reported gone under an older revision, before it was joined again, does not count. `base` is
    the revision that a canary runs, where it runs one. `promotes`: the canaries that there are
    serve on until the endpoint's own pods run what they run. `kept` regions keep the target of an
    earlier revision, which they carry out as before.
    """
    targets: dict[RegionName, RegionTarget] = {}
    for region in wanted:
        target = _target(uid, revision, resolve(spec, region), labels, _state(spec))
        canary = _canary(spec, base, labels, region)
        if canary is None:
            canary = _promoted(previous.get(region.name), target, promotes=promotes)
        targets[region.name] = target.model_copy(update={"canary": canary})
    for name, target in previous.items():
        if name not in targets:
            targets[name] = target if name in kept else _leave(target, revision)
    return dict(sorted(targets.items()))


def deleted_targets(
    previous: Mapping[RegionName, RegionTarget], seen: int = 0
) -> dict[RegionName, RegionTarget]:
    """Return the targets of a tombstone: every region is to remove what it has.

    `seen` is the highest revision that any says it runs: one that is above the record's, in a
    store that was set back, would refuse the wish.
    """
    return {
        name: _leave(target, target.revision).model_copy(
            update={"revision": RevisionNumber(max(target.revision, seen))}
        )
        for name, target in previous.items()
    }


def same_targets(
    one: Mapping[RegionName, RegionTarget], two: Mapping[RegionName, RegionTarget]
) -> bool:
    """Return whether both ask the same of every region, whatever the number of the revision."""
    return {r: _without_revision(t) for r, t in one.items()} == {
        r: _without_revision(t) for r, t in two.items()
    }


def _target(
    uid: EndpointUid,
    revision: RevisionNumber,
    resolved: EndpointSpec,
    labels: Mapping[str, str],
    state: TargetState,
) -> RegionTarget:
    return RegionTarget(
        uid=uid,
        revision=revision,
        template_key=template_key(resolved, labels),
        state=state,
        replicas=_replicas(resolved),
    )


def _canary(
    spec: EndpointSpec, base: CanaryBase | None, labels: Mapping[str, str], region: Region
) -> CanaryTarget | None:
    if spec.canary is None:
        return None
    key = template_key(resolve_canary(spec, base, region), labels)
    return CanaryTarget(template_key=key, weight=spec.canary.weight, replicas=spec.canary.replicas)


def _promoted(
    before: RegionTarget | None, after: RegionTarget, *, promotes: bool
) -> CanaryTarget | None:
    """Return the canary that goes on serving: one that is promoted now, or still is.

    What is stopped serves nothing, and what left in between has no canary any more.
    """
    found = before.canary if before else None
    if found is None or after.state is not TargetState.RUNNING:
        return None
    if not (promotes or found.promoting):
        return None
    return found.model_copy(update={"promoting": True})


def _replicas(resolved: EndpointSpec) -> int:
    task = scaling_of(resolved)
    if task is not None:
        return first_count(resolved.replicas, task)
    return DEFAULT_REPLICAS if resolved.replicas is None else resolved.replicas


def _state(spec: EndpointSpec) -> TargetState:
    stopped = spec.state is DesiredState.STOPPED
    return TargetState.STOPPED if stopped else TargetState.RUNNING


def _leave(target: RegionTarget, revision: RevisionNumber) -> RegionTarget:
    if target.state is TargetState.DELETED:
        return target
    return target.model_copy(
        update={"state": TargetState.DELETED, "revision": revision, "canary": None}
    )


def _without_revision(target: RegionTarget) -> RegionTarget:
    return target.model_copy(update={"revision": RevisionNumber(0)})
