"""What the original monitor made is taken over as it runs: no pod restarts, no request finds nobody."""

import asyncio

import pytest

from gco.core.model.endpoint import TargetState
from gco.core.model.names import ADOPTED_ANNOTATION, MANAGER, service_name
from gco.core.model.status import ConditionType, RegionState
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    HORIZONTAL_POD_AUTOSCALER,
    INGRESS,
    JOB,
    LEASE,
    POD,
    REPLICA_SET,
    SERVICE,
)
from gco.runtime.informer import Informer
from tests import originals
from tests.builders import WEB
from tests.scenario.region_world import NS, ROUTE, World
from tests.scenario.test_endpoint_life import Death
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)


def uids(world, kind):
    return {name: found["metadata"]["uid"] for name, found in world.all(kind).items()}


def managers(found):
    entries = found["metadata"]["managedFields"]
    return {e["manager"] for e in entries if "f:spec" in e["fieldsV1"] and "subresource" not in e}


def container(world):
    [found] = world.find(DEPLOYMENT, WEB)["spec"]["template"]["spec"]["containers"]
    return found


async def serving(world, **told):
    """The original's objects, their pods ready and left alone for a while."""
    original = world.server.client(originals.CLIENT)
    await originals.make(original, WEB, **told)
    await until(lambda: (world.find(DEPLOYMENT, WEB).get("status") or {}).get("readyReplicas"))
    return original


async def test_what_the_original_made_becomes_ours_and_no_pod_restarts(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await serving(world, env={"A": "1"})
        before = {kind: uids(world, kind) for kind in (POD, REPLICA_SET, DEPLOYMENT, SERVICE)}
        await world.want(adopts=True)
        await world.ready()
        await world.quiet(60)

        assert {kind: uids(world, kind) for kind in before} == before
        for kind, name in ((DEPLOYMENT, WEB), (SERVICE, service_name(WEB)), (INGRESS, ROUTE)):
            assert managers(world.find(kind, name)) == {MANAGER}
        assert container(world)["env"] == [{"name": "A", "value": "1"}]
        annotations = world.find(INGRESS, ROUTE)["metadata"]["annotations"]
        assert "example.com/left-over" not in annotations
        assert not any("transforms" in key for key in annotations)
        [frozen] = world.all(CONTROLLER_REVISION).values()
        assert frozen["metadata"]["annotations"][ADOPTED_ANNOTATION]
        assert "Adopted" in [reason for reason, _ in world.events()]


async def test_after_that_what_a_revision_drops_is_gone_and_drift_is_repaired(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await serving(world, env={"A": "1"})
        await world.want(adopts=True)
        await world.ready()
        edit = [{"op": "replace", "path": "/spec/template/spec/containers/0/image", "value": "x"}]
        await world.person.patch(DEPLOYMENT, NS, WEB, edit, manager="kubectl-edit")
        await until(lambda: container(world)["image"] == originals.IMAGE)

        await world.want(revision=2, adopts=True, args=["--max-model-len=8"])
        await world.ready(revision=2)

        assert "env" not in container(world)
        assert container(world)["args"][0] == "--max-model-len=8"
        assert any("transforms" in k for k in world.find(INGRESS, ROUTE)["metadata"]["annotations"])


def target(world):
    [port] = world.find(SERVICE, service_name(WEB))["spec"]["ports"]
    return port.get("name"), port["targetPort"]


async def test_pods_without_a_named_port_are_reached_by_its_number_until_the_last_is_gone(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await serving(world)
        await world.want(adopts=True)
        await world.ready()
        assert target(world) == (None, 8000)
        old = set(uids(world, POD).values())
        targets = []

        def watch(_name, _old, new):
            if new is not None:
                left = old & {pod["metadata"]["uid"] for pod in world.all(POD).values()}
                targets.append((bool(left), new))

        seen = Informer(
            world.person, SERVICE, NS, project=lambda m: m["spec"]["ports"][0]["targetPort"]
        )
        seen.subscribe(watch)
        async with background(seen.run()):
            await world.want(revision=2, adopts=True, args=["--max-model-len=8"])
            await world.ready(revision=2)
            await until(lambda: target(world) == (None, "http"))
        assert {port for left, port in targets if left} == {8000}


async def test_pods_that_have_their_weights_are_taken_over_without_another_copy(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await serving(world)
        before = uids(world, POD)
        await world.want(adopts=True, model={"uri": "s3://bucket/llama"})
        await world.ready()
        await world.quiet(60)

        assert uids(world, POD) == before
        assert world.all(JOB) == {}


async def test_a_selector_that_cannot_change_is_kept_and_its_labels_go_on(clock):
    world = World(clock)
    await world.install()
    more = {"app": WEB, "tier": "gpu"}
    made = originals.deployment(WEB)
    made["spec"]["selector"] = {"matchLabels": more}
    made["spec"]["template"]["metadata"]["labels"] |= more
    async with background(*world.loops()):
        await world.server.client(originals.CLIENT).create(DEPLOYMENT, made)
        await world.want(adopts=True)
        await world.ready()
        await world.want(revision=2, adopts=True, args=["--max-model-len=8"])
        await world.ready(revision=2)

        found = world.find(DEPLOYMENT, WEB)["spec"]
        assert found["selector"] == {"matchLabels": more}
        assert found["template"]["metadata"]["labels"]["tier"] == "gpu"


async def test_a_replica_count_that_is_wanted_is_ours_from_then_on(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await serving(world, replicas=3)
        await world.want(adopts=True, replicas=2)
        await world.ready()

        assert world.find(DEPLOYMENT, WEB)["spec"]["replicas"] == 2


SCALING = {"min": 1, "max": 8, "metrics": [{"type": "cpu", "target": 60}]}


async def test_an_autoscaler_is_taken_over_and_the_count_stays_its(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        original = await serving(world, replicas=3)
        made = await original.create(HORIZONTAL_POD_AUTOSCALER, originals.autoscaler(WEB))
        before = uids(world, POD)
        await world.want(adopts=True, autoscaling=SCALING)
        await until(
            lambda: (
                managers(world.find(HORIZONTAL_POD_AUTOSCALER, WEB)) == {MANAGER}
                and MANAGER in managers(world.find(DEPLOYMENT, WEB))
            ),
            within=300,
        )
        await world.quiet(60)

        assert world.find(DEPLOYMENT, WEB)["spec"]["replicas"] == 3
        assert uids(world, POD) == before
        found = world.find(HORIZONTAL_POD_AUTOSCALER, WEB)
        assert found["metadata"]["uid"] == made["metadata"]["uid"]
        assert found["spec"]["maxReplicas"] == 8
        assert [metric["type"] for metric in found["spec"]["metrics"]] == ["ContainerResource"]


async def test_an_autoscaler_that_is_not_wanted_goes_and_the_count_is_the_endpoints(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        original = await serving(world, replicas=3)
        await original.create(HORIZONTAL_POD_AUTOSCALER, originals.autoscaler(WEB))
        await world.want(adopts=True, replicas=2)
        await world.ready()
        await until(lambda: world.find(DEPLOYMENT, WEB)["spec"]["replicas"] == 2)

        assert world.find(HORIZONTAL_POD_AUTOSCALER, WEB) is None


async def test_without_a_word_that_they_are_to_be_taken_over_they_are_left_alone(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await serving(world)
        before = world.find(DEPLOYMENT, WEB)
        await world.want()
        await until(lambda: world.reason() == "NameTaken")

        assert world.find(DEPLOYMENT, WEB) == before
        [said] = [c for c in world.status().conditions if c.type is ConditionType.READY]
        assert "gco import" in said.message


async def test_what_is_neither_ours_nor_the_originals_is_a_condition_and_stays(clock):
    world = World(clock)
    await world.install()
    foreign = {**originals.deployment(WEB), "metadata": {"name": WEB, "namespace": NS}}
    async with background(*world.loops()):
        await world.person.create(DEPLOYMENT, foreign)
        before = world.find(DEPLOYMENT, WEB)["spec"]
        await world.want(adopts=True)
        await until(lambda: world.reason() == "NameTaken")

        assert world.find(DEPLOYMENT, WEB)["spec"] == before


async def test_nothing_is_taken_over_while_an_old_client_holds_the_lease(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        original = await serving(world)
        lease = await original.create(LEASE, originals.lease("inference-monitor-7d9-x2x"))
        await world.want(adopts=True)
        await until(lambda: world.reason() == "AdoptionWaiting")
        for _ in range(10):  # it renews, each 15 s
            lease["spec"]["renewTime"] = f"{clock.now():%Y-%m-%dT%H:%M:%S.%fZ}"
            lease = await original.replace(LEASE, lease)
            await asyncio.sleep(15)
        [said] = [c for c in world.status().conditions if c.type is ConditionType.READY]
        assert "inference-monitor-7d9-x2x" in said.message
        assert managers(world.find(DEPLOYMENT, WEB)) == {originals.CLIENT}

        await world.ready()  # it renews no more


async def test_nothing_is_taken_over_that_someone_has_just_written(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        original = await serving(world)
        await world.want(adopts=True)
        await until(lambda: world.reason() == "AdoptionWaiting")
        edit = [{"op": "replace", "path": "/spec/replicas", "value": 2}]
        await asyncio.sleep(20)
        await original.patch(DEPLOYMENT, NS, WEB, edit, manager=originals.CLIENT)
        await asyncio.sleep(20)
        assert managers(world.find(DEPLOYMENT, WEB)) == {originals.CLIENT}

        await world.ready()
        assert world.monitor.requests["patch", DEPLOYMENT.name] == 1


async def test_an_endpoint_that_is_deleted_takes_what_the_original_made_with_it(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await serving(world)
        await world.want(adopts=True, state=TargetState.DELETED)
        await until(
            lambda: world.status() and world.status().state is RegionState.DELETED, within=300
        )

        assert world.find(DEPLOYMENT, WEB) is None
        assert world.find(INGRESS, ROUTE) is None


async def adoption(clock, dying):
    """Adopt, with the process killed at one of its requests and begun anew; return what is there."""
    world = World(clock)
    await world.install()
    async with background(*world.others()):
        await serving(world, env={"A": "1"})
        before = uids(world, POD)
        await world.want(adopts=True)
        if dying is not None:
            mortal = world.controller(writer=dying.client(world.monitor))
            async with background(mortal.run()):
                await until(lambda: dying.happened.is_set() or world.is_ready(), within=300)
        async with background(world.controller().run()):
            await world.ready()
            await world.quiet(60)
            assert uids(world, POD) == before
            assert managers(world.find(DEPLOYMENT, WEB)) == {MANAGER}
        return (
            container(world),
            target(world),
            world.find(INGRESS, ROUTE)["metadata"]["annotations"],
            sorted(world.all(CONTROLLER_REVISION)),
        )


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_request_an_adoption_ends_the_same_and_restarts_nothing(clock, after):
    expected = await adoption(clock, None)
    survived, number = False, 0
    while not survived:
        number += 1
        dying = Death(number, after=after)
        assert await adoption(clock, dying) == expected, f"killed at request {number}"
        survived = not dying.happened.is_set()
    assert number > 6
