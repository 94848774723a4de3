"""An informer of a kind that is not installed, is installed later, and is taken away again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import pytest
from structlog.testing import capture_logs

from gco.clock import LoopClock
from gco.cluster.memory import MemoryCluster
from gco.errors import ForbiddenError
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION
from gco.runtime.optional import ASKED_AGAIN_SECONDS, OptionalInformer
from tests.cluster.manifests import WIDGET, widget_definition
from tests.virtual_time import until

pytestmark = pytest.mark.looptime(noop_cycles=5)

NAME = f"{WIDGET.plural}.{WIDGET.group}"


@pytest.fixture
def cluster(clock: LoopClock) -> MemoryCluster:
    return MemoryCluster(clock=clock)


@contextlib.asynccontextmanager
async def watching(client: MemoryCluster) -> AsyncIterator[OptionalInformer[str]]:
    informer = OptionalInformer(
        client, WIDGET, "default", project=lambda manifest: manifest["metadata"]["name"]
    )
    with capture_logs():
        task = asyncio.create_task(informer.run())
        yield informer
        task.cancel()
        await asyncio.wait([task])


def widget(name: str) -> dict:
    return {
        "apiVersion": WIDGET.api_version,
        "kind": WIDGET.name,
        "metadata": {"name": name, "namespace": "default"},
    }


async def test_what_is_not_installed_is_known_to_be_empty_and_is_not_polled(
    cluster: MemoryCluster,
) -> None:
    client = cluster.client()
    async with watching(client) as informer:
        await informer.synced.wait()
        assert informer.served is False
        assert informer.items() == {}

        await asyncio.sleep(7200)

        assert client.requests["list", WIDGET.name] == 1
        assert client.requests["list", CUSTOM_RESOURCE_DEFINITION.name] == 1
        assert informer.complaint() is None


async def test_what_is_installed_later_is_noticed_and_what_is_removed_is_gone(
    cluster: MemoryCluster,
) -> None:
    turns: list[bool | None] = []
    async with watching(cluster.client()) as informer:
        informer.subscribe_served(lambda: turns.append(informer.served))
        await informer.synced.wait()
        await asyncio.sleep(3600)

        await cluster.create(CUSTOM_RESOURCE_DEFINITION, widget_definition())
        await until(lambda: informer.served is True, within=5)
        informer.record(await cluster.create(WIDGET, widget("a")))
        await cluster.create(WIDGET, widget("b"))
        await until(lambda: set(informer.items()) == {"a", "b"}, within=1)

        for name in ("a", "b"):
            await cluster.delete(WIDGET, "default", name)
        await cluster.delete(CUSTOM_RESOURCE_DEFINITION, None, NAME)
        await until(lambda: informer.served is False, within=600)

        assert informer.items() == {}
        assert turns == [False, True, False]


async def test_where_definitions_may_not_be_watched_the_kind_is_asked_for_now_and_then(
    cluster: MemoryCluster,
) -> None:
    client = cluster.client()
    client.faults.fail(
        "list",
        kind=CUSTOM_RESOURCE_DEFINITION,
        times=10_000,
        error=lambda: ForbiddenError("may not list definitions"),
    )
    async with watching(client) as informer:
        await informer.synced.wait()
        await asyncio.sleep(60)

        await cluster.create(CUSTOM_RESOURCE_DEFINITION, widget_definition())
        await until(lambda: informer.served is True, within=ASKED_AGAIN_SECONDS + 10)

        assert client.requests["list", WIDGET.name] == 2
