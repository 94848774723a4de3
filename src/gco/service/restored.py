"""A store that was set back: regions run revisions that it no longer knows, and refuse lower ones.

What they report tells how far they had come. The next revision goes beyond that, so that one edit, or
one deletion, is enough to have the store's word again.
"""

from collections.abc import Mapping

from gco.core.model.endpoint import Endpoint
from gco.core.model.ids import EndpointName, RevisionNumber
from gco.service.context import Context


async def highest_seen(
    context: Context, found: Mapping[EndpointName, Endpoint]
) -> Mapping[EndpointName, RevisionNumber]:
    """Return the highest revision that a region says it runs, of those that say any."""
    asked = {name: list(endpoint.targets) for name, endpoint in found.items() if endpoint.targets}
    if not asked:
        return {}
    seen: dict[EndpointName, RevisionNumber] = {}
    for status in await context.store.statuses_of(asked):
        if status.uid == found[status.name].uid:
            seen[status.name] = max(
                seen.get(status.name, RevisionNumber(0)), status.observed_revision
            )
    return seen
