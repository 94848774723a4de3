"""A finalizer of someone else keeps an object for as long as it likes, and an endpoint no longer than that."""

import asyncio

import pytest

from gco.core.model.endpoint import TargetState
from gco.core.model.names import ingress_name
from gco.core.model.status import ConditionType, RegionState
from gco.core.region.ending import GIVEN_UP
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    INFERENCE_ENDPOINT,
    INGRESS,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    Kind,
)
from tests.builders import WEB
from tests.scenario.canary_world import CANARY, NEW, OLD, weight
from tests.scenario.region_world import NS, ROUTE, World
from tests.scenario.test_sync_faults import one_region
from tests.virtual_time import until
from tests.waiting import background, eventually

pytestmark = pytest.mark.looptime(noop_cycles=0)

FOREIGN = "example.com/guard"
BOUND = GIVEN_UP.total_seconds()
HELD = {
    "budget": POD_DISRUPTION_BUDGET,
    "revision": CONTROLLER_REVISION,
    "route": INGRESS,
    "service": SERVICE,
}
"""By endpoint, the kind of the object that keeps a finalizer."""


async def hold(world: World, kind: Kind, name: str) -> None:
    """Put another controller's finalizer on an object."""
    edits = [{"op": "add", "path": "/metadata/finalizers", "value": [FOREIGN]}]
    await world.person.patch(kind, NS, name, edits, manager="guard")


async def free(world: World, kind: Kind, name: str) -> None:
    """Do what the status says: remove the finalizers."""
    edits = [{"op": "remove", "path": "/metadata/finalizers"}]
    await world.person.patch(kind, NS, name, edits, manager="kubectl-edit")


def object_of(world: World, kind: Kind, endpoint: str) -> str:
    """The name of the endpoint's object of that kind."""
    (name,) = (n for n in world.all(kind) if n.startswith((endpoint, ingress_name(endpoint))))
    return name


def command(kind: Kind, name: str) -> str:
    """The command that ends the wait."""
    cleared = """'{"metadata":{"finalizers":null}}'"""
    return f"kubectl patch {kind.name.lower()} {name} -n {NS} --type=merge -p {cleared}"


async def test_a_delete_waits_a_bounded_time_for_any_object_and_says_how_to_end_the_wait(clock):
    """Invariant: every wait has a bound, and names what it waits for and how to go on."""
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        for endpoint in HELD:
            await world.want(endpoint, replicas=1)
        for endpoint in HELD:
            await world.ready(endpoint)
        names = {endpoint: object_of(world, kind, endpoint) for endpoint, kind in HELD.items()}
        for endpoint, kind in HELD.items():
            await hold(world, kind, names[endpoint])
            await world.want(endpoint, revision=2, state=TargetState.DELETED, replicas=1)

        def waits(endpoint: str) -> bool:
            said = command(HELD[endpoint], names[endpoint])
            return (
                said in world.status(endpoint).message and FOREIGN in world.status(endpoint).message
            )

        for endpoint in HELD:
            await until(lambda e=endpoint: waits(e), within=100)
            assert world.status(endpoint).state is RegionState.DELETING
        for endpoint in HELD:
            await until(
                lambda e=endpoint: world.status(e).state is RegionState.DELETED, within=BOUND + 5
            )
            assert waits(endpoint)
        await free(world, INGRESS, names["route"])
        await until(lambda: world.status("route").message == "nothing of it is left")


async def test_a_deployment_is_waited_for_while_its_pods_run(clock):
    """Invariant: an endpoint is not deleted while a pod of it holds an accelerator."""
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        await hold(world, DEPLOYMENT, WEB)
        await world.want(revision=2, state=TargetState.DELETED)
        await asyncio.sleep(2 * BOUND)
        assert world.status().state is RegionState.DELETING
        assert command(DEPLOYMENT, WEB) in world.status().message

        await free(world, DEPLOYMENT, WEB)
        await until(lambda: world.status().state is RegionState.DELETED, within=100)


async def test_an_endpoint_of_the_same_name_waits_for_the_name_and_then_has_it(clock):
    """Invariant: an object on its way out never makes a name taken for good."""
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        await hold(world, SERVICE, WEB)
        await world.want(revision=2, state=TargetState.DELETED)
        await until(lambda: world.status().state is RegionState.DELETED, within=BOUND + 200)
        await world.drop()
        await until(lambda: world.find(INFERENCE_ENDPOINT, WEB) is None)

        await world.want(uid="uid-of-the-next")
        await until(lambda: world.reason() == "Terminating")
        assert command(SERVICE, WEB) in world.status().message
        stalled = world.status().condition(ConditionType.STALLED)
        assert (stalled.status, stalled.reason) == ("True", "Terminating")

        await free(world, SERVICE, WEB)
        await world.ready()


async def test_a_served_object_that_someone_deletes_is_waited_for_and_then_said_to_be_stuck(clock):
    """Invariant: `gco wait` gives up once waiting alone will not end the wait."""
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        await hold(world, INGRESS, ROUTE)
        await world.person.delete(INGRESS, NS, ROUTE)

        def stalled() -> bool:
            return world.status().condition(ConditionType.STALLED).status == "True"

        await until(lambda: world.reason() == "Terminating")
        assert not stalled()
        await until(stalled, within=BOUND + 5)
        assert command(INGRESS, ROUTE) in world.status().message
        await free(world, INGRESS, ROUTE)
        await world.ready()
        assert not stalled()


async def test_a_canary_loses_its_share_though_its_route_is_stuck(clock):
    """Invariant: a canary that nobody wants any more ends, whatever keeps its route.

    Requests follow a route on its way out until it is gone, so that its weights are still written.
    """
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(image=OLD, canary={"image": NEW, "weight": 20})
        await until(lambda: weight(world) == 20, within=300)
        await hold(world, INGRESS, ROUTE)
        await world.person.delete(INGRESS, NS, ROUTE)
        await hold(world, SERVICE, CANARY)

        await world.want(image=OLD, revision=2)
        await until(lambda: weight(world) == 0)
        await until(lambda: world.find(DEPLOYMENT, CANARY) is None)
        canary_ready = ConditionType.CANARY_READY
        await until(lambda: world.status().condition(canary_ready) is None, within=BOUND + 30)
        assert world.find(SERVICE, CANARY)


async def test_a_custom_resource_that_a_finalizer_keeps_is_reported_and_made_again_later(clock):
    """Invariant: an endpoint that nobody repairs says so, and how to go on."""
    async with one_region(clock) as (world, site):
        await world.apply()
        await world.settled("running")
        await hold_copy(site)
        await site.person.delete(INFERENCE_ENDPOINT, NS, WEB)

        async def reported(*, failed: bool) -> bool:
            [row] = (await world.service().get(WEB)).regions
            told = row.reason == "Terminating" and row.failed is failed
            return told and FOREIGN in row.message and command_of_copy() in row.message

        await eventually(lambda: reported(failed=False), within=60)
        await eventually(lambda: reported(failed=True), within=BOUND + 30)
        await free_copy(site)
        await world.settled("running")


async def hold_copy(site) -> None:
    """Put another controller's finalizer on the custom resource, after ours."""
    edits = [{"op": "add", "path": "/metadata/finalizers/-", "value": FOREIGN}]
    await site.person.patch(INFERENCE_ENDPOINT, NS, WEB, edits, manager="guard")


async def free_copy(site) -> None:
    """Do what the report says."""
    edits = [{"op": "remove", "path": "/metadata/finalizers"}]
    await site.person.patch(INFERENCE_ENDPOINT, NS, WEB, edits, manager="kubectl-edit")


def command_of_copy() -> str:
    """The command that ends the wait for the custom resource."""
    return command(INFERENCE_ENDPOINT, WEB)
