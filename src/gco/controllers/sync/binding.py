"""Which store and which cluster belong together, checked before anything of one reaches the other.

A custom resource belongs to the store whose uid it carries. Resources of other stores are never
changed (:mod:`gco.core.sync.plan`), so one of them does not stop a region that has resources of its
own store. A region whose resources all belong to other stores is not registered in this one.
"""

from collections.abc import Iterable, Sequence

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
    all of the region's custom resources were written from other stores.
    """
    uid = await store.identity()
    others = _other_stores(uid, region, list(copies))
    if others and not accept_store:
        raise StoreIdentityError(
            f"this store is {uid}, and the custom resources here were written from "
            f"{', '.join(others)}: the region does not follow this store. Name the right store, or "
            "start a monitor once with --accept-store"
        )
    for known in await store.regions(unread=_not_understood):
        if known.name == region.name and known.cluster_uid != region.cluster_uid:
            _refuse(known, region, replace_cluster=replace_cluster)
    return uid


def _not_understood(name: RegionName, error: StoreError) -> None:
    """Log it. `lead_region` compares the cluster's uid as well, without reading the rest."""
    _log.warning("region not understood", region=name, error=str(error))


def _other_stores(uid: str, region: Region, copies: Sequence[Copy]) -> list[str]:
    """The stores of the region's custom resources, where not one belongs to the store `uid`.

    Other namespaces may be another installation's, and a resource that GCO did not write as it is
    proves nothing.
    """
    if any(copy.store == uid for copy in copies):
        return []
    return sorted(
        {
            copy.store
            for copy in copies
            if copy.store is not None and copy.namespace in region.namespaces and not copy.edited
        }
    )


def _refuse(known: Region, region: Region, *, replace_cluster: bool) -> None:
    if not replace_cluster:
        raise ConflictError(
            f"region {region.name} is registered for the cluster {known.cluster_uid} "
            f"({known.cluster_name or 'unnamed'}), and this is {region.cluster_uid}: register it "
            "under another name, or tell it to replace that one",
            name=region.name,
        )
