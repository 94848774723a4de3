"""The number of replicas, handed to an autoscaler and back without one being lost."""

import asyncio

import pytest

from gco.core.model.endpoint import TargetState
from gco.core.model.names import REPLICAS_MANAGER
from gco.core.model.status import ConditionType, RegionState
from gco.errors import RejectedError
from gco.kinds.registry import DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER, INGRESS, POD
from tests.builders import WEB
from tests.scenario.death import Death, lives
from tests.scenario.region_world import NS, ROUTE, World
from tests.scenario.scaling_world import (
    ASLEEP_AT_NIGHT,
    FINALIZER,
    NAME,
    QUEUE,
    an_autoscaler,
    autoscaler,
    handed_over,
    install_keda,
    keda,
    live,
    scale_by_hand,
    scaled_object,
    states,
    taken_back,
)
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

SCALED = ConditionType.AUTOSCALER_READY
TWO_TO_SIX = {"min": 2, "max": 6}


async def a_world(clock, *, gpus=16):
    world = World(clock)
    await world.install(gpus=gpus)
    return world


def counts(world):
    """Return a list that grows by every count that the Deployment ever states."""
    seen: list[int] = []

    def look(kind, manifest):
        if kind == DEPLOYMENT:
            seen.append(manifest["spec"]["replicas"])

    world.server.admit(look)
    return seen


async def test_a_new_endpoint_begins_at_its_minimum_and_its_count_is_then_the_autoscalers(clock):
    world = await a_world(clock)
    async with background(*world.loops()):
        await world.want(replicas=2, autoscaling=TWO_TO_SIX)
        await until(lambda: handed_over(world))
        await world.ready()
        assert (live(world), states(world)) == (2, {REPLICAS_MANAGER})

        world.server.server.loads.set(NS, WEB, cpu=350)
        await until(lambda: live(world) == 5)
        await until(lambda: world.status().ready == "5/5")
        assert states(world) == {"kube-controller-manager"}
        assert world.reason(ConditionType.DRIFTED) == "InSync"
        assert world.reason(SCALED) == "AutoscalerReady"


async def test_at_rest_an_autoscaled_endpoint_costs_no_request(clock):
    world = await a_world(clock)
    async with background(*world.loops()):
        await world.want(replicas=2, autoscaling=TWO_TO_SIX)
        await until(lambda: handed_over(world))
        await world.ready()
        world.server.server.loads.set(NS, WEB, cpu=140)
        await world.quiet()
        requests = world.monitor.requests.copy()

        await asyncio.sleep(3600)

        made = world.monitor.requests - requests
        assert {verb for verb, _ in made} <= {"watch"}


async def test_switching_on_and_off_loses_no_replica(clock):
    world = await a_world(clock)
    async with background(*world.loops()):
        await world.want(replicas=3)
        await world.ready()
        seen = counts(world)

        await world.want(revision=2, replicas=3, autoscaling=TWO_TO_SIX)
        await until(lambda: handed_over(world))
        world.server.server.loads.set(NS, WEB, cpu=280)
        await until(lambda: live(world) == 4)
        await world.ready(revision=2)
        assert min(seen) == 3

        await world.want(revision=3, replicas=4)
        await until(lambda: "gco" in states(world))
        await world.ready(revision=3)
        assert autoscaler(world) is None
        assert min(seen) == 3
        assert (live(world), world.status().replicas_desired) == (4, 4)
        await until(lambda: world.status().condition(SCALED) is None)


async def test_a_count_that_someone_else_states_is_left_to_them(clock):
    world = await a_world(clock)
    async with background(*world.others()):
        async with background(world.controller().run()):
            await world.want(replicas=2)
            await world.ready()
        await scale_by_hand(world, 5)
        await world.want(revision=2, replicas=2, autoscaling=TWO_TO_SIX)
        async with background(world.controller().run()):
            await until(lambda: handed_over(world))
            assert (live(world), states(world)) == (5, {"kubectl"})


async def test_an_autoscaler_edited_or_deleted_by_hand_comes_back(clock):
    world = await a_world(clock)
    async with background(*world.loops()):
        await world.want(replicas=2, autoscaling=TWO_TO_SIX)
        await until(lambda: handed_over(world))
        edit = [{"op": "replace", "path": "/spec/maxReplicas", "value": 50}]
        await world.person.patch(HORIZONTAL_POD_AUTOSCALER, NS, NAME, edit, manager="kubectl-edit")
        await until(lambda: autoscaler(world)["spec"]["maxReplicas"] == 6)
        await until(lambda: world.reason(ConditionType.DRIFTED) == "Repaired")

        before = autoscaler(world)["metadata"]["uid"]
        await world.person.delete(HORIZONTAL_POD_AUTOSCALER, NS, NAME)
        await until(lambda: autoscaler(world) and autoscaler(world)["metadata"]["uid"] != before)
        assert live(world) == 2


async def test_an_autoscaler_that_failed_to_be_made_at_first_is_made_later(clock):
    world = await a_world(clock)

    def refuse(kind, _manifest):
        if kind == HORIZONTAL_POD_AUTOSCALER:
            raise RejectedError("admission webhook says no")

    admit = world.server.admit(refuse)
    async with background(*world.loops()):
        await world.want(replicas=3, autoscaling=TWO_TO_SIX)
        await until(lambda: world.reason(SCALED) == "Rejected")
        await world.ready()
        assert (live(world), states(world)) == (3, {REPLICAS_MANAGER})
        admit()
        await until(lambda: handed_over(world), within=120)
        await world.ready()


async def test_zero_set_by_hand_does_not_switch_the_autoscaler_off(clock):
    world = await a_world(clock)
    async with background(*world.loops()):
        await world.want(replicas=3, autoscaling=TWO_TO_SIX)
        await until(lambda: handed_over(world))
        await scale_by_hand(world, 0)
        await until(lambda: live(world) == 2)
        await until(lambda: handed_over(world))
        await world.ready()


async def test_stop_and_start_again_with_an_autoscaler(clock):
    world = await a_world(clock)
    async with background(*world.loops()):
        await world.want(replicas=2, autoscaling=TWO_TO_SIX)
        await until(lambda: handed_over(world))
        world.server.server.loads.set(NS, WEB, cpu=350)
        await until(lambda: world.status().ready == "5/5")

        await world.want(revision=2, state=TargetState.STOPPED, replicas=2, autoscaling=TWO_TO_SIX)
        await until(lambda: world.status().state is RegionState.STOPPED, within=300)
        assert (live(world), states(world), autoscaler(world)) == (0, {"gco"}, None)
        assert (world.reason(), world.reason(SCALED)) == ("Stopped", "NotWanted")
        await world.quiet()

        world.server.server.loads.set(NS, WEB, cpu=140)
        await world.want(revision=3, replicas=2, autoscaling=TWO_TO_SIX)
        await until(lambda: handed_over(world))
        await world.ready(revision=3)
        assert live(world) == 2


async def test_the_autoscaler_leaves_before_the_pods_do(clock):
    world = await a_world(clock)
    async with background(*world.loops(), keda(world)):
        await install_keda(world)
        await world.want(replicas=2, autoscaling={**TWO_TO_SIX, **QUEUE})
        await until(lambda: handed_over(world))
        await until(lambda: scaled_object(world)["metadata"].get("finalizers"))

        await world.want(revision=2, state=TargetState.DELETED, autoscaling={**TWO_TO_SIX, **QUEUE})
        await until(lambda: scaled_object(world)["metadata"].get("deletionTimestamp"))
        assert live(world) == 2
        await until(lambda: world.status().state is RegionState.DELETED, within=300)
        assert (scaled_object(world), world.find(DEPLOYMENT, WEB)) == (None, None)


async def test_an_autoscaler_that_does_not_go_holds_a_stop_up_no_longer_than_a_route_may(clock):
    world = await a_world(clock)
    async with background(*world.loops()):
        async with background(keda(world)):
            await install_keda(world)
            await world.want(replicas=2, autoscaling={**TWO_TO_SIX, **QUEUE})
            await until(lambda: handed_over(world))
            await world.ready()
            await asyncio.sleep(2)
        await world.want(revision=2, state=TargetState.STOPPED, autoscaling={**TWO_TO_SIX, **QUEUE})
        await asyncio.sleep(30)
        assert live(world) == 2
        await until(lambda: live(world) == 0, within=60)


async def test_a_second_autoscaler_is_refused_and_the_count_stays_as_it_is(clock):
    world = await a_world(clock)
    async with background(*world.loops()):
        await world.want(replicas=3)
        await world.ready()
        await world.person.create(HORIZONTAL_POD_AUTOSCALER, an_autoscaler("mine"))
        await until(lambda: world.reason(SCALED) == "SecondAutoscaler")
        await world.want(revision=2, replicas=3, autoscaling=TWO_TO_SIX)
        await until(lambda: world.status().observed_revision == 2)
        await world.quiet()
        assert autoscaler(world) is None
        assert "HorizontalPodAutoscaler mine" in world.status().message
        assert live(world) == 3

        await world.person.delete(HORIZONTAL_POD_AUTOSCALER, NS, "mine")
        await until(lambda: handed_over(world))
        await world.ready(revision=2)
        assert live(world) == 3


async def test_an_autoscaler_of_someone_else_under_our_name_is_never_overwritten(clock):
    world = await a_world(clock)
    async with background(*world.loops()):
        await world.person.create(HORIZONTAL_POD_AUTOSCALER, an_autoscaler(NAME, target="other"))
        await world.want(replicas=2, autoscaling=TWO_TO_SIX)
        await until(lambda: world.reason(SCALED) == "NameTaken")
        assert autoscaler(world)["spec"]["scaleTargetRef"]["name"] == "other"

        await world.want(revision=2, state=TargetState.DELETED, autoscaling=TWO_TO_SIX)
        await until(lambda: world.status().state is RegionState.DELETED, within=300)
        assert autoscaler(world) is not None


async def test_server_metrics_need_keda_and_the_wait_ends_when_it_comes(clock):
    world = await a_world(clock)
    async with background(*world.loops(), keda(world)):
        await world.want(replicas=2, autoscaling={**TWO_TO_SIX, **QUEUE})
        await until(lambda: world.reason() == "KedaNotInstalled")
        assert (live(world), states(world)) == (2, {"gco"})

        await install_keda(world)
        await until(lambda: handed_over(world))
        await world.ready()
        assert scaled_object(world)["spec"]["triggers"][0]["metadata"]["threshold"] == "4"


async def test_a_count_that_a_stuck_finalizer_holds_is_named_and_then_taken(clock):
    """Invariant: Ready is never True while another count than the wanted one stands."""
    world = await a_world(clock)
    async with background(*world.loops()):
        async with background(keda(world)):
            await install_keda(world)
            await world.want(replicas=2, autoscaling={**TWO_TO_SIX, **QUEUE})
            await until(lambda: handed_over(world))
            await world.ready()
            await until(lambda: "finalizers" in scaled_object(world)["metadata"])
        made = an_autoscaler("keda-hpa-web")
        owner = {"apiVersion": "keda.sh/v1alpha1", "kind": "ScaledObject", "name": NAME}
        owner["uid"] = scaled_object(world)["metadata"]["uid"]
        made["metadata"]["ownerReferences"] = [owner]
        await world.person.create(HORIZONTAL_POD_AUTOSCALER, made)

        await world.want(revision=2, replicas=5)
        await until(lambda: FINALIZER in world.status().message)
        assert world.reason() == "Terminating"
        assert live(world) == 2
        assert not world.is_ready()

        await until(lambda: live(world) == 5, within=90)
        await world.ready(revision=2)
        assert states(world) == {"gco"}
        assert autoscaler(world, "keda-hpa-web") is None
        said = world.status().condition(SCALED)
        assert (said.status, said.reason) == ("False", "Terminating")
        assert FINALIZER in said.message
        await asyncio.sleep(3600)
        assert (live(world), states(world)) == (5, {"gco"})

        async with background(keda(world)):
            await until(lambda: scaled_object(world) is None)
            await until(lambda: world.status().condition(SCALED) is None)


async def test_going_over_to_keda_and_back_there_are_never_two_autoscalers(clock):
    world = await a_world(clock)
    both: list[bool] = []

    async def look():
        while True:
            both.append(bool(autoscaler(world)) and bool(scaled_object(world)))
            await asyncio.sleep(0.001)

    async with background(*world.loops(), keda(world), look()):
        await install_keda(world)
        await world.want(replicas=3, autoscaling=TWO_TO_SIX)
        await until(lambda: autoscaler(world))
        await world.want(revision=2, replicas=3, autoscaling={**TWO_TO_SIX, **QUEUE})
        await until(lambda: scaled_object(world))
        await asyncio.sleep(2)
        await world.want(revision=3, replicas=3, autoscaling=TWO_TO_SIX)
        await until(lambda: autoscaler(world))
        assert (live(world), any(both)) == (3, False)


async def test_what_an_autoscaler_put_to_sleep_is_ready_and_keeps_its_route(clock):
    world = await a_world(clock)
    async with background(*world.loops(), keda(world)):
        await install_keda(world)
        await world.want(autoscaling=ASLEEP_AT_NIGHT)
        await until(lambda: handed_over(world))
        await world.ready()
        await scale_by_hand(world, 0, manager="keda-operator")
        await until(lambda: world.reason() == "ScaledToZero")
        await world.quiet()
        assert (live(world), world.all(POD), world.status().ready) == (0, {}, "0/0")
        assert world.status().state is RegionState.RUNNING
        assert world.find(INGRESS, ROUTE)

        await scale_by_hand(world, 1, manager="keda-operator")
        await until(lambda: world.status().ready == "1/1")
        assert world.reason() == "Ready"


async def test_metrics_that_nobody_serves_are_told(clock):
    world = await a_world(clock)
    async with background(*world.loops()):
        await world.want(replicas=2, autoscaling=TWO_TO_SIX)
        await until(lambda: world.reason(SCALED) == "MetricsUnavailable")
        await world.ready()  # what runs serves all the same
        assert live(world) == 2


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_request_of_a_handover_the_end_is_the_same(clock, after):
    """On, off, on, stop and start, with the process killed at the n-th request and begun anew."""
    expected = await _life(clock, None)
    survived, number = False, 0
    while not survived:
        number += 1
        dying = Death(number, after=after)
        assert await _life(clock, dying) == expected, (
            f"killed {'after' if after else 'before'} request {number}"
        )
        survived = not dying.happened.is_set()
    assert number > 20


async def _life(clock, death):
    world = await a_world(clock)
    ends = []
    async with background(*world.others(), lives(world, death)):
        await world.want(replicas=3)
        await world.ready()
        seen = counts(world)
        for revision, stated in enumerate((TWO_TO_SIX, None, TWO_TO_SIX), 2):
            await world.want(revision=revision, replicas=3, autoscaling=stated)
            await until(lambda s=stated: handed_over(world) if s else taken_back(world))
            await world.ready(revision=revision)
            ends.append((live(world), bool(autoscaler(world))))
        fewest = min(seen)
        stopped = {"state": TargetState.STOPPED, "replicas": 3, "autoscaling": TWO_TO_SIX}
        await world.want(revision=5, **stopped)
        await until(lambda: world.status().state is RegionState.STOPPED, within=300)
        ends.append((live(world), bool(autoscaler(world))))
        await world.want(revision=6, replicas=3, autoscaling=TWO_TO_SIX)
        await until(lambda: handed_over(world))
        await world.ready(revision=6)
        return [fewest, *ends, (live(world), bool(autoscaler(world)))]
