"""Which cluster this is: the uid of its namespace kube-system, which lives as long as the cluster."""

from typing import Final

from gco.cluster.port import Cluster
from gco.kinds.registry import NAMESPACE

_SYSTEM_NAMESPACE: Final = "kube-system"


async def identify_cluster(cluster: Cluster) -> str:
    """Return the uid that stands for the cluster: that of its namespace kube-system.

    Raises AbsentError where the cluster has none, ForbiddenError, TransientError.
    """
    found = await cluster.get(NAMESPACE, None, _SYSTEM_NAMESPACE)
    uid: str = found["metadata"]["uid"]
    return uid
