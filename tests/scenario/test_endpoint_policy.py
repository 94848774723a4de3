"""A region holds pods to its policy, whoever wrote the custom resource, and restarts none for it.

The invariant: no pod template that the policy denies is frozen or run, but for one that ran before the
policy held; and an endpoint that is denied something keeps the pods that it has.
"""

import pytest

from gco.core.model.status import ConditionType
from gco.kinds.registry import CONTROLLER_REVISION, DEPLOYMENT, POD
from tests.builders import WEB
from tests.scenario.region_world import World
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

HOST = {"podOverrides": {"spec": {"hostNetwork": True}}}
IMAGE = "vllm/vllm-openai:v2"


def pods(world):
    return {name: pod["metadata"]["uid"] for name, pod in world.all(POD).items()}


def message(world, kind=ConditionType.READY):
    return world.status().condition(kind).message


async def denied(world):
    await until(lambda: world.reason() == "PolicyDenied", within=300)


async def test_a_new_endpoint_that_is_denied_its_template_gets_no_pods_and_says_which_setting(
    clock,
):
    world = World(clock)
    await world.install()
    async with background(*world.loops(allow=())):
        await world.want(**HOST)
        await denied(world)
        await world.quiet()

    assert not pods(world)
    assert not world.all(CONTROLLER_REVISION)
    assert "spec.hostNetwork (True)" in message(world)
    assert "allow hostNetwork in GCO_POD_OVERRIDES_ALLOW" in message(world)
    assert world.status().condition(ConditionType.STALLED).status == "True"


async def test_a_change_that_is_denied_keeps_the_pods_that_run_and_scaling_still_works(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops(allow=())):
        await world.want()
        await world.ready()
        running = pods(world)
        await world.want(revision=2, **HOST)
        await denied(world)
        assert pods(world) == running
        await world.want(revision=3, replicas=2, **HOST)
        await until(lambda: len(pods(world)) == 2, within=300)
        assert running.items() <= pods(world).items()
        await world.want(revision=4, replicas=2)
        await world.ready(revision=4)


async def test_an_upgrade_to_a_policy_keeps_what_runs_and_says_so_until_the_next_change(clock):
    world = World(clock)
    await world.install()
    async with background(*world.others()):
        async with background(world.controller().run()):
            await world.want(**HOST)
            await world.ready()
            await world.quiet()
        running, generation = pods(world), world.find(DEPLOYMENT, WEB)["metadata"]["generation"]

        async with background(world.controller(allow=()).run()):
            await until(lambda: "no longer allows" in message(world), within=60)
            assert world.is_ready()
            assert pods(world) == running
            assert world.find(DEPLOYMENT, WEB)["metadata"]["generation"] == generation
            await world.want(revision=2, image=IMAGE, **HOST)
            await denied(world)
            assert pods(world) == running


async def test_a_region_that_allows_it_runs_it(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops(allow=("hostNetwork",))):
        await world.want(**HOST)
        await world.ready()


async def test_what_was_denied_while_stopped_is_denied_at_the_start(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops(allow=())):
        await world.want()
        await world.ready()
        await world.want(revision=2, state="stopped", **HOST)
        await until(lambda: not pods(world), within=600)
        await world.want(revision=3, **HOST)
        await denied(world)
        assert not any(p["spec"].get("hostNetwork") for p in world.all(POD).values())
