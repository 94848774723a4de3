"""Write a custom resource's status when it changed: at once what matters, the rest together."""

import asyncio
from typing import Any

from gco.cluster.port import Cluster
from gco.controllers.endpoint.caches import Caches
from gco.controllers.endpoint.memory import Memory
from gco.core.model.names import STATUS_MANAGER
from gco.core.model.regional import Regional, RegionalStatus
from gco.core.model.status import ConditionType
from gco.core.sync.copies import Copy
from gco.errors import AbsentError
from gco.kinds.registry import INFERENCE_ENDPOINT

_GATHER_SECONDS = 0.5
"""How long a change that nobody waits for is held, since another one mostly follows."""


async def report(
    cluster: Cluster,
    caches: Caches,
    regional: Regional | Copy,
    status: RegionalStatus,
    memory: Memory,
) -> float | None:
    """Write `status` if it is news; return seconds after which to look again, if it was held.

    Raises ClusterConflictError where the custom resource was made anew meanwhile.
    """
    if status == regional.status:
        memory.unreported_since = None
        return None
    now = asyncio.get_running_loop().time()
    if memory.unreported_since is None:
        memory.unreported_since = now
    left = memory.unreported_since + _GATHER_SECONDS - now
    if left > 0 and not _urgent(regional.status, status):
        return left
    body: dict[str, Any] = {
        "apiVersion": INFERENCE_ENDPOINT.api_version,
        "kind": INFERENCE_ENDPOINT.name,
        "metadata": {
            "name": regional.name,
            "namespace": regional.namespace,
            "uid": regional.resource_uid,
        },
        "status": status.to_wire(),
    }
    try:
        written = await cluster.apply(
            INFERENCE_ENDPOINT, body, manager=STATUS_MANAGER, subresource="status"
        )
    except AbsentError:
        caches.forget(INFERENCE_ENDPOINT, regional.name, regional.resource_uid)
        return None
    memory.unreported_since = None
    caches.record(written)
    return None


def _urgent(before: RegionalStatus | None, after: RegionalStatus) -> bool:
    """Whether someone waits for this very change: the fleet, or the next stage on the way out."""
    return before is None or _key(before) != _key(after)


def _key(status: RegionalStatus) -> tuple[object, ...]:
    ready = status.condition(ConditionType.READY)
    return (status.uid, status.state, status.observed_revision, ready and ready.status)
