"""Rows of the original monitor's table become endpoints that take over what runs; nothing is taken away.

Each row is decided alone, so that one that cannot be moved holds up no other, and asking again goes
on where it ended: with the regions that have been registered since, and with what a row says now, for
as long as nobody has changed the endpoint here.
"""

import dataclasses
import json
from collections.abc import Mapping, Sequence
from typing import Any

from gco.core.fleet.changes import describe
from gco.core.fleet.diff import diff_specs
from gco.core.model.endpoint import Endpoint, EndpointState
from gco.core.model.ids import EndpointName, RegionName
from gco.core.model.original import Row, read_row
from gco.core.model.spec import EndpointSpec, InferenceEndpoint, RegionSpec
from gco.core.model.validation import parse_documents
from gco.errors import (
    InvalidSpecError,
    NotFoundError,
    UnreadableError,
    UnsupportedStateError,
)
from gco.service.commit import Registered, Request, commit
from gco.service.context import Context
from gco.service.plan import Draft
from gco.service.results import Applied, Fate, Moved, Outcome

_FATES = {
    Outcome.CREATED: Fate.CREATED,
    Outcome.CHANGED: Fate.CHANGED,
    Outcome.UNCHANGED: Fate.UNCHANGED,
}


@dataclasses.dataclass(frozen=True, slots=True)
class _Decided:
    """What becomes of one row: a request where something is to be written."""

    moved: Moved
    request: Request | None = None


async def move(
    context: Context,
    rows: Sequence[Mapping[str, Any]],
    *,
    source: str,
    only: Sequence[RegionName],
    write: bool,
) -> Sequence[Moved]:
    """See :meth:`gco.service.Service.move`."""
    registered = (await context.registry()).regions
    places = {name: region for name, region in registered.items() if not only or name in only}
    decided = [await _decide(context, read_row(row), places, source) for row in rows]
    requests = [one.request for one in decided if one.request is not None]
    stored: Sequence[Applied] = ()
    if write and requests:
        stored = await commit(context, requests, dry_run=False, rebase=False)
    outcomes = {applied.name: applied for applied in stored}
    return [_outcome(one.moved, outcomes.get(one.moved.name)) for one in decided]


def _outcome(moved: Moved, stored: Applied | None) -> Moved:
    if stored is not None and stored.error is not None:  # its record became unreadable meanwhile
        return moved.model_copy(update={"fate": Fate.LEFT, "why": stored.error})
    return moved.model_copy(update={"written": stored is not None})


async def _decide(context: Context, row: Row, places: Registered, source: str) -> _Decided:
    moved = Moved(
        name=EndpointName(row.name),
        fate=Fate.REFUSED,
        regions=tuple(RegionName(r) for r in row.regions if r in places),
        waiting=tuple(RegionName(r) for r in row.regions if r not in places),
        lost=row.lost,
        problems=row.hindrances,
    )
    if row.deleted:
        return _Decided(
            moved.model_copy(update={"fate": Fate.LEFT, "why": _DELETED, "problems": ()})
        )
    if moved.problems:
        return _Decided(moved)
    if not moved.regions:
        return _Decided(moved.model_copy(update={"fate": Fate.WAITING, "why": _NO_REGION}))
    try:
        return await _attempt(context, row, moved, source)
    except InvalidSpecError as error:
        return _Decided(moved.model_copy(update={"problems": error.problems}))
    except (UnsupportedStateError, UnreadableError) as error:
        return _Decided(moved.model_copy(update={"fate": Fate.LEFT, "why": str(error)}))


_DELETED = "the original is removing it"
_NO_REGION = "none of its regions is registered yet: start `gco monitor` there, then ask again"


async def _attempt(context: Context, row: Row, moved: Moved, source: str) -> _Decided:
    text = json.dumps(row.for_regions(moved.regions), ensure_ascii=False)  # any size of integer
    [document] = parse_documents(text, f"row {row.name}")
    current = (await context.store.get_many([moved.name])).get(moved.name)
    wanted = _joined(document.spec, current)
    if current is not None and current.state is not EndpointState.DELETED:
        why = await _hands_off(context, current, document, wanted, source)
        if why:
            return _Decided(moved.model_copy(update={"fate": Fate.LEFT, "why": why}))

    def draft(_: Endpoint | None, __: Registered) -> Draft:
        return Draft(
            name=moved.name,
            namespace=document.metadata.namespace,
            labels=document.metadata.labels,
            spec=wanted,
            reason=_reason(source),
            adopts=True,
        )

    request = Request(moved.name, draft)
    [applied] = await commit(context, [request], dry_run=True, rebase=False)
    changed = applied.outcome is not Outcome.UNCHANGED
    return _Decided(_with(moved, applied), request if changed else None)


def _with(moved: Moved, applied: Applied) -> Moved:
    told = {"changes": applied.changes, "warnings": applied.warnings, "revision": applied.revision}
    return moved.model_copy(update={"fate": _FATES[applied.outcome], **told})


def _reason(source: str) -> str:
    return f"imported from {source}"


def _joined(spec: EndpointSpec, current: Endpoint | None) -> EndpointSpec:
    """Return `spec` in the regions where the endpoint is already as well: none is ever left."""
    stated = spec.regions or ()
    named = {region.name for region in stated}
    there = (current.spec.regions if current is not None else None) or ()
    kept: list[RegionSpec] = [region for region in there if region.name not in named]
    every = sorted([*stated, *kept], key=lambda region: region.name)
    return spec.model_copy(update={"regions": tuple(every)})


async def _hands_off(
    context: Context,
    current: Endpoint,
    document: InferenceEndpoint,
    wanted: EndpointSpec,
    source: str,
) -> str:
    """Return why the endpoint is left as it is; empty where it may be written."""
    same = current.labels == document.metadata.labels and current.spec == wanted
    if same or await _untouched(context, current, source):
        return ""
    labels = (current.labels, document.metadata.labels)
    changes = describe(diff_specs(current.spec, wanted, labels=labels), limit=5)
    if current.adopts:
        return f"changed here since it was imported ({changes}); change it with `gco apply`"
    return f"an endpoint of this name exists that was not imported ({changes})"


async def _untouched(context: Context, current: Endpoint, source: str) -> bool:
    """Whether the last revision is one that an import from the same table wrote."""
    try:
        last = await context.store.revision(current.name, current.uid, current.revision)
    except NotFoundError:
        return False
    return bool(current.adopts) and last.reason == _reason(source)
