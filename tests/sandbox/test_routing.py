"""What GCO renders for each backend, honoured by the router: paths, weights, and a move between two."""

import asyncio
import contextlib
from collections import Counter
from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from gco.cluster.memory import MemoryCluster
from gco.core.model.names import http_route_name
from gco.core.region.freeze import freeze
from gco.core.region.render.route import routes
from gco.core.region.render.split import Split
from gco.core.region.render.template import pod_template
from gco.core.region.routing import main_route
from gco.kinds.registry import HTTP_ROUTE, INGRESS, NAMESPACE, POD, SERVICE, kind_of
from gco.sandbox.router import Router
from tests.builders import WEB, a_regional
from tests.waiting import eventually

NS = "gco-inference"
BACKENDS = {
    "alb": {"backend": "alb"},
    "nginx": {"backend": "nginx"},
    "gateway": {"backend": "gateway", "gateway": {"name": "public"}},
}


class Place:
    """A router on a cluster, with one server behind each of two Services."""

    def __init__(self) -> None:
        self.cluster = MemoryCluster()
        self.router = Router(self.cluster, "test", namespace=NS)
        self.router.listen()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["Place"]:
        await self.cluster.create(NAMESPACE, {"metadata": {"name": NS}})
        async with contextlib.AsyncExitStack() as stack:
            for name in (WEB, f"{WEB}-canary"):
                port = await stack.enter_async_context(serving(name))
                await self._behind(name, port)
            task = asyncio.create_task(self.router.run())
            try:
                yield self
            finally:
                task.cancel()
                await asyncio.wait([task])

    async def _behind(self, name: str, port: int) -> None:
        """Put a ready pod, which listens on `port`, behind a Service."""
        pod = {
            "apiVersion": "v1",
            "kind": "Pod",
            "spec": {"containers": [{"name": "c", "image": "i"}]},
        }
        metadata = {"name": name, "namespace": NS, "labels": {"app": name}}
        await self.cluster.create(POD, {**pod, "metadata": metadata})
        ready = [{"type": "Ready", "status": "True"}]
        status = {"phase": "Running", "podIP": "127.0.0.1", "conditions": ready}
        head = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": NS}}
        body = {**head, "status": status}
        await self.cluster.apply(POD, body, manager="kubelet", subresource="status")
        spec = {"selector": {"app": name}, "ports": [{"port": 80, "targetPort": port}]}
        await self.cluster.create(
            SERVICE, {"metadata": {"name": name, "namespace": NS}, "spec": spec}
        )

    async def route(self, backend: str, split: Split | None = None) -> None:
        """Apply the route of an endpoint, and return once it is taken up."""
        regional = a_regional(route=BACKENDS[backend])
        template = freeze(WEB, regional.spec.template_key, 1, pod_template(regional))
        objects = routes(regional, template, split)
        for rendered in objects.values():
            await self.cluster.apply(kind_of(rendered.manifest), rendered.manifest, manager="gco")
        main = objects[main_route(regional)].manifest

        async def taken_up() -> object:
            live = await self.cluster.get(kind_of(main), NS, main["metadata"]["name"])
            return live.get("status")

        await eventually(taken_up, within=10, what="the route taken up")

    async def drop(self, backend: str) -> None:
        """Delete the route of another backend."""
        ref = main_route(a_regional(route=BACKENDS[backend]))
        kind = HTTP_ROUTE if ref.kind == HTTP_ROUTE.name else INGRESS
        await self.cluster.delete(kind, NS, ref.name)

    async def ask(self, http: aiohttp.ClientSession, path: str = "/v1/models") -> tuple[int, str]:
        """Return the status, and who answered with which path."""
        url = f"{self.router.address}/inference/{WEB}{path}"
        async with http.get(url) as answer:
            return answer.status, await answer.text()


@contextlib.asynccontextmanager
async def serving(name: str) -> AsyncIterator[int]:
    """Answer everything with `name` and the path; yield the port."""

    async def handle(request: web.Request) -> web.Response:
        return web.Response(text=f"{name} {request.path_qs}")

    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handle)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()


@pytest.fixture
async def place() -> AsyncIterator[Place]:
    async with Place().running() as made:
        yield made


@pytest.mark.parametrize("backend", BACKENDS)
async def test_the_prefix_is_taken_off_and_the_rest_is_passed_on(
    place: Place, backend: str
) -> None:
    await place.route(backend)
    async with aiohttp.ClientSession() as http:
        assert await place.ask(http, "/v1/models?a=b") == (200, "web /v1/models?a=b")
        assert await place.ask(http, "") == (200, "web /")
        assert (await place.ask(http, "ster"))[0] == 404


@pytest.mark.parametrize("backend", BACKENDS)
async def test_weights_are_honoured_and_taken_away_again(place: Place, backend: str) -> None:
    async with aiohttp.ClientSession() as http:
        for weight, canary in ((10, 2), (0, 0), (40, 8)):
            await place.route(backend, Split(f"{WEB}-canary", weight))

            async def settled(canary: int = canary) -> bool:
                told = Counter([(await place.ask(http))[1].split()[0] for _ in range(20)])
                return told == Counter({WEB: 20 - canary, f"{WEB}-canary": canary})

            await eventually(settled, within=10, what=f"{weight} per cent")


async def test_a_route_that_moves_answers_every_request(place: Place) -> None:
    await place.route("alb")
    answers: Counter[int] = Counter()
    async with aiohttp.ClientSession() as http:

        async def ask_on() -> None:
            while True:
                answers[(await place.ask(http))[0]] += 1

        asking = asyncio.create_task(ask_on())
        for old, new in (("alb", "nginx"), ("nginx", "gateway"), ("gateway", "alb")):
            await place.route(new)
            await place.drop(old)
            before = answers.total()
            await eventually(_more(answers, before + 20), within=10, what="more answers")
        asking.cancel()
        await asyncio.wait([asking])

    assert answers.keys() == {200}


def _more(answers: "Counter[int]", count: int):
    async def holds() -> bool:
        return answers.total() >= count

    return holds


async def test_an_http_route_is_told_that_it_is_taken_up(place: Place) -> None:
    await place.route("gateway")

    live = await place.cluster.get(HTTP_ROUTE, NS, http_route_name(WEB))

    [parent] = live["status"]["parents"]
    assert parent["parentRef"]["name"] == "public"
    assert all(c["status"] == "True" for c in parent["conditions"])
