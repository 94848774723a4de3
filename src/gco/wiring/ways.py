"""From a way to a region's cluster (a kube context) to the cluster itself."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gco.cluster.kubernetes import KubernetesCluster, connect
from gco.cluster.kubernetes.kubeconfig import DEFAULT
from gco.cluster.kubernetes.transport import USER_AGENT, Limits
from gco.contexts.choice import Choice
from gco.contexts.model import Way
from gco.core.model.ids import RegionName
from gco.core.model.status import Region
from gco.reach.place import Place
from gco.settings import Settings
from gco.wiring.published import published_way

ANSWER_SECONDS: Final = 10.0
CONNECT_SECONDS: Final = 5.0
"""A person waits: less than a monitor would."""


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
    async with place_of(region, way, settings).opened():
        return


def places(
    choice: Choice, regions: Sequence[RegionName], registered: Sequence[Region]
) -> Sequence[Place]:
    """Return the named regions with the ways to their clusters, as far as these are known.

    A way that is bound comes first; a region of a sandbox is found without.
    """
    known = {region.name: region for region in registered}
    return [_place(choice, name, known.get(name)) for name in regions]


def place_of(region: Region, way: Way, settings: Settings) -> Place:
    """Return the region at the end of `way`."""
    return Place(
        region.name, region.cluster_uid, lambda: _connected(way, settings), way.kube_context
    )


def _place(choice: Choice, name: RegionName, region: Region | None) -> Place:
    if region is None:
        return Place.unknown(name, "it is not registered any more")
    way = choice.regions.get(name) or published_way(region)
    if way is None:
        return Place.unknown(
            name, f"no way to its cluster is known; `gco context bind {name} KUBE_CONTEXT`"
        )
    return place_of(region, way, choice.settings)


def _connected(way: Way, settings: Settings) -> KubernetesCluster:
    return connect(
        way.kubeconfig or settings.kubeconfig,
        way.kube_context,
        limits=Limits(request=min(settings.api_timeout, ANSWER_SECONDS), connect=CONNECT_SECONDS),
        user_agent=USER_AGENT,
    )
