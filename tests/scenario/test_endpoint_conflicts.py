"""Two endpoints that two people applied at once with one host and path: one has it, one says so.

The invariant: requests for one host and path have one endpoint in a region, the same one in every
region; and whoever gives the route up lets the other have it.
"""

import pytest

from gco.core.model.names import CREATED_ANNOTATION, SYNC_MANAGER, ingress_name
from gco.core.model.status import ConditionType
from gco.kinds.registry import INFERENCE_ENDPOINT, INGRESS, POD
from tests.builders import a_custom_resource
from tests.scenario.region_world import World
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

EARLY, LATE = "2026-01-01T00:00:00+00:00", "2026-01-01T00:00:01+00:00"


async def want(world, name, created, *, path="/llm", **spec):
    route = {"route": {"path": path}} if path else {}
    manifest = a_custom_resource(name, uid=f"uid-{name}", **route, **spec)
    manifest["metadata"]["annotations"][CREATED_ANNOTATION] = created
    await world.person.apply(INFERENCE_ENDPOINT, manifest, manager=SYNC_MANAGER)


def routed(world):
    return set(world.all(INGRESS))


async def conflict(world, name):
    await until(lambda: world.reason(name=name) == "RouteConflict", within=300)


@pytest.mark.parametrize("order", [("bank", "mallory"), ("mallory", "bank")], ids="->".join)
async def test_the_endpoint_that_was_created_first_has_the_route_in_whatever_order_they_come(
    clock, order
):
    world = World(clock)
    await world.install()
    created = {"bank": EARLY, "mallory": LATE}
    async with background(*world.loops()):
        for name in order:
            await want(world, name, created[name])
            await world.quiet()
        await world.ready("bank")
        await conflict(world, "mallory")
        await world.quiet()

    assert routed(world) == {ingress_name("bank")}
    assert len(world.all(POD)) == 2
    status = world.status("mallory")
    assert "bank" in status.condition(ConditionType.READY).message
    assert "spec.route.path" in status.condition(ConditionType.READY).message
    assert status.condition(ConditionType.STALLED).reason == "RouteConflict"


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"path": "/bank"}, id="another-path"),
        pytest.param({"state": "deleted"}, id="deleted"),
    ],
)
async def test_a_route_that_is_given_up_goes_to_the_other_endpoint(clock, change):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await want(world, "bank", EARLY)
        await world.ready("bank")
        await want(world, "mallory", LATE)
        await conflict(world, "mallory")
        await want(world, "bank", EARLY, revision=2, **change)
        await world.ready("mallory")

    assert ingress_name("mallory") in routed(world)


async def test_the_same_path_on_another_host_or_below_it_is_no_conflict(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await want(world, "bank", EARLY)
        await want(world, "below", LATE, path="/llm/v1")
        await want(world, "other", LATE, path=None)
        for name in ("bank", "below", "other"):
            await world.ready(name)
