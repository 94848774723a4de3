"""An endpoint's revisions: who changed what, when."""

from collections.abc import Sequence

from gco.core.fleet.changes import FieldChange, describe
from gco.core.fleet.diff import diff_specs
from gco.core.model.endpoint import Revision
from gco.core.model.ids import EndpointName
from gco.service.context import Context
from gco.service.results import HistoryEntry


async def history(context: Context, name: EndpointName) -> Sequence[HistoryEntry]:
    """See :meth:`gco.service.Service.history`."""
    endpoint = await context.existing(name)
    kept = await context.shown_revisions(endpoint)
    older: list[Revision | None] = [*kept[1:], None]
    return [
        _entry(revision, before, current=revision.number == endpoint.revision)
        for revision, before in zip(kept, older, strict=False)
    ]


def _entry(revision: Revision, before: Revision | None, *, current: bool) -> HistoryEntry:
    changes: tuple[FieldChange, ...] = ()
    if before is not None:
        labels = (before.labels, revision.labels)
        changes = diff_specs(before.spec, revision.spec, labels=labels)
    return HistoryEntry(
        number=revision.number,
        created_at=revision.created_at,
        actor=revision.actor,
        what=describe(changes) or ("created" if revision.number == 1 else revision.reason),
        reason=revision.reason,
        changes=changes,
        current=current,
    )
