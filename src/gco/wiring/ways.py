"""From a way to a region's cluster (a kube context) to the cluster itself."""

import os
from pathlib import Path

from gco.cluster.identity import identify_cluster
from gco.cluster.kubernetes import KubernetesCluster, connect
from gco.cluster.kubernetes.kubeconfig import DEFAULT
from gco.cluster.kubernetes.transport import USER_AGENT, Limits
from gco.contexts.model import Way
from gco.core.model.status import Region
from gco.errors import ConflictError
from gco.settings import Settings


def connected(way: Way, settings: Settings) -> KubernetesCluster:
    """Return the cluster that a way leads to; nothing is sent yet. Raises SettingsError."""
    return connect(
        way.kubeconfig or settings.kubeconfig,
        way.kube_context,
        limits=Limits(request=settings.api_timeout),
        user_agent=USER_AGENT,
    )


def way_of(kube_context: str, kubeconfig: Path | None, settings: Settings) -> Way:
    """Return the way by a kube context, with the files it was found in unless they are the usual.

    It then leads to the same cluster from every folder, and whatever KUBECONFIG says.
    """
    told = str(kubeconfig) if kubeconfig else settings.kubeconfig
    if told is None:
        return Way(kube_context=kube_context)
    files = [str(Path(part).expanduser().absolute()) for part in told.split(os.pathsep) if part]
    usual = files == [str(DEFAULT.expanduser())]
    return Way(kube_context=kube_context, kubeconfig=None if usual else os.pathsep.join(files))


async def check_way(way: Way, region: Region, settings: Settings) -> None:
    """Ask the cluster at the end of `way` who it is.

    Raises ConflictError unless it is the one that `region` was registered for, SettingsError where
    the kube context leads nowhere, and ClusterError where the cluster does not answer.
    """
    cluster = connected(way, settings)
    try:
        require(region, await identify_cluster(cluster), way.kube_context)
    finally:
        await cluster.close()


def require(region: Region, found: str, kube_context: str) -> None:
    """Raise ConflictError unless `found` is the uid of the region's cluster."""
    if found != region.cluster_uid:
        raise ConflictError(
            f"{kube_context} leads to another cluster: {region.name} is {region.cluster_uid} "
            f"({region.cluster_name or 'unnamed'}), and this is {found}",
            name=region.name,
        )
