"""Routes of every backend: made, judged by what their controllers say, and moved without a gap."""

import asyncio
from typing import Any

import pytest

from gco.clock import LoopClock
from gco.cluster.memory.resources import kinds_of
from gco.core.model.endpoint import TargetState
from gco.core.model.names import http_route_name, nginx_ingress_name
from gco.core.model.status import ConditionType
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, DEPLOYMENT, HTTP_ROUTE, INGRESS
from gco.runtime.informer import Informer
from gco.sandbox.router.http_routes import http_route
from gco.sandbox.router.ingresses import rules_of
from gco.sandbox.router.rules import choose
from tests.builders import WEB
from tests.scenario.canary_world import NEW
from tests.scenario.gateways import DEFINITION, Gateway
from tests.scenario.region_world import NS, ROUTE, World
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

GATEWAY = {"backend": "gateway", "gateway": {"name": "public", "namespace": "gateways"}}
NGINX = {"backend": "nginx"}


class Answering:
    """Counts, at every moment, the routes at which requests are answered."""

    def __init__(self, world: World) -> None:
        client = world.server.client("observer")
        self._informers = [
            Informer(client, kind, NS, project=_taken_up) for kind in (INGRESS, HTTP_ROUTE)
        ]
        self.fewest: int | None = None
        for informer in self._informers:
            informer.subscribe(self._count)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as tasks:
            for informer in self._informers:
                tasks.create_task(informer.run())

    def _count(self, *_: Any) -> None:
        up = sum(sum(informer.items().values()) for informer in self._informers)
        if self.fewest is not None or up:  # from the first one on
            self.fewest = up if self.fewest is None else min(up, self.fewest)


def _taken_up(manifest: dict[str, Any]) -> bool:
    status = manifest.get("status") or {}
    return bool((status.get("loadBalancer") or {}).get("ingress") or status.get("parents"))


@pytest.fixture
def world(clock: LoopClock) -> World:
    return World(clock)


def message(world: World) -> str:
    return world.status().condition(ConditionType.ROUTE_READY).message


async def test_an_http_route_is_ready_once_a_gateway_serves_it(world: World) -> None:
    await world.install()
    gateway = Gateway(world)
    async with background(*world.loops(), gateway.run()):
        await world.want(route=GATEWAY)
        await world.ready()

        assert "answered at Gateway gateways/public" in message(world)
        assert world.all(INGRESS) == {}
        [parent] = world.find(HTTP_ROUTE, http_route_name(WEB))["spec"]["parentRefs"]
        assert (parent["namespace"], parent["name"]) == ("gateways", "public")


@pytest.mark.parametrize(
    ("verdict", "reason", "told"),
    [
        pytest.param(None, "", "check that the Gateway gateways/public exists", id="nobody"),
        pytest.param(
            {"Accepted": "False"},
            "NotAllowedByListeners",
            "NotAllowedByListeners: so",
            id="refused",
        ),
        pytest.param(
            {"Accepted": "True", "ResolvedRefs": "False"},
            "BackendNotFound",
            "BackendNotFound: so it is",
            id="not-resolved",
        ),
    ],
)
async def test_a_route_that_no_gateway_serves_says_why(
    world: World, verdict: dict[str, str] | None, reason: str, told: str
) -> None:
    await world.install()
    gateway = Gateway(world)
    gateway.verdict, gateway.reason = verdict, reason
    async with background(*world.loops(), gateway.run()):
        await world.want(route=GATEWAY)
        await until(
            lambda: world.reason() == "RouteNotReady" and told in message(world), within=300
        )


async def test_without_the_gateway_api_the_status_says_so_until_it_is_installed(
    world: World,
) -> None:
    await world.install()
    resources = world.server.server.resources
    assert list(resources.remove(DEFINITION)) == kinds_of(DEFINITION)
    gateway = Gateway(world)
    async with background(*world.loops()):
        await world.want("alb")
        await world.ready("alb")
        await world.want(route=GATEWAY)
        await until(lambda: world.reason() == "RouteNotReady", within=300)
        assert "install its standard CRDs" in message(world)

        await world.quiet()
        before = world.monitor.requests.total()
        await asyncio.sleep(60)
        assert world.monitor.requests.total() == before, "nothing is polled"

        await world.person.create(CUSTOM_RESOURCE_DEFINITION, DEFINITION)
        async with background(gateway.run()):
            await world.ready()


@pytest.mark.parametrize("restart", [False, True], ids=["in-one-go", "with-a-restart-in-between"])
async def test_a_route_moves_to_another_backend_without_a_gap(
    world: World, *, restart: bool
) -> None:
    await world.install()
    seen, gateway = Answering(world), Gateway(world)
    gateway.verdict = None
    async with background(*world.others(), seen.run(), gateway.run()):
        loop = asyncio.create_task(world.controller().run())
        await world.want()
        await world.ready()

        await world.want(revision=2, route=NGINX)
        await world.ready(revision=2)
        await until(lambda: world.find(INGRESS, ROUTE) is None, within=60)
        assert set(world.all(INGRESS)) == {nginx_ingress_name(WEB)}

        await world.want(revision=3, route=GATEWAY)
        await until(lambda: world.reason() == "RouteNotReady", within=60)
        assert "until then requests go by Ingress nginx-inference-web" in message(world)
        if restart:
            loop.cancel()
            await asyncio.wait([loop])
            loop = asyncio.create_task(world.controller().run())
            await asyncio.sleep(60)
        assert set(world.all(INGRESS)) == {nginx_ingress_name(WEB)}

        await gateway.decide({"Accepted": "True", "ResolvedRefs": "True"})
        await world.ready(revision=3)
        await until(lambda: world.all(INGRESS) == {}, within=60)
        loop.cancel()

    assert seen.fewest == 1


async def test_an_endpoint_deleted_while_its_route_moves_leaves_no_route(world: World) -> None:
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        await world.want(revision=2, route=GATEWAY)
        await until(lambda: world.find(HTTP_ROUTE, http_route_name(WEB)) is not None, within=60)

        await world.want(revision=2, route=GATEWAY, state=TargetState.DELETED)

        await until(lambda: not world.all(INGRESS) and not world.all(HTTP_ROUTE), within=60)
        await until(lambda: world.find(DEPLOYMENT, WEB) is None, within=300)


def shares(world: World) -> dict[str, int]:
    """Return how requests are divided, as a router reads it off the stored routes."""
    ingresses = (rule for m in world.all(INGRESS).values() for rule in rules_of(m))
    gateways = (rule for m in world.all(HTTP_ROUTE).values() for rule in http_route(m).rules)
    rule = choose((*ingresses, *gateways), "any", f"/inference/{WEB}/v1/models")
    return {} if rule is None else {share.service: share.weight for share in rule.shares}


@pytest.mark.parametrize(
    "route", [None, NGINX, GATEWAY], ids=lambda route: route["backend"] if route else "alb"
)
async def test_a_canary_has_its_share_at_every_backend_and_leaves_plain_routing(
    world: World, route: dict[str, Any] | None
) -> None:
    await world.install()
    spec = {} if route is None else {"route": route}
    async with background(*world.loops(), Gateway(world).run()):
        await world.want(**spec, canary={"image": NEW, "weight": 20})
        await until(lambda: shares(world) == {WEB: 80, f"{WEB}-canary": 20}, within=300)
        await world.ready()

        await world.want(revision=2, **spec)
        await until(lambda: set(shares(world)) == {WEB}, within=60)
        await until(lambda: world.find(DEPLOYMENT, f"{WEB}-canary") is None, within=60)
        assert len(world.all(INGRESS)) + len(world.all(HTTP_ROUTE)) == 1


async def test_a_canary_keeps_its_share_while_the_route_moves(world: World) -> None:
    await world.install()
    canary = {"image": NEW, "weight": 20}
    seen = Answering(world)
    async with background(*world.loops(), Gateway(world).run(), seen.run()):
        await world.want(canary=canary)
        await until(lambda: shares(world) == {WEB: 80, f"{WEB}-canary": 20}, within=300)

        await world.want(revision=2, route=NGINX, canary=canary)
        await until(lambda: world.find(INGRESS, ROUTE) is None, within=60)
        assert shares(world) == {WEB: 80, f"{WEB}-canary": 20}

        await world.want(revision=3, route=GATEWAY, canary=canary)
        await until(lambda: world.all(INGRESS) == {}, within=60)
        assert shares(world) == {WEB: 80, f"{WEB}-canary": 20}
        assert seen.fewest == 1
