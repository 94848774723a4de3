"""The revision that a canary runs, found while it is kept, and kept from then on."""

from gco.core.model.endpoint import CanaryBase, Endpoint
from gco.core.model.ids import RevisionNumber
from gco.core.model.spec import EndpointSpec
from gco.errors import InvalidSpecError, NotFoundError, Problem
from gco.service.context import Context


async def canary_base(
    context: Context, spec: EndpointSpec, current: Endpoint | None
) -> CanaryBase | None:
    """Return the revision that the canary of `spec` runs; None where it runs none.

    Raises InvalidSpecError, with the revisions that there are, where that one is not kept.
    """
    number = spec.canary.revision if spec.canary else None
    if number is None:
        return None
    if current is None:
        raise _refused(number, "image: a new endpoint has no revision yet")
    held = current.canary_base
    if held is not None and held.revision == number:
        return held
    return await _read(context, current, RevisionNumber(number))


async def _read(context: Context, current: Endpoint, number: RevisionNumber) -> CanaryBase:
    try:
        found = await context.store.revision(
            current.name, current.uid, min(number, RevisionNumber(current.revision + 1))
        )
    except NotFoundError as error:
        kept = await context.shown_revisions(current)
        numbers = f"{kept[-1].number} to {kept[0].number}" if kept else "none"
        raise _refused(number, f"a revision that is kept: {numbers}") from error
    return CanaryBase(revision=number, spec=found.spec)


def _refused(number: int, allowed: str) -> InvalidSpecError:
    return InvalidSpecError([Problem("spec.canary.revision", str(number), allowed)])
