"""Edits of one thing about an endpoint, whatever the rest is: replicas, state, image, regions."""

import dataclasses
import json
import re
from collections.abc import Callable, Iterable
from typing import Final

from gco.core.fleet.progress import wanted_targets
from gco.core.fleet.resolve import region_spec, task_in
from gco.core.model.canary import with_image
from gco.core.model.endpoint import Endpoint, Revision
from gco.core.model.ids import EndpointName, RegionName, RevisionNumber
from gco.core.model.scaling import Scaling
from gco.core.model.spec import (
    API_VERSION,
    KIND,
    Autoscaling,
    DesiredState,
    EndpointSpec,
    RegionSpec,
)
from gco.core.model.validation import parse_documents
from gco.errors import InvalidSpecError, NotFoundError, Problem, UnsupportedStateError
from gco.service.commit import Registered, Request, commit
from gco.service.context import Context, did_you_mean
from gco.service.plan import Draft
from gco.service.results import Applied


async def scale(
    context: Context,
    name: EndpointName,
    replicas: int,
    *,
    region: RegionName | None,
    pin: bool,
    dry_run: bool,
) -> Applied:
    """See :meth:`gco.service.Service.scale`."""

    def edit(current: Endpoint) -> EndpointSpec:
        tasks = _autoscaled(current, region)
        if tasks and not pin:
            raise UnsupportedStateError(
                f"{current.name} is scaled by its autoscaler between {tasks[0].least} and "
                f"{tasks[0].most}; change `spec.autoscaling` or pass --pin to switch it off"
            )
        if region is not None:
            off = _off(region_spec(current.spec, region).autoscaling) if tasks else {}
            return _with_region(current, region, {"replicas": replicas, **off})
        return _scaled_everywhere(current.spec, replicas)

    where = f" in {region}" if region else ""
    return await edit_one(context, name, edit, f"replicas {replicas}{where}", dry_run=dry_run)


def _scaled_everywhere(spec: EndpointSpec, replicas: int) -> EndpointSpec:
    """Return `spec` with one number for all regions, and every autoscaler off."""
    regions = spec.regions and tuple(
        region.model_copy(
            update={"replicas": None, **(_off(region.autoscaling) if region.autoscaling else {})}
        )
        for region in spec.regions
    )
    off = _off(spec.autoscaling) if spec.autoscaling else {}
    return spec.model_copy(update={"replicas": replicas, "regions": regions, **off})


def _off(stated: Autoscaling | None) -> dict[str, object]:
    """Return the update that switches an autoscaler off, and keeps what was said of it."""
    return {"autoscaling": (stated or Autoscaling()).model_copy(update={"enabled": False})}


async def start(context: Context, name: EndpointName, *, dry_run: bool) -> Applied:
    """See :meth:`gco.service.Service.start`."""
    edit = _with_state(DesiredState.RUNNING)
    return await edit_one(context, name, edit, "start", dry_run=dry_run)


async def stop(context: Context, name: EndpointName, *, dry_run: bool) -> Applied:
    """See :meth:`gco.service.Service.stop`."""
    edit = _with_state(DesiredState.STOPPED)
    return await edit_one(context, name, edit, "stop", dry_run=dry_run)


async def update_image(
    context: Context, name: EndpointName, image: str, *, dry_run: bool
) -> Applied:
    """See :meth:`gco.service.Service.update_image`."""

    def edit(current: Endpoint) -> EndpointSpec:
        return with_image(current.spec, image)

    return await edit_one(context, name, edit, f"image {image}", dry_run=dry_run)


async def add_region(
    context: Context,
    name: EndpointName,
    region: RegionName,
    *,
    replicas: int | None,
    dry_run: bool,
) -> Applied:
    """See :meth:`gco.service.Service.add_region`."""

    def edit(current: Endpoint) -> EndpointSpec:
        own = region_spec(current.spec, region)
        stated = own if replicas is None else own.model_copy(update={"replicas": replicas})
        others = [r for r in _stated_regions(current) if r.name != region]
        present = [r for r in _stated_regions(current) if r.name == region]
        if present == [stated]:
            return current.spec
        return current.spec.model_copy(update={"regions": (*others, stated)})

    return await edit_one(context, name, edit, f"add region {region}", dry_run=dry_run)


async def remove_region(
    context: Context, name: EndpointName, region: RegionName, *, dry_run: bool
) -> Applied:
    """See :meth:`gco.service.Service.remove_region`."""

    def edit(current: Endpoint) -> EndpointSpec:
        stated = _stated_regions(current)
        left = tuple(r for r in stated if r.name != region)
        if len(left) == len(stated):
            _refuse_absent(current, region)
        elif not left:
            raise UnsupportedStateError(
                f"{region} is the only region of {current.name}; `gco delete {current.name}` "
                f"removes it, `gco stop {current.name}` frees its accelerators"
            )
        return current.spec.model_copy(update={"regions": left})

    return await edit_one(context, name, edit, f"remove region {region}", dry_run=dry_run)


async def rollback(
    context: Context, name: EndpointName, *, to: RevisionNumber | None, dry_run: bool
) -> Applied:
    """See :meth:`gco.service.Service.rollback`."""
    current = await context.existing(name)
    number = RevisionNumber(current.revision - 1) if to is None else to
    old = await _revision(context, current, number)

    def draft(current: Endpoint | None, _: Registered) -> Draft:
        found = _refuse_other(current, old)
        spec = old.spec.model_copy(update={"state": found.spec.state})
        return draft_of(found, spec, f"roll back to revision {number}", labels=old.labels)

    [applied] = await commit(
        context, [Request(name, draft)], dry_run=dry_run, rebase=to is not None
    )
    return _with_taken_back(applied, number)


_SIZES: Final = re.compile(r"spec\.(replicas|autoscaling\b.*|regions\b.*)")
"""Fields that people set for the load of the day: how many replicas, and where."""


def _with_taken_back(applied: Applied, number: RevisionNumber) -> Applied:
    """Warn of each count and region that goes back along with what was meant, an image say."""
    sizes = [change for change in applied.changes if _SIZES.fullmatch(change.path)]
    if len(sizes) == len(applied.changes):
        return applied
    advice = f"taken back as well, to what revision {number} says; set it again if it is to stay"
    warnings = [Problem(change.path, change.values, advice) for change in sizes]
    return applied.model_copy(update={"warnings": (*warnings, *applied.warnings)})


Edit = Callable[[Endpoint], EndpointSpec]


async def edit_one(
    context: Context,
    name: EndpointName,
    edit: Edit,
    reason: str,
    *,
    dry_run: bool,
    promotes: bool = False,
) -> Applied:
    """Change what `edit` changes of an existing endpoint, built upon whatever came between.

    `promotes`: the canary that there is takes the place of the endpoint's own pods.
    """
    await context.existing(name)  # for its proposal of the nearest name

    def draft(current: Endpoint | None, _: Registered) -> Draft:
        if current is None:
            raise NotFoundError(f"{name} was deleted meanwhile")
        drafted = draft_of(current, edit(current), reason, labels=current.labels)
        return dataclasses.replace(drafted, promotes=promotes)

    [applied] = await commit(context, [Request(name, draft)], dry_run=dry_run, rebase=True)
    return applied


def draft_of(
    current: Endpoint, spec: EndpointSpec, reason: str, *, labels: dict[str, str]
) -> Draft:
    """Return what makes `current` what `spec` says, looked at as a document would be."""
    return Draft(current.name, current.namespace, labels, _validated(current, spec), reason)


def _validated(current: Endpoint, spec: EndpointSpec) -> EndpointSpec:
    """Return `spec`, read as a document would be: an edit's values have not been looked at yet."""
    document = {
        "apiVersion": API_VERSION,
        "kind": KIND,
        "metadata": {"name": current.name, "namespace": current.namespace},
        "spec": spec.model_dump(mode="json", exclude_none=True),
    }
    # Not by orjson, which refuses numbers above 64 bits before the rules can name the field.
    [read] = parse_documents(json.dumps(document), "the request")
    return read.spec


def _with_state(state: DesiredState) -> Edit:
    def edit(current: Endpoint) -> EndpointSpec:
        if (current.spec.state or DesiredState.RUNNING) is state:
            return current.spec
        return current.spec.model_copy(update={"state": state})

    return edit


def _stated_regions(current: Endpoint) -> tuple[RegionSpec, ...]:
    """The endpoint's regions, spelled out where the spec says nothing."""
    if current.spec.regions is not None:
        return current.spec.regions
    return tuple(RegionSpec(name=name) for name in sorted(wanted_targets(current)))


def _with_region(current: Endpoint, region: RegionName, update: dict[str, object]) -> EndpointSpec:
    stated = _stated_regions(current)
    if region not in {r.name for r in stated}:
        _refuse_absent(current, region)
    regions = tuple(r.model_copy(update=update) if r.name == region else r for r in stated)
    return current.spec.model_copy(update={"regions": regions})


def _refuse_absent(current: Endpoint, region: RegionName) -> None:
    names: Iterable[str] = wanted_targets(current)
    allowed = f"one of {', '.join(names)}{did_you_mean(region, names)}"
    raise InvalidSpecError([Problem("region", region, allowed)])


def _autoscaled(current: Endpoint, region: RegionName | None) -> list[Scaling]:
    """Return what autoscalers do in that region, or in all of them."""
    names = wanted_targets(current) if region is None else [region]
    return [task for name in names if (task := task_in(current.spec, name)) is not None]


async def _revision(context: Context, current: Endpoint, number: RevisionNumber) -> Revision:
    asked = min(
        number, RevisionNumber(current.revision + 1)
    )  # a store has no numbers above 64 bits
    try:
        return await context.store.revision(current.name, current.uid, asked)
    except NotFoundError as error:
        kept = await context.shown_revisions(current)
        numbers = f"{kept[-1].number} to {kept[0].number}" if kept else "none"
        raise NotFoundError(
            f"{current.name} has no revision {number}; kept are {numbers}"
        ) from error


def _refuse_other(current: Endpoint | None, old: Revision) -> Endpoint:
    if current is None or current.uid != old.uid:
        raise NotFoundError(f"{old.name} was deleted meanwhile")
    return current
