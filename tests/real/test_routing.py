"""A route on a real control plane: of every backend, moved without a gap, repaired, and at the end gone.

The router of the sandbox stands in for the controllers of load balancers and Gateways.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from typing import Any

import pytest

from gco.core.model.names import http_route_name, ingress_name, nginx_ingress_name
from gco.kinds.registry import HTTP_ROUTE, INGRESS, Kind
from gco.runtime.informer import Informer
from gco.sandbox.router import Router
from tests.real.region import RealRegion, real_region
from tests.waiting import background, eventually

pytestmark = pytest.mark.real

GATEWAY = {"backend": "gateway", "gateway": {"name": "public"}}
CPU = {"accelerator": "none"}


@pytest.fixture
async def region(control_plane) -> AsyncIterator[RealRegion]:
    async with real_region(control_plane, gpus=1) as made:
        router = Router(made.cluster, "us-east-1", namespace=made.namespace)
        router.listen()
        async with background(router.run()):
            yield made


class Routes:
    """Every route of a namespace, and how few were taken up at any moment."""

    def __init__(self, region: RealRegion) -> None:
        self._informers = [
            Informer(region.cluster, kind, region.namespace, project=_taken_up)
            for kind in (INGRESS, HTTP_ROUTE)
        ]
        self.fewest: int | None = None
        for informer in self._informers:
            informer.subscribe(self._count)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for informer in self._informers:
                tasks.create_task(informer.run())

    def names(self) -> set[str]:
        """Return every route as `kind/name`."""
        return {f"{i.kind.name}/{name}" for i in self._informers for name in i.items()}

    def _count(self, *_: Any) -> None:
        up = sum(sum(informer.items().values()) for informer in self._informers)
        if self.fewest is not None or up:  # from the first one on
            self.fewest = up if self.fewest is None else min(up, self.fewest)


def _taken_up(manifest: Mapping[str, Any]) -> bool:
    status = manifest.get("status") or {}
    return bool((status.get("loadBalancer") or {}).get("ingress") or status.get("parents"))


async def routed(region: RealRegion, words: str) -> None:
    """Return once RouteReady is true and says so."""

    async def holds() -> bool:
        found = {c.type: c for c in (await region.view("web")).conditions}
        route = found.get("RouteReady")
        return route is not None and route.status == "True" and words in route.message

    await eventually(holds, within=90, what=f"a route: {words}")


async def test_a_route_moves_through_every_backend_and_leaves_nothing(region: RealRegion) -> None:
    seen = Routes(region)
    async with background(seen.run()):
        await region.want("web", resources=CPU)
        await routed(region, "answered at 127.0.0.1")
        assert seen.names() == {f"Ingress/{ingress_name('web')}"}

        await region.want("web", resources=CPU, route={"backend": "nginx"})
        only = {f"Ingress/{nginx_ingress_name('web')}"}
        await eventually(lambda: _true(seen.names() == only), within=60, what="nginx alone")

        await region.want("web", resources=CPU, route=GATEWAY)
        only = {f"HTTPRoute/{http_route_name('web')}"}
        await eventually(lambda: _true(seen.names() == only), within=60, what="the gateway alone")
        await routed(region, f"Gateway {region.namespace}/public")
        assert seen.fewest == 1

        await region.delete("web")
        await eventually(lambda: _true(not seen.names()), within=60, what="no route")


async def test_an_http_route_that_is_edited_or_deleted_by_hand_comes_back(
    region: RealRegion,
) -> None:
    name, namespace = http_route_name("web"), region.namespace
    await region.want("web", resources=CPU, route=GATEWAY)
    await routed(region, "answered")

    await _edit(region, HTTP_ROUTE, name, "/spec/rules/0/backendRefs/0/weight", 0)

    async def healed() -> bool:
        live = await region.cluster.get(HTTP_ROUTE, namespace, name)
        return bool(live["spec"]["rules"][0]["backendRefs"][0]["weight"] == 1)

    await eventually(healed, within=30, what="the weight as it was")
    old = await region.cluster.get(HTTP_ROUTE, namespace, name)
    await region.cluster.delete(HTTP_ROUTE, namespace, name)

    async def back() -> bool:
        with contextlib.suppress(LookupError):
            live = await _uid(region, name)
            return live not in {None, old["metadata"]["uid"]}
        return False

    await eventually(back, within=30, what="the route made again")
    await routed(region, "answered")


async def _uid(region: RealRegion, name: str) -> str | None:
    pages = region.cluster.list(HTTP_ROUTE, region.namespace)
    found = {
        m["metadata"]["name"]: m["metadata"]["uid"] async for page in pages for m in page.items
    }
    return found.get(name)


async def _edit(region: RealRegion, kind: Kind, name: str, path: str, value: object) -> None:
    operation = {"op": "replace", "path": path, "value": value}
    await region.cluster.patch(kind, region.namespace, name, [operation], manager="kubectl-edit")


async def _true(holds: bool) -> bool:
    return holds
