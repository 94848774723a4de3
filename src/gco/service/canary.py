"""Canaries: a second version beside the endpoint's own, ended, or taken for the endpoint's own."""

from collections.abc import Iterator

from gco.core.fleet.progress import wanted_targets
from gco.core.fleet.summary import RegionView
from gco.core.model.canary import promoted
from gco.core.model.endpoint import Endpoint, TargetState
from gco.core.model.ids import EndpointName, RevisionNumber
from gco.core.model.spec import Canary, EndpointSpec
from gco.core.model.status import ConditionType
from gco.errors import InvalidSpecError, Problem, UnsupportedStateError
from gco.service.context import Context
from gco.service.edit import edit_one
from gco.service.read import view
from gco.service.results import Applied, EndpointView


async def canary(
    context: Context,
    name: EndpointName,
    *,
    image: str | None,
    revision: RevisionNumber | None,
    weight: int | None,
    replicas: int | None,
    dry_run: bool,
) -> Applied:
    """See :meth:`gco.service.Service.canary`."""
    asked = {"weight": weight, "replicas": replicas}
    told = {field: value for field, value in asked.items() if value is not None}

    def edit(current: Endpoint) -> EndpointSpec:
        stated = _source(current, image, revision)
        return current.spec.model_copy(update={"canary": stated.model_copy(update=told)})

    what = image or (f"revision {revision}" if revision else "")
    reason = " ".join(["canary", *filter(None, [what]), *(f"{k} {v}" for k, v in told.items())])
    return await edit_one(context, name, edit, reason, dry_run=dry_run)


async def abort(context: Context, name: EndpointName, *, dry_run: bool) -> Applied:
    """See :meth:`gco.service.Service.abort_canary`."""

    def edit(current: Endpoint) -> EndpointSpec:
        if current.spec.canary is None and _promoting(current):
            raise UnsupportedStateError(
                f"the canary of {name} is being promoted since revision {current.revision} at the "
                f"latest; `gco rollback {name}` goes back"
            )
        return current.spec.model_copy(update={"canary": None})

    return await edit_one(context, name, edit, "canary abort", dry_run=dry_run)


async def promote(context: Context, name: EndpointName, *, force: bool, dry_run: bool) -> Applied:
    """See :meth:`gco.service.Service.promote`."""
    endpoint = await context.existing(name)
    _refuse_without(endpoint)
    if not force:
        _refuse_unverified(await view(context, endpoint))

    def edit(current: Endpoint) -> EndpointSpec:
        _refuse_without(current)
        if current.spec.canary != endpoint.spec.canary:
            raise UnsupportedStateError(
                f"the canary of {name} was changed meanwhile; look at it and ask again"
            )
        base = current.canary_base
        return promoted(current.spec, base.spec if base else None)

    return await edit_one(context, name, edit, "promote", dry_run=dry_run, promotes=True)


def _source(current: Endpoint, image: str | None, revision: RevisionNumber | None) -> Canary:
    """Return the canary that is asked for, with what the present one has of the same source."""
    present = current.spec.canary
    if image is None and revision is None:
        if present is None:
            allowed = "--image or --revision: there is no canary yet whose share could be changed"
            raise InvalidSpecError([Problem("spec.canary", "neither", allowed)])
        return present
    if present is not None and (present.image, present.revision) == (image, revision):
        return present
    return Canary.model_construct(image=image, revision=revision)


def _promoting(current: Endpoint) -> bool:
    found = (target.canary for target in wanted_targets(current).values())
    return any(canary is not None and canary.promoting for canary in found)


def _refuse_without(endpoint: Endpoint) -> None:
    if endpoint.spec.canary is not None:
        return
    name = endpoint.name
    if _promoting(endpoint):
        raise UnsupportedStateError(
            f"the canary of {name} is being promoted already; `gco wait {name}` shows how far it is"
        )
    raise UnsupportedStateError(
        f"{name} has no canary; `gco canary {name} --image IMAGE` starts one"
    )


def _refuse_unverified(seen: EndpointView) -> None:
    """What is not known to serve in every region is no version to change over to."""
    problems = [found for region in seen.regions for found in _unverified(region)]
    if problems:
        raise UnsupportedStateError(
            f"the canary of {seen.name} has not its share of the requests everywhere: "
            f"{'; '.join(problems)}; wait for it, end it by `gco canary abort {seen.name}`, or "
            "promote it all the same by --force"
        )


def _unverified(region: RegionView) -> Iterator[str]:
    said = next((c for c in region.conditions if c.type is ConditionType.CANARY_READY), None)
    if region.target is TargetState.RUNNING and not region.target_replicas:
        return  # no pods are wanted there, a canary's neither
    heard = region.state is not None and region.observed_revision == region.target_revision
    if region.target is TargetState.DELETED or (heard and said and said.status == "True"):
        return
    if region.state is None or said is None:
        yield f"{region.region}: {region.reason}"
    else:
        yield f"{region.region}: {said.reason}"
