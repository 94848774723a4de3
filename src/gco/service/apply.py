"""Documents become endpoints: what a file states is owned by it, what it leaves out is kept or default."""

import json
from collections.abc import Iterable, Iterator, Sequence

from gco.core.model.base import Model
from gco.core.model.endpoint import Endpoint
from gco.core.model.ids import EndpointName, RegionName, RevisionNumber
from gco.core.model.spec import EndpointSpec, InferenceEndpoint, RegionSpec
from gco.core.model.validation import parse_documents
from gco.errors import ConflictError, InvalidSpecError, Problem
from gco.service.commit import Registered, Request, commit
from gco.service.context import Context
from gco.service.counts import Counts, counts_left, keep_counts
from gco.service.flags import DeployFlags
from gco.service.plan import Draft
from gco.service.results import Applied, Kept

KEPT_FIELDS = ("state", "replicas", "canary")
"""What other commands set as well, and what a file that does not state it leaves alone."""


async def apply(
    context: Context,
    documents: Sequence[InferenceEndpoint],
    *,
    source: str,
    dry_run: bool,
    if_revision: RevisionNumber | None,
) -> Sequence[Applied]:
    """See :meth:`gco.service.Service.apply`."""
    _refuse_repeated(documents)
    left = await counts_left(context, documents)
    requests = [
        _request(d, source, if_revision, left.get(EndpointName(d.metadata.name), {}))
        for d in documents
    ]
    return await commit(context, requests, dry_run=dry_run, rebase=False)


async def deploy(context: Context, flags: DeployFlags, *, dry_run: bool) -> Applied:
    """See :meth:`gco.service.Service.deploy`."""
    text = json.dumps(flags.document())
    registry = await context.registry()
    for name in flags.regions or ():
        if name in registry.unread:
            raise registry.unread[RegionName(name)]
    known = tuple(registry.regions.values())
    [document] = parse_documents(text, "the flags", regions=known)
    request = _request(document, "gco deploy", None, {})

    def draft(current: Endpoint | None, registered: Registered) -> Draft:
        _refuse_taken(current)
        return request.draft(current, registered)

    [applied] = await commit(context, [Request(request.name, draft)], dry_run=dry_run, rebase=False)
    return applied


def merge(
    document: EndpointSpec, stored: EndpointSpec | None, registered: Iterable[RegionName]
) -> tuple[EndpointSpec, tuple[Kept, ...]]:
    """Return what `document` makes of `stored`, and the fields that it leaves as they are."""
    if stored is None:
        return document, ()
    update = {
        field: getattr(stored, field)
        for field in KEPT_FIELDS
        if getattr(document, field) is None and getattr(stored, field) is not None
    }
    regions = _merge_regions(document, stored, registered)
    kept = [
        *(Kept(path=f"spec.{field}", value=_text(value)) for field, value in update.items()),
        *_kept_in_regions(document, regions),
    ]
    return document.model_copy(update={**update, "regions": regions}), tuple(kept)


def _request(
    document: InferenceEndpoint, source: str, if_revision: RevisionNumber | None, left: Counts
) -> Request:
    name = EndpointName(document.metadata.name)

    def draft(current: Endpoint | None, registered: Registered) -> Draft:
        _check_revision(name, current, if_revision)
        spec, kept = merge(document.spec, current.spec if current else None, registered)
        if current is not None:
            spec, counted = keep_counts(spec, document.spec, current.spec, left)
            kept = _without(kept, counted)
        return Draft(
            name=name,
            namespace=document.metadata.namespace,
            labels=document.metadata.labels,
            spec=spec,
            reason=f"from {source}",
            kept=kept,
            joins=True,
        )

    return Request(name, draft)


def _without(kept: Sequence[Kept], counted: Sequence[Kept]) -> tuple[Kept, ...]:
    """Return both, without what was kept of a field for which something else counts."""
    other = {each.path for each in counted}
    return (*(each for each in kept if each.path not in other), *counted)


def _merge_regions(
    document: EndpointSpec, stored: EndpointSpec, registered: Iterable[RegionName]
) -> tuple[RegionSpec, ...] | None:
    """Keep the replicas that were set for single regions, as `gco scale --region` does."""
    scaled = {r.name: r.replicas for r in stored.regions or () if r.replicas is not None}
    stated = document.regions
    if stated is None:
        if scaled.keys().isdisjoint(registered):
            return None
        stated = tuple(RegionSpec(name=name) for name in sorted(registered))
    return tuple(
        region.model_copy(update={"replicas": scaled.get(region.name)})
        if region.replicas is None
        else region
        for region in stated
    )


def _kept_in_regions(document: EndpointSpec, merged: Iterable[RegionSpec] | None) -> Iterator[Kept]:
    stated = {region.name for region in document.regions or () if region.replicas is not None}
    for region in merged or ():
        if region.replicas is not None and region.name not in stated:
            path = f"spec.regions[{region.name}].replicas"
            yield Kept(path=path, value=str(region.replicas))


def _check_revision(
    name: EndpointName, current: Endpoint | None, wanted: RevisionNumber | None
) -> None:
    present = 0 if current is None else current.revision
    if wanted is not None and wanted != present:
        found = f"at revision {present}" if present else "not there"
        asked = f"revision {wanted}" if wanted else "a new endpoint"
        raise ConflictError(f"{name} is {found}, and {asked} was expected", name=name)


def _refuse_taken(current: Endpoint | None) -> None:
    if current is not None:
        raise ConflictError(
            f"the name {current.name} is taken (revision {current.revision}, {current.state}); "
            "change it with `gco apply`, `gco update-image` or `gco scale`",
            name=current.name,
        )


def _refuse_repeated(documents: Sequence[InferenceEndpoint]) -> None:
    seen: set[str] = set()
    problems = []
    for index, document in enumerate(documents):
        name = document.metadata.name
        if name in seen:
            path = f"documents[{index}].metadata.name"
            problems.append(Problem(path, name, "each endpoint in one document only"))
        seen.add(name)
    if problems:
        raise InvalidSpecError(problems)


def _text(value: object) -> str:
    if isinstance(value, Model):
        return value.model_dump_json(exclude_none=True)
    return str(value)
