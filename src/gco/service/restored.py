"""A store that was set back: regions run revisions that it no longer knows, and refuse lower ones.

What they report tells how far they had come. The next revision goes beyond that, so that one edit, or
one deletion, is enough to have the store's word again. An endpoint whose record is lost is made again as
the one that they know, so that its objects are its own.
"""

from collections.abc import Mapping

from gco.core.model.endpoint import Endpoint
from gco.core.model.ids import EndpointName, RegionName, RevisionNumber
from gco.core.model.status import Lost, Region
from gco.service.context import Context


async def highest_seen(
    context: Context, found: Mapping[EndpointName, Endpoint]
) -> Mapping[EndpointName, RevisionNumber]:
    """Return the highest revision that a region says it runs, of those that say any.

    A status that cannot be read says none: in a store that was set back, its region may then refuse
    the next revision and report that, until the one after it.
    """
    asked = {name: list(endpoint.targets) for name, endpoint in found.items() if endpoint.targets}
    if not asked:
        return {}
    seen: dict[EndpointName, RevisionNumber] = {}
    for status in await context.store.statuses_of(asked, unread=lambda *_: None):
        if status.uid == found[status.name].uid:
            seen[status.name] = max(
                seen.get(status.name, RevisionNumber(0)), status.observed_revision
            )
    return seen


def lost_one(
    registered: Mapping[RegionName, Region], namespace: str, name: EndpointName
) -> Lost | None:
    """Return what regions run under that name though the store knows nothing of it.

    The one with the highest revision; None where there is none, or they run different endpoints.
    """
    key = f"{namespace}/{name}"
    found = [region.lost[key] for region in registered.values() if key in region.lost]
    if len({lost.uid for lost in found}) != 1:
        return None
    return max(found, key=lambda lost: lost.revision)
