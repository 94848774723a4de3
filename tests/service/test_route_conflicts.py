"""No endpoint takes the requests of another: the invariant is that a region's requests for one host
and path have one endpoint, and that `/inference/NAME` is NAME's alone.

Whoever applies second is refused, or warned where only a part of the requests is shared; and a write
that cannot take a route reads no other endpoint.
"""

import pytest

from gco.core.model.endpoint import Write
from gco.core.model.spec import Route
from gco.errors import InvalidSpecError
from gco.service.results import Outcome
from gco.store.memory import MemoryStore
from tests.builders import NOW
from tests.fleet.builders import EAST, WEST
from tests.service.world import World, a_world, apply, document


def route(name, path=None, host=None, **spec):
    stated = {"path": path, "host": host}
    return document(name, route={k: v for k, v in stated.items() if v}, **spec)


async def refused(world, *documents):
    with pytest.raises(InvalidSpecError) as caught:
        await apply(world, *documents)
    return [(problem.path, problem.given, problem.allowed) for problem in caught.value.problems]


async def warned(world, *documents):
    applied = await apply(world, *documents)
    return [w.allowed for w in applied.warnings if w.path.startswith("spec.route.path")]


TAKEN = [
    pytest.param(route("bank"), route("mallory", "/inference/bank"), id="default-path"),
    pytest.param(route("bank"), route("mallory", "/inference/bank/"), id="trailing-slash"),
    pytest.param(route("bank"), route("mallory", "/inference/bank/v1"), id="inside-default-path"),
    pytest.param(route("bank"), route("mallory", "/inference/bank/v1", "a.b"), id="inside-by-host"),
    pytest.param(route("other"), route("mallory", "/inference/bank"), id="before-its-owner-exists"),
    pytest.param(route("bank", "/llm"), route("mallory", "/llm"), id="same-path"),
    pytest.param(route("bank", "/"), route("mallory", "/"), id="same-catch-all"),
    pytest.param(route("bank", "/", "a.b"), route("mallory", "/", "a.b"), id="same-host"),
    pytest.param(route("bank", "/", "*.b"), route("mallory", "/", "*.b"), id="same-wildcard"),
    pytest.param(
        route("bank", "/llm", regions=[EAST]), route("mallory", "/llm"), id="in-one-region"
    ),
    pytest.param(
        document("bank", regions=[{"name": EAST, "route": {"path": "/llm"}}]),
        document("mallory", regions=[WEST, {"name": EAST, "route": {"path": "/llm"}}]),
        id="by-overrides-of-a-region",
    ),
    pytest.param(
        route("bank", "/llm", state="stopped"), route("mallory", "/llm"), id="of-a-stopped-endpoint"
    ),
]


@pytest.mark.parametrize(("first", "second"), TAKEN)
async def test_a_route_of_another_endpoint_is_refused_and_named(first, second):
    world = await a_world()
    await apply(world, first)

    [(path, _, allowed)] = await refused(world, second)

    assert path.endswith("route.path")
    assert "bank" in allowed


FREE = [
    pytest.param(route("bank"), route("mallory"), id="defaults"),
    pytest.param(route("bank"), route("mallory", "/inference/mallory/v1"), id="inside-its-own"),
    pytest.param(route("bank"), route("mallory", "/inference-bank"), id="no-parent-of-it"),
    pytest.param(route("ban"), route("bank"), id="name-that-begins-so"),
    pytest.param(route("bank", "/llm"), route("mallory", "/llm-2"), id="path-that-begins-so"),
    pytest.param(route("bank", "/", "a.b"), route("mallory", "/", "c.b"), id="another-host"),
    pytest.param(
        route("bank", "/llm", regions=[EAST]),
        route("mallory", "/llm", regions=[WEST]),
        id="another-region",
    ),
    pytest.param(
        document("bank", route={"path": "/llm", "backend": "nginx"}),
        document("mallory", route={"path": "/llm", "backend": "alb"}),
        id="another-load-balancer",
    ),
    pytest.param(
        document("bank", route={"path": "/llm", "backend": "gateway", "gateway": {"name": "a"}}),
        document("mallory", route={"path": "/llm", "backend": "gateway", "gateway": {"name": "b"}}),
        id="another-gateway",
    ),
]


@pytest.mark.parametrize(("first", "second"), FREE)
async def test_other_routes_are_accepted_without_a_warning(first, second):
    world = await a_world()
    await apply(world, first)

    assert await warned(world, second) == []


OVERLAPS = [
    pytest.param("nginx", route("bank", "/llm"), route("web", "/llm/v1"), "takes requests of bank (/llm)", id="inside-another"),
    pytest.param("nginx", route("bank", "/llm/v1"), route("web", "/llm"), "gets no requests for bank (/llm/v1)", id="around-another"),
    pytest.param("nginx", route("bank"), route("web", "/"), "gets no requests for bank (/inference/bank)", id="catch-all"),
    pytest.param("nginx", route("bank", "/llm"), route("web", "/llm", "a.b"), "takes requests of bank (/llm)", id="host-before-any"),
    pytest.param("nginx", route("bank", "/llm", "*.b"), route("web", "/", "a.b"), "takes requests of bank (*.b/llm)", id="host-before-wildcard"),
    pytest.param("alb", route("web"), route("all", "/"), "takes requests of web (/inference/web)", id="alb-goes-by-name"),
    pytest.param("alb", route("all", "/"), route("web", "/llm"), "gets no requests for all (/)", id="alb-goes-by-name-even-for-the-longer-path"),
]  # fmt: skip


@pytest.mark.parametrize(("backend", "first", "second", "expected"), OVERLAPS)
async def test_a_route_that_shares_requests_is_accepted_with_the_order_that_results(
    backend, first, second, expected
):
    world = World()
    await world.register(EAST, route_backend=backend)
    await apply(world, first)

    [warning] = await warned(world, second)

    assert warning.startswith(expected)


async def test_a_catch_all_names_a_few_of_the_many_endpoints_that_it_overlaps():
    world = World()
    await world.register(EAST, route_backend="nginx")
    await apply(world, *(document(f"web-{n}") for n in range(9)))

    [warning] = await warned(world, route("all", "/"))

    assert "web-2 (/inference/web-2) and 6 more" in warning


async def test_two_documents_of_one_file_are_compared():
    world = await a_world()

    problems = await refused(world, route("bank", "/llm"), route("mallory", "/llm"))

    assert [path for path, _, _ in problems] == [
        "bank: spec.route.path",
        "mallory: spec.route.path",
    ]
    assert [e.name async for e in world.store.list()] == []


async def test_a_region_that_is_added_brings_no_route_of_another_endpoint():
    world = await a_world()
    await apply(world, route("bank", "/llm", regions=[EAST]))
    await apply(world, route("mallory", "/llm", regions=[WEST]))

    with pytest.raises(InvalidSpecError, match="bank"):
        await world.service().add_region("mallory", EAST)


async def test_a_deleted_endpoint_holds_no_route():
    world = await a_world()
    await apply(world, route("bank", "/llm"))
    await world.service().delete(["bank"])

    assert await warned(world, route("mallory", "/llm")) == []


class CountingStore(MemoryStore):
    """Counts listings of all endpoints."""

    def __init__(self, **options) -> None:
        super().__init__(**options)
        self.listings = 0

    def list(self, **options):
        self.listings += 1
        return super().list(**options)


async def a_counting_world():
    world = await a_world(CountingStore())
    await apply(world, route("bank", "/llm"), route("web"))
    world.store.listings = 0
    return world


async def test_a_write_that_takes_no_route_lists_no_endpoints():
    world = await a_counting_world()

    await apply(world, route("bank", "/llm", image="vllm/vllm-openai:v0.9.0"), route("web"))
    await apply(world, route("new"), route("newer", "/inference/newer/v1"))
    await world.service().scale("bank", 3)

    assert world.store.listings == 0


async def test_any_number_of_new_paths_in_a_command_costs_one_listing():
    world = await a_counting_world()

    await apply(world, *(route(f"new-{n}", f"/new-{n}") for n in range(20)))

    assert world.store.listings == 1


async def test_a_route_that_was_accepted_before_the_rule_is_no_obstacle_to_other_changes():
    world = await a_world()
    await apply(world, document("mallory"))
    stored = await world.store.get("mallory")
    await _store_with_path(world, stored, "/inference/bank/v1")

    applied = await world.service().scale("mallory", 3)

    assert applied.outcome is Outcome.CHANGED


async def _store_with_path(world, stored, path):
    spec = stored.spec.model_copy(update={"route": Route(path=path)})
    fields = {"spec": spec, "generation": stored.generation + 1, "updated_at": NOW}
    await world.store.write(
        [Write(stored.name, stored.generation, stored.model_copy(update=fields))]
    )
