"""Models: which endpoints use what of a bucket, and of a region's cache."""

from collections.abc import Sequence

from gco.core.fleet.models import folders_in_use, users_of
from gco.core.model.ids import EndpointName, RegionName
from gco.core.model.model_uri import S3Uri
from gco.errors import UnsupportedStateError
from gco.service.context import Context


async def users_of_models(
    context: Context, uris: Sequence[S3Uri]
) -> Sequence[Sequence[EndpointName]]:
    """Return for each model of a bucket the endpoints that use it."""
    endpoints = [endpoint async for endpoint in context.store.list()]
    return [users_of(uri, endpoints) for uri in uris]


async def models_in_use(context: Context, region: RegionName) -> Sequence[str]:
    """Return what of the region's cache is in use: folders, and names of models.

    The statuses are read first: what is asked for between the two reads then counts as not said.
    """
    registry = await context.registry()
    if region not in registry.unread:  # which folders are in use does not depend on its record
        registry.known(region)
    statuses = {status.name: status for status in await context.store.statuses(region)}
    for status in statuses.values():
        if status.models_omitted:
            raise UnsupportedStateError(
                f"{region} reports more folders in use by {status.name} than a status holds, so that "
                f"it is not known which ones are free; `gco delete {status.name}`, or wait until its "
                "old revisions are gone"
            )
    return folders_in_use(region, [endpoint async for endpoint in context.store.list()], statuses)
