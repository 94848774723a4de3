"""From what a request asks an endpoint to become to one conditional write, and what it means."""

import dataclasses
import datetime as dt
from collections.abc import Container, Iterable, Mapping

from gco.core.fleet.changes import FieldChange
from gco.core.fleet.diff import diff_specs
from gco.core.fleet.resolve import (
    allowed_namespaces,
    wanted_regions,
)
from gco.core.fleet.targets import plan_targets, same_targets
from gco.core.model.endpoint import (
    CanaryBase,
    Endpoint,
    EndpointState,
    RegionTarget,
    Revision,
    TargetState,
    Write,
)
from gco.core.model.ids import (
    Actor,
    EndpointName,
    EndpointUid,
    Generation,
    RegionName,
    RevisionNumber,
)
from gco.core.model.route_claims import OtherRoutes
from gco.core.model.spec import (
    DesiredState,
    EndpointSpec,
    InferenceEndpoint,
    Metadata,
)
from gco.core.model.status import Region
from gco.core.model.validation import check
from gco.errors import InvalidSpecError, Problem, UnreadableError
from gco.kinds.reading import clip
from gco.service.context import Registry
from gco.service.effects import effects_of
from gco.service.results import Applied, Kept, Outcome


@dataclasses.dataclass(frozen=True, slots=True)
class Draft:
    """What a request asks one endpoint to become."""

    name: EndpointName
    namespace: str
    labels: Mapping[str, str]
    spec: EndpointSpec
    reason: str
    kept: tuple[Kept, ...] = ()
    joins: bool = False
    """Whether a spec without regions is taken to mean every region that is registered by now."""
    promotes: bool = False
    """Whether the canaries that there are take the place of the endpoint's own pods."""
    base: CanaryBase | None = None
    """The revision that the spec's canary runs, where it runs one."""
    adopts: bool | None = None
    """Whether what the original monitor made is to be taken over; None leaves that as it is."""


@dataclasses.dataclass(frozen=True, slots=True)
class Plan:
    """A draft, made concrete against the record that was read."""

    current: Endpoint | None
    write: Write | None
    """None where nothing would change."""
    applied: Applied


@dataclasses.dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, when, and under which uid a new endpoint would be known."""

    actor: Actor
    now: dt.datetime
    new_uid: EndpointUid
    seen: int = 0
    """The highest revision that a region says it runs; above the record's in a store set back."""


def plan(
    draft: Draft,
    current: Endpoint | None,
    registry: Registry,
    asker: Asker,
    routes: OtherRoutes | None = None,
) -> Plan:
    """Return the write that makes `current` what `draft` says; raises InvalidSpecError.

    `routes` are those of other endpoints, as far as they matter here. In a region whose record cannot
    be read the endpoint stays as it is, until an apply that can read it. Raises UnreadableError where
    the request is about that region, or about every region that the endpoint is in.
    """
    registered = registry.regions
    unreadable = _unreadable(draft, current, registry)
    wanted, warnings = _wanted(draft, current, registered, routes, unreadable)
    uid = asker.new_uid if current is None else current.uid
    number = RevisionNumber(max(asker.seen, 0 if current is None else current.revision) + 1)
    set_back = current is not None and asker.seen > current.revision
    previous = {} if current is None else current.targets
    targets = plan_targets(
        uid,
        number,
        draft.spec,
        draft.labels,
        wanted=wanted,
        previous=previous,
        base=draft.base,
        promotes=draft.promotes,
        kept=unreadable,
    )
    changes = diff_specs(
        None if current is None else current.spec,
        draft.spec,
        labels=({} if current is None else current.labels, draft.labels),
    )
    same = current is not None and _same(current, draft) and same_targets(previous, targets)
    same = same and not set_back and not _is_behind(current, wanted)
    applied = _applied(draft, current, asker, changes, same=same)
    applied = applied.model_copy(update={"warnings": warnings})
    if same:
        return Plan(current, None, applied)
    effects = effects_of(
        draft.spec,
        previous,
        targets,
        registered,
        changed=bool(changes),
        unreadable=sorted(unreadable),
    )
    applied = applied.model_copy(update={"revision": number, "regions": effects})
    return Plan(
        current, _write(draft, current, asker, uid=uid, number=number, targets=targets), applied
    )


def regions_of(
    draft: Draft, current: Endpoint | None, registered: Mapping[RegionName, Region]
) -> list[Region]:
    """Return the registered regions where the endpoint is to exist."""
    present = None if current is None or draft.joins else present_in(current, registered)
    names = wanted_regions(draft.spec, registered, present)
    return [registered[name] for name in names if name in registered]


def present_in(endpoint: Endpoint, registered: Container[RegionName]) -> list[RegionName]:
    """Return the registered regions that the endpoint is in, and not on its way out of."""
    live = (r for r, t in endpoint.targets.items() if t.state is not TargetState.DELETED)
    return [region for region in live if region in registered]


def _unreadable(
    draft: Draft, current: Endpoint | None, registry: Registry
) -> Mapping[RegionName, UnreadableError]:
    """Return the wanted regions whose records cannot be read, and why.

    What a target is depends on the record: the image's registry, the kind of route. So a region that
    is there keeps its target, and one that registered since is joined later.
    """
    if not registry.unread:
        return {}
    every = [*registry.regions, *registry.unread]
    live = [] if current is None else present_in(current, every)
    names = wanted_regions(draft.spec, every, None if current is None or draft.joins else live)
    found = {name: registry.unread[name] for name in names if name in registry.unread}
    named = {region.name for region in draft.spec.regions or ()}
    for name, error in found.items():
        if (name in named and name not in live) or not draft.joins or len(found) == len(names):
            raise error
    return found


def _is_behind(current: Endpoint | None, wanted: Iterable[Region]) -> bool:
    """Whether a region was left out of an earlier revision, while its record could not be read."""
    return current is not None and any(
        current.targets[region.name].revision != current.revision
        for region in wanted
        if region.name in current.targets
    )


def _wanted(
    draft: Draft,
    current: Endpoint | None,
    registered: Mapping[RegionName, Region],
    routes: OtherRoutes | None,
    unreadable: Container[RegionName],
) -> tuple[list[Region], tuple[Problem, ...]]:
    """The regions where the endpoint is to exist, and warnings; the whole document is checked."""
    wanted = regions_of(draft, current, registered)
    stated = draft.spec.regions and tuple(
        region for region in draft.spec.regions if region.name not in unreadable
    )
    known = dataclasses.replace(draft, spec=draft.spec.model_copy(update={"regions": stated}))
    warnings = _check(known, registered, allowed_namespaces(wanted), routes, current)
    if not wanted:
        raise InvalidSpecError([Problem("spec.regions", "", _no_region(registered))])
    _check_namespace(draft, current)
    return wanted, warnings


def _check(
    draft: Draft,
    registered: Mapping[RegionName, Region],
    namespaces: frozenset[str] | None,
    routes: OtherRoutes | None,
    current: Endpoint | None,
) -> tuple[Problem, ...]:
    metadata = Metadata(name=draft.name, namespace=draft.namespace, labels=dict(draft.labels))
    document = InferenceEndpoint(
        api_version="gco.io/v1alpha1",
        kind="InferenceEndpoint",
        metadata=metadata,
        spec=draft.spec,
    )
    regions = tuple(registered.values())
    stored = current.spec if current is not None else None
    return check(document, regions=regions, namespaces=namespaces, routes=routes, stored=stored)


def _check_namespace(draft: Draft, current: Endpoint | None) -> None:
    if current is not None and draft.namespace != current.namespace:
        allowed = (
            f"{current.namespace}, where the endpoint lives; to move it, delete it and apply anew"
        )
        raise InvalidSpecError([Problem("metadata.namespace", draft.namespace, allowed)])


def _no_region(registered: Mapping[RegionName, Region]) -> str:
    if registered:
        return f"at least one of the registered regions: {', '.join(registered)}"
    return "no region is registered yet: start `gco monitor` in a cluster, or `gco sandbox up`"


def _same(current: Endpoint, draft: Draft) -> bool:
    adopts = draft.adopts in (None, current.adopts)
    return current.spec == draft.spec and current.labels == draft.labels and adopts


def _applied(
    draft: Draft,
    current: Endpoint | None,
    asker: Asker,
    changes: tuple[FieldChange, ...],
    *,
    same: bool,
) -> Applied:
    changed = Outcome.CREATED if current is None else Outcome.CHANGED
    return Applied(
        name=draft.name,
        outcome=Outcome.UNCHANGED if same else changed,
        dry_run=False,
        revision=RevisionNumber(1) if current is None else current.revision,
        previous=None if current is None else current.revision,
        actor=asker.actor,
        reason=draft.reason,
        changes=changes,
        kept=draft.kept,
    )


def revision_of(endpoint: Endpoint, actor: Actor, reason: str) -> Revision:
    """Return the record of the revision that `endpoint` is now at."""
    return Revision(
        name=endpoint.name,
        uid=endpoint.uid,
        number=endpoint.revision,
        labels=endpoint.labels,
        spec=endpoint.spec,
        actor=actor,
        reason=clip(reason),
        created_at=endpoint.updated_at,
    )


def _write(
    draft: Draft,
    current: Endpoint | None,
    asker: Asker,
    *,
    uid: EndpointUid,
    number: RevisionNumber,
    targets: dict[RegionName, RegionTarget],
) -> Write:
    stopped = draft.spec.state is DesiredState.STOPPED
    endpoint = Endpoint(
        name=draft.name,
        uid=uid,
        namespace=draft.namespace,
        labels=dict(draft.labels),
        spec=draft.spec,
        canary_base=draft.base,
        state=EndpointState.STOPPED if stopped else EndpointState.DEPLOYING,
        generation=Generation(1 if current is None else current.generation + 1),
        revision=number,
        targets=targets,
        created_at=asker.now if current is None else current.created_at,
        updated_at=asker.now,
        adopts=draft.adopts or (current.adopts if current else None),
    )
    revision = revision_of(endpoint, asker.actor, draft.reason)
    expected = None if current is None else current.generation
    return Write(draft.name, expected, endpoint, revision)
