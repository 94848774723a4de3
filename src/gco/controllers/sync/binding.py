"""Which store and which cluster belong together, checked before anything of one reaches the other."""

from collections.abc import Iterable

from gco.core.model.ids import RegionName
from gco.core.model.status import Region
from gco.core.sync.copies import Copy
from gco.errors import ConflictError, StoreError, StoreIdentityError
from gco.store.port import Store
from gco.telemetry import get_logger

_log = get_logger(__name__)


async def check_binding(
    store: Store,
    region: Region,
    copies: Iterable[Copy],
    *,
    accept_store: bool,
    replace_cluster: bool,
) -> str:
    """Return the store's uid, once it is clear that `region`'s cluster may follow it.

    Raises ConflictError where the region's name is another cluster's, and StoreIdentityError where
    the cluster's custom resources were written from another store.
    """
    uid = await store.identity()
    strangers = sorted({c.store for c in copies if c.store not in (None, uid)})
    if strangers and not accept_store:
        raise StoreIdentityError(
            f"this store is {uid}, and the custom resources here were written from "
            f"{', '.join(map(str, strangers))}: nothing is followed until that is accepted"
        )
    for known in await store.regions(unread=_not_understood):
        if known.name == region.name and known.cluster_uid != region.cluster_uid:
            _refuse(known, region, replace_cluster=replace_cluster)
    return uid


def _not_understood(name: RegionName, error: StoreError) -> None:
    """Log it. `lead_region` compares the cluster's uid as well, without reading the rest."""
    _log.warning("region not understood", region=name, error=str(error))


def _refuse(known: Region, region: Region, *, replace_cluster: bool) -> None:
    if not replace_cluster:
        raise ConflictError(
            f"region {region.name} is registered for the cluster {known.cluster_uid} "
            f"({known.cluster_name or 'unnamed'}), and this is {region.cluster_uid}: register it "
            "under another name, or tell it to replace that one",
            name=region.name,
        )
