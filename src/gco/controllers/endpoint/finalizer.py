"""Let go of a custom resource that is being deleted."""

from gco.cluster.port import Cluster
from gco.controllers.endpoint.caches import Caches
from gco.core.model.endpoint import TargetState
from gco.core.model.names import FINALIZER, MANAGER
from gco.core.model.regional import Regional
from gco.core.model.status import RegionState
from gco.core.sync.copies import Copy
from gco.errors import AbsentError
from gco.kinds.patches import replacing
from gco.kinds.registry import INFERENCE_ENDPOINT


def may_go(regional: Regional) -> bool:
    """Whether nothing is left to do before the custom resource goes.

    One that nobody told us to delete was deleted outside GCO: it goes, and its objects stay as they
    are until the sync loop has made it again. One that was edited by hand tells us nothing.
    """
    if regional.edited or regional.spec.state is not TargetState.DELETED:
        return True
    status = regional.status
    return (
        status is not None
        and status.uid == regional.spec.uid
        and status.state is RegionState.DELETED
    )


async def release(cluster: Cluster, caches: Caches, regional: Regional | Copy) -> bool:
    """Remove our finalizer; return whether it was there. Raises ClusterConflictError."""
    try:
        live = await cluster.get(INFERENCE_ENDPOINT, regional.namespace, regional.name)
        meta = live["metadata"]
        finalizers = meta.get("finalizers") or []
        others = [name for name in finalizers if name != FINALIZER]
        if meta["uid"] != regional.resource_uid or others == finalizers:
            caches.record(live)
            return False
        await cluster.patch(
            INFERENCE_ENDPOINT,
            regional.namespace,
            regional.name,
            replacing(live, {"/metadata/finalizers": others}),
            manager=MANAGER,
        )
    except AbsentError:
        pass  # gone already, which is what was wanted
    caches.forget(INFERENCE_ENDPOINT, regional.name, regional.resource_uid)
    return True
