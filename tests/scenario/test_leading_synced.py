"""Who leads while something cannot be watched, and what the endpoints report for it.

Invariants: whoever holds the Lease can do a leader's work, or gives the Lease up within about a
minute; what one kind or one namespace lacks stops no endpoint that can do without it.
"""

import asyncio

import pytest

from gco.errors import ForbiddenError, TransientError
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    EVENT,
    HORIZONTAL_POD_AUTOSCALER,
    HTTP_ROUTE,
    INFERENCE_ENDPOINT,
    INGRESS,
    JOB,
    NAMESPACE,
    NODE,
    NODE_CLAIM,
    POD,
    POD_DISRUPTION_BUDGET,
    REPLICA_SET,
    SCALED_OBJECT,
    SERVICE,
)
from tests.scenario.monitors import NS, MonitorWorld
from tests.virtual_time import until
from tests.waiting import eventually

pytestmark = pytest.mark.looptime(noop_cycles=0)

OTHER = "team-b"
REQUIRED = (
    INFERENCE_ENDPOINT,
    DEPLOYMENT,
    SERVICE,
    POD_DISRUPTION_BUDGET,
    INGRESS,
    CONTROLLER_REVISION,
    REPLICA_SET,
    POD,
)
OPTIONAL = (
    EVENT,
    HTTP_ROUTE,
    HORIZONTAL_POD_AUTOSCALER,
    SCALED_OBJECT,
    JOB,
    NODE,
    NODE_CLAIM,
)
HANGS = "hangs"
FAULTS = {
    "403": ForbiddenError('user "gco-monitor" cannot list it'),
    "500": TransientError("HTTP 500"),
    HANGS: HANGS,
}
by_name = pytest.mark.parametrize("fault", FAULTS)


def spoil(monitor, fault, kind, namespace=None):
    """Have this monitor's lists and watches of a kind fail, in one namespace or in all."""

    def wrap(call):
        async def spoiled(asked, where, **options):
            if asked == kind and namespace in (None, where) and spoiled_now():
                if FAULTS[fault] is HANGS:
                    await asyncio.Event().wait()
                raise FAULTS[fault]
            async for each in call(asked, where, **options):
                yield each

        return spoiled

    on = True

    def spoiled_now():
        return on

    def heal():
        nonlocal on
        on = False

    monitor.client.list = wrap(monitor.client.list)
    monitor.client.watch = wrap(monitor.client.watch)
    return heal


@by_name
@pytest.mark.parametrize("kind", REQUIRED, ids=lambda kind: kind.name)
async def test_who_cannot_watch_a_kind_does_not_stand_and_a_healthy_standby_leads(
    clock, kind, fault
):
    world = MonitorWorld(clock)
    async with world.running():
        ill = await world.monitor("ill")
        spoil(ill, fault, kind)
        ill.start()
        await asyncio.sleep(200)
        assert world.holder() == ""
        assert ill.loops.waiting()
        assert [complaint() for complaint in ill.loops.complaints() if complaint()] == []
        well = await world.started("well")
        await until(lambda: well.leads)
        await world.apply()
        await until(lambda: world.find(DEPLOYMENT, "web"))
        await well.kill()
        await asyncio.sleep(60)
        assert not ill.leads


@by_name
@pytest.mark.parametrize("kind", OPTIONAL, ids=lambda kind: kind.name)
async def test_an_optional_kind_that_cannot_be_watched_stops_no_plain_endpoint(clock, kind, fault):
    world = MonitorWorld(clock)
    async with world.running():
        monitor = await world.monitor("monitor-0")
        spoil(monitor, fault, kind)
        monitor.start()
        await until(lambda: monitor.leads)
        assert monitor.loops.waiting() == []
        await world.apply()
        await until(lambda: world.find(DEPLOYMENT, "web"))
        await asyncio.sleep(120)
        assert monitor.leads


@by_name
@pytest.mark.parametrize("kind", [*REQUIRED, *OPTIONAL], ids=lambda kind: kind.name)
async def test_a_kind_that_fails_later_takes_no_leader_away(clock, kind, fault):
    """Its cache is old and complete: every write names a uid, and to act on it beats to stop all."""
    world = MonitorWorld(clock)
    async with world.running():
        monitor = await world.started("monitor-0")
        await until(lambda: monitor.leads)
        await world.apply()
        await until(lambda: world.find(DEPLOYMENT, "web"))
        spoil(monitor, fault, kind)
        world.server.expire_history()
        await asyncio.sleep(200)
        assert monitor.leads
        await world.apply(replicas=3)
        if kind != INFERENCE_ENDPOINT:
            await until(lambda: world.find(DEPLOYMENT, "web")["spec"]["replicas"] == 3)


async def test_a_leader_without_its_definition_steps_down_and_a_healthy_monitor_leads(clock):
    world = MonitorWorld(clock)
    async with world.running():
        monitor = await world.started("monitor-0")
        await until(lambda: monitor.leads)
        definition = "inferenceendpoints.gco.io"
        body = world.find(CUSTOM_RESOURCE_DEFINITION, definition, "")
        await world.person.delete(CUSTOM_RESOURCE_DEFINITION, None, definition)
        await until(lambda: not monitor.leads, within=90)
        assert world.holder() == ""
        fresh = {key: body[key] for key in ("apiVersion", "kind", "spec")}
        fresh["metadata"] = {"name": definition}
        await world.person.apply(CUSTOM_RESOURCE_DEFINITION, fresh, manager="kubectl")
        await until(lambda: monitor.leads)


@by_name
@pytest.mark.parametrize("kind", REQUIRED[1:], ids=lambda kind: kind.name)
async def test_a_namespace_that_cannot_be_watched_stops_no_other_and_says_so(clock, kind, fault):
    world = MonitorWorld(clock, namespaces=(NS, OTHER))
    async with world.running():
        monitor = await world.monitor("monitor-0")
        heal = spoil(monitor, fault, kind, OTHER)
        monitor.start()
        await until(lambda: monitor.leads)
        await world.apply()
        await world.apply("theirs", namespace=OTHER)
        await until(lambda: world.find(DEPLOYMENT, "web"))
        await eventually(lambda: world.reason("Ready", "theirs"))
        assert await world.reason("Ready", "theirs") == "NotWatched"
        assert await world.reason("Ready") != "NotWatched"
        message = (await world.said("theirs")).conditions[0].message
        assert kind.plural in message
        assert OTHER in message
        if fault != HANGS:
            heal()
            await until(lambda: world.find(DEPLOYMENT, "theirs", OTHER))
            await asyncio.sleep(60)
            assert await world.reason("Ready", "theirs") != "NotWatched"


async def test_an_autoscaled_endpoint_waits_until_its_autoscaler_can_be_seen(clock):
    """Who owns its count is unknown: to write one could take pods away."""
    world = MonitorWorld(clock)
    async with world.running():
        monitor = await world.monitor("monitor-0")
        heal = spoil(monitor, "403", HORIZONTAL_POD_AUTOSCALER)
        monitor.start()
        await world.apply(autoscaling={"max": 3})
        await until(lambda: monitor.leads)
        await eventually(lambda: world.reason("Ready"))
        assert await world.reason("Ready") == "NotWatched"
        assert world.find(DEPLOYMENT, "web") is None
        heal()
        await until(lambda: world.find(HORIZONTAL_POD_AUTOSCALER, "web"))


async def both_namespaces(world):
    """Endpoints in two namespaces; then a monitor that serves only one of them."""
    first = await world.started("monitor-0")
    await world.apply()
    await world.apply("theirs", namespace=OTHER)
    await until(lambda: world.find(DEPLOYMENT, "theirs", OTHER) and world.find(DEPLOYMENT, "web"))
    await asyncio.sleep(30)
    await first.stop()
    return await world.started("monitor-1", namespaces=(NS,))


async def test_a_namespace_taken_off_the_list_is_reported(clock):
    world = MonitorWorld(clock, namespaces=(NS, OTHER))
    async with world.running():
        await both_namespaces(world)
        await asyncio.sleep(30)
        assert await world.reason("Ready", "theirs") == "NamespaceNotAllowed"
        assert await world.reason("Ready") != "NamespaceNotAllowed"
        assert world.find(DEPLOYMENT, "theirs", OTHER), "what runs there is left alone"


async def test_a_deletion_in_a_namespace_taken_off_the_list_ends_and_names_what_is_left(clock):
    world = MonitorWorld(clock, namespaces=(NS, OTHER))
    async with world.running():
        await both_namespaces(world)
        said = []

        async def purged():
            status = await world.said("theirs")
            said.extend(c.message for c in status.conditions) if status else None
            return not await world.store.get_many(["theirs"])

        await world.delete("theirs")
        await eventually(purged)
        assert world.find(INFERENCE_ENDPOINT, "theirs", OTHER) is None
        assert any("-n team-b get deploy" in message for message in said)
        assert world.find(DEPLOYMENT, "theirs", OTHER)


async def test_a_custom_resource_deleted_by_hand_there_loses_its_finalizer(clock):
    world = MonitorWorld(clock, namespaces=(NS, OTHER))
    async with world.running():
        await both_namespaces(world)
        before = world.find(INFERENCE_ENDPOINT, "theirs", OTHER)["metadata"]["uid"]
        await world.person.delete(INFERENCE_ENDPOINT, OTHER, "theirs")

        def released():
            found = world.find(INFERENCE_ENDPOINT, "theirs", OTHER)
            return found is None or found["metadata"]["uid"] != before

        await until(released)


async def test_an_endpoint_of_a_namespace_that_is_being_deleted_says_so_and_asks_seldom(clock):
    """Invariant: what a person has to end is named with the next step, and is asked for seldom."""
    world = MonitorWorld(clock, namespaces=(NS, OTHER))
    async with world.running():
        monitor = await world.started("one")
        await world.apply("theirs", namespace=OTHER)
        await until(lambda: world.find(SERVICE, "theirs", OTHER))
        held = [{"op": "add", "path": "/metadata/finalizers", "value": ["example.com/slow"]}]
        await world.person.patch(SERVICE, OTHER, "theirs", held, manager="guard")
        await world.person.delete(NAMESPACE, None, OTHER)

        async def reported() -> bool:
            return await world.reason("Ready", "theirs") == "NamespaceTerminating"

        await eventually(reported)
        before = monitor.client.requests["apply", INFERENCE_ENDPOINT.name]
        await asyncio.sleep(3600)
        assert monitor.client.requests["apply", INFERENCE_ENDPOINT.name] - before <= 60
        freed = [{"op": "remove", "path": "/metadata/finalizers"}]
        await world.person.patch(SERVICE, OTHER, "theirs", freed, manager="guard")
        await until(lambda: world.find(NAMESPACE, OTHER, "") is None)
        await world.person.create(NAMESPACE, {"metadata": {"name": OTHER}})
        await until(lambda: world.find(SERVICE, "theirs", OTHER), within=400)


@pytest.mark.parametrize("monitors", [1, 2])
async def test_the_namespace_of_the_lease_goes_however_long_its_finalizers_take(clock, monitors):
    """Invariant: our finalizer goes from what nobody wants, whether or not anybody can lead."""
    world = MonitorWorld(clock)
    async with world.running():
        running = [await world.started(f"monitor-{number}") for number in range(monitors)]
        await until(lambda: any(monitor.leads for monitor in running))
        for number in range(10):
            await world.apply(f"web-{number}")
        await until(lambda: world.find(DEPLOYMENT, "web-9"))
        await asyncio.sleep(30)
        for monitor in running:
            monitor.client.faults.fail(
                "patch", INFERENCE_ENDPOINT, times=400, error=lambda: TransientError("HTTP 500")
            )
        await world.person.delete(NAMESPACE, None, NS)
        await asyncio.sleep(60)
        assert not any(monitor.leads for monitor in running)
        assert world.find(INFERENCE_ENDPOINT, "web-0"), "it hangs on its finalizer"
        for monitor in running:
            monitor.client.faults.clear()
        await until(lambda: world.find(NAMESPACE, NS, "") is None)
