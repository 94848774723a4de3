"""The clusters that the contract holds to one behaviour: in memory, and behind a real API server.

A contract test takes `cluster` and `namespace` and knows nothing else. The real parameter needs
the fixture `control_plane` of the testbed and is marked `real`.
"""

import asyncio
import contextlib
import uuid
from collections.abc import AsyncIterator

import pytest

from gco.cluster.kubernetes import KubernetesCluster, connect
from gco.cluster.port import Cluster
from gco.errors import AbsentError, ThrottledError
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, NAMESPACE, Kind
from tests.cluster.manifests import WIDGET, widget_definition
from tests.cluster.observing import WITHIN, listed, until, version_of
from tests.scenario.scaling_world import keda_definition

IMPLEMENTATIONS = [
    pytest.param("memory", id="memory"),
    pytest.param("real", id="real", marks=pytest.mark.real),
]
SERVICE_ACCOUNT = Kind("", "v1", "ServiceAccount", "serviceaccounts")
SMALL_PAGE = 2
"""Objects a page of a real listing: small, so that the contract's listings have several pages."""
SHORT_WATCH = (4, 4)
"""Seconds until a hasty watch ends; the API server sends a bookmark two seconds before."""


@pytest.fixture(params=IMPLEMENTATIONS)
def implementation(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
async def cluster(implementation: str, request: pytest.FixtureRequest) -> AsyncIterator[Cluster]:
    """A cluster whose controllers run: Deployments get pods, and orphans are collected."""
    if implementation == "real":
        async with contextlib.aclosing(_real(request)) as real:
            yield real
        return
    from gco.cluster.memory import MemoryCluster  # noqa: PLC0415 - real runs stand without it
    from gco.cluster.memory.controllers import run_controllers  # noqa: PLC0415

    memory = MemoryCluster()
    await memory.apply(CUSTOM_RESOURCE_DEFINITION, keda_definition(), manager="helm")
    controllers = asyncio.create_task(run_controllers(memory))
    yield memory
    controllers.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await controllers
    await memory.close()


@pytest.fixture
async def hasty(
    implementation: str, cluster: Cluster, request: pytest.FixtureRequest
) -> AsyncIterator[Cluster]:
    """The same cluster, through a client whose watches are short and so have early bookmarks."""
    if implementation == "real":
        async with contextlib.aclosing(_real(request, watch_seconds=SHORT_WATCH)) as real:
            yield real
    else:
        quick = cluster.client()
        quick.bookmark_seconds = 0.2
        yield quick


@pytest.fixture
async def namespace(implementation: str, cluster: Cluster) -> AsyncIterator[str]:
    """A namespace of the test's own, in which pods can be made.

    It goes after the test: pods that wait in it would take the next test's accelerators.
    """
    name = f"contract-{uuid.uuid4().hex[:10]}"
    await cluster.create(
        NAMESPACE, {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
    )
    if implementation == "real":  # it refuses pods until a controller has made their account
        await until(cluster, SERVICE_ACCOUNT, name, "default", lambda account: account)
    yield name
    await cluster.delete(NAMESPACE, None, name)


@pytest.fixture
async def widgets(cluster: Cluster) -> None:
    """The custom resource Widget is installed and served."""
    await cluster.apply(CUSTOM_RESOURCE_DEFINITION, widget_definition(), manager="contract")
    version = await version_of(cluster, CUSTOM_RESOURCE_DEFINITION, None)
    if await _served(cluster):
        return
    watch = cluster.watch(CUSTOM_RESOURCE_DEFINITION, None, after=version)
    async with asyncio.timeout(WITHIN), contextlib.aclosing(watch):
        async for _ in watch:
            if await _served(cluster):
                return


async def _served(cluster: Cluster) -> bool:
    try:
        await listed(cluster, WIDGET, "default")
    except (AbsentError, ThrottledError):
        return False
    return True


def _real(
    request: pytest.FixtureRequest, watch_seconds: tuple[int, int] = (300, 600)
) -> KubernetesCluster:
    plane = request.getfixturevalue("control_plane")
    return connect(
        kubeconfig=plane.kubeconfig_path, page_size=SMALL_PAGE, watch_seconds=watch_seconds
    )
