"""What passes is waited for, what lasts is told, and nothing is done or written in between."""

import asyncio

import pytest

from gco.core.model.crd import crd
from gco.core.model.endpoint import TargetState
from gco.core.model.names import SPEC_HASH_ANNOTATION, SYNC_MANAGER
from gco.core.model.status import ConditionType, RegionState
from gco.core.region.freeze import KEPT
from gco.errors import ForbiddenError, RejectedError, TransientError
from gco.kinds.canonical import digest
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    INFERENCE_ENDPOINT,
    INGRESS,
    POD,
    POD_DISRUPTION_BUDGET,
    SERVICE,
)
from tests.builders import WEB, a_custom_resource
from tests.kubelet import Fate
from tests.scenario.region_world import NS, ROUTE, World
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

HOUR, DAY = 3600, 86_400


def stalled(world: World) -> str:
    """The reason of the condition Stalled, empty while it does not hold."""
    status = world.status()
    found = status.condition(ConditionType.STALLED) if status else None
    return found.reason if found and found.status == "True" else ""


def forbidden() -> ForbiddenError:
    return ForbiddenError('services is forbidden: User "gco" cannot patch')


def namespace_ends() -> ForbiddenError:
    return ForbiddenError(
        'services "web" is forbidden: unable to create new content in namespace gco-inference '
        "because it is being terminated"
    )


def webhook_down() -> TransientError:
    return TransientError('Internal error occurred: failed calling webhook "lb" (HTTP 500)')


async def never(condition, *, seconds: float) -> None:
    """Check that `condition` does not come true within `seconds`."""
    with pytest.raises(TimeoutError):
        await until(condition, within=seconds)


async def test_a_permission_that_is_missing_for_a_moment_is_no_failure(clock):
    world = World(clock)
    await world.install()
    world.monitor.faults.fail("apply", SERVICE, times=3, error=forbidden)
    async with background(*world.loops()):
        await world.want()
        await until(lambda: world.reason() == "Forbidden")
        assert not stalled(world)

        await world.ready()
        assert asyncio.get_running_loop().time() < 10


async def test_a_permission_that_stays_missing_is_a_failure_and_asked_for_ever_more_seldom(clock):
    world = World(clock)
    await world.install()
    world.monitor.faults.fail("apply", SERVICE, times=10_000, error=forbidden)
    async with background(*world.loops()):
        await world.want()
        await until(lambda: stalled(world) == "Forbidden", within=120)
        assert asyncio.get_running_loop().time() > 30
        assert world.status().state is RegionState.ERROR

        before = world.monitor.requests["apply", SERVICE.name]
        await asyncio.sleep(HOUR)
        assert world.monitor.requests["apply", SERVICE.name] - before <= 16

        world.monitor.faults.clear()
        await until(world.is_ready, within=330)


async def test_objects_of_a_namespace_that_is_being_deleted_are_refused_by_that_name(clock):
    world = World(clock)
    await world.install()
    world.monitor.faults.fail("apply", SERVICE, times=10_000, error=namespace_ends)
    async with background(*world.loops()):
        await world.want()
        await until(lambda: world.reason() == "NamespaceTerminating", within=120)
        assert "delete the endpoint, or wait" in world.status().message

        world.monitor.faults.clear()
        await until(world.is_ready, within=330)


async def test_what_the_server_keeps_failing_at_is_told_without_giving_up(clock):
    world = World(clock)
    await world.install()
    world.monitor.faults.fail("apply", DEPLOYMENT, times=10_000, error=webhook_down)
    async with background(*world.loops()):
        await world.want()
        await until(lambda: world.reason() == "ApplyFailed", within=120)
        assert asyncio.get_running_loop().time() > 30
        assert "failed calling webhook" in world.status().message
        assert not stalled(world)

        world.monitor.faults.clear()
        await world.ready()


async def test_an_image_that_stays_away_becomes_a_failure_by_time_alone(clock):
    world = World(clock)
    await world.install()
    world.kubelet.image("bad:1", Fate.IMAGE_PULL)
    async with background(*world.loops()):
        await world.want(image="bad:1")
        await until(lambda: world.reason() == "ImagePullFailed")
        assert not stalled(world)
        assert world.status().state is RegionState.CREATING

        await until(lambda: stalled(world) == "ImagePullFailed", within=120)
        assert world.status().state is RegionState.ERROR
        assert 90 <= asyncio.get_running_loop().time() < 100


async def test_a_replica_that_was_killed_once_is_waited_for(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        (name,) = world.all(POD)

        world.kubelet.ready_after = 20.0
        await world.kubelet.restart(NS, name, exit_code=137)
        await until(lambda: not world.is_ready())
        assert "restarted once: exit code 137" in world.status().message
        assert world.status().state is RegionState.UPDATING
        assert not stalled(world)
        await world.ready()


async def test_a_delete_that_fails_is_told_and_tried_again(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        world.monitor.faults.fail(
            "delete", INGRESS, times=2, error=lambda: RejectedError("denied by a policy")
        )
        await world.want(revision=2, state=TargetState.DELETED)
        await until(lambda: world.reason() == "Rejected")

        assert world.status().state is RegionState.DELETING
        assert "denied by a policy" in world.status().message
        await until(lambda: world.status().state is RegionState.DELETED, within=300)
        assert not world.all(INGRESS)


async def test_a_delete_that_keeps_failing_holds_the_pods_up_no_longer_than_a_route_may(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        world.monitor.faults.fail(
            "delete", INGRESS, times=10_000, error=lambda: RejectedError("denied by a policy")
        )
        await world.want(revision=2, state=TargetState.DELETED)

        await until(lambda: not world.all(DEPLOYMENT), within=90)
        await never(lambda: world.status().state is RegionState.DELETED, seconds=600)


async def test_a_repaired_drift_is_told_for_a_day_and_nothing_is_written_meanwhile(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        edits = [{"op": "replace", "path": "/spec/replicas", "value": 3}]
        await world.person.patch(DEPLOYMENT, NS, WEB, edits, manager="kubectl-edit")
        await until(lambda: world.reason(ConditionType.DRIFTED) == "Repaired")
        await world.quiet(30)

        told = world.status().condition(ConditionType.DRIFTED).message
        assert told.startswith(
            f"spec.replicas of Deployment {WEB}, changed by kubectl-edit at 2026-"
        )
        writes = world.monitor.writes
        await asyncio.sleep(DAY - HOUR)
        assert world.monitor.writes == writes
        await asyncio.sleep(2 * HOUR)
        assert world.reason(ConditionType.DRIFTED) == "InSync"
        assert world.monitor.writes == writes + 1


@pytest.mark.parametrize(
    ("state", "ends_in"),
    [(TargetState.DELETED, RegionState.DELETED), (TargetState.STOPPED, RegionState.STOPPED)],
)
async def test_a_pod_on_a_dead_node_is_named_and_then_waited_for_no_longer(clock, state, ends_in):
    """Invariant: every wait has a bound, and names what it waits for and how to go on."""
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        (pod,) = world.all(POD)
        world.kubelet.gone_after = 10 * DAY

        await world.want(revision=2, state=state)
        await until(lambda: pod in world.status().message, within=600)
        assert world.status().state is not ends_in
        assert "node n1" in world.status().message
        assert f"kubectl delete pod {pod} -n {NS} --force" in world.status().message

        await until(lambda: world.status().state is ends_in, within=600)
        assert pod in world.status().message
        assert world.find(DEPLOYMENT, WEB) is None or state is TargetState.STOPPED
        assert world.find(INGRESS, ROUTE) is None


async def test_a_pod_that_no_replica_set_owns_holds_up_no_delete(clock):
    """Invariant: what is not the endpoint's is neither waited for nor deleted; it is named."""
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        (pod,) = world.all(POD).values()
        meta = {"name": "web-debug", "namespace": NS, "labels": pod["metadata"]["labels"]}
        spec = {key: value for key, value in pod["spec"].items() if key != "nodeName"}
        await world.person.create(
            POD, {"apiVersion": "v1", "kind": "Pod", "metadata": meta, "spec": spec}
        )
        await world.quiet()
        assert world.is_ready()

        await world.want(revision=2, state=TargetState.DELETED)
        await until(lambda: world.status().state is RegionState.DELETED, within=300)
        assert "web-debug" in world.status().message
        assert list(world.all(POD)) == ["web-debug"]


async def test_a_policy_that_refuses_what_serving_does_not_need_is_reported_beside_ready(clock):
    """Invariant: what does not affect serving does not affect Ready."""
    world = World(clock)
    await world.install()

    def refuse(kind, _manifest):
        if kind is POD_DISRUPTION_BUDGET:
            raise RejectedError("admission webhook denied the request: no budgets here")

    world.server.admit(refuse)
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        await asyncio.sleep(HOUR)

        assert world.is_ready()
        assert world.reason(ConditionType.DRIFTED) == "Rejected"
        assert "no budgets here" in world.status().condition(ConditionType.DRIFTED).message
        assert not stalled(world)


async def test_while_an_object_cannot_be_applied_deletes_still_happen(clock):
    """Invariant: a request that fails keeps no other object from its due, deletes least of all."""
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        world.monitor.faults.fail("apply", INGRESS, times=10_000, error=webhook_down)
        await world.person.delete(INGRESS, NS, ROUTE)
        for revision in range(2, 20):
            await world.want(revision=revision, image=f"vllm:v{revision}")
            await until(lambda n=revision: image(world) == f"vllm:v{n}", within=120)

        await until(lambda: len(world.all(CONTROLLER_REVISION)) <= KEPT, within=120)
        assert world.find(INGRESS, ROUTE) is None


def image(world: World) -> str:
    """The image that the Deployment has its pods run."""
    return world.find(DEPLOYMENT, WEB)["spec"]["template"]["spec"]["containers"][0]["image"]


async def test_a_fight_costs_no_status_writes_between_its_rounds(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()

        async def fight() -> None:
            while True:
                if world.find(DEPLOYMENT, WEB)["spec"]["replicas"] != 5:
                    edits = [{"op": "replace", "path": "/spec/replicas", "value": 5}]
                    await world.person.patch(DEPLOYMENT, NS, WEB, edits, manager="kubectl-edit")
                await asyncio.sleep(0.1)

        async with background(fight()):
            await until(lambda: world.reason(ConditionType.DRIFTED) == "FoughtOver")
            await asyncio.sleep(600)
            before = world.monitor.requests["apply", INFERENCE_ENDPOINT.name]
            await asyncio.sleep(1200)
            rounds = 1200 / 300 + 1
            written = world.monitor.requests["apply", INFERENCE_ENDPOINT.name] - before
            assert written <= 8 * rounds


@pytest.mark.parametrize("replicas", [1, 0], ids=["serving", "scaled-to-zero"])
async def test_a_look_at_what_is_in_sync_costs_no_request(clock, replicas):
    world = World(clock)
    await world.install()
    controller = world.controller()
    async with background(*world.others(), controller.run()):
        await world.want(replicas=replicas)
        await world.ready()
        await world.quiet()
        before = world.monitor.requests.total()
        (key,) = controller.keys()

        for _ in range(100):
            controller.controller.enqueue(key)
            await asyncio.sleep(0.01)

        assert world.monitor.requests.total() == before


@pytest.mark.parametrize(
    ("gpus", "replicas"),
    [pytest.param(2, 2, id="all-taken-by-two"), pytest.param(2, 1, id="one-to-spare")],
)
async def test_an_update_ends_though_every_accelerator_is_taken(clock, gpus, replicas):
    world = World(clock)
    await world.install(gpus=gpus)
    async with background(*world.loops()):
        await world.want(replicas=replicas)
        await world.ready()

        await world.want(revision=2, replicas=replicas, image="vllm/vllm-openai:v2")
        await world.ready(revision=2)


async def test_the_last_pod_is_not_taken_away_for_want_of_an_accelerator_until_that_is_allowed(
    clock,
):
    world = World(clock)
    await world.install(gpus=1)
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        (before,) = world.all(POD)

        new = {"revision": 2, "image": "vllm/vllm-openai:v2"}
        await world.want(**new)
        await until(lambda: world.reason() == "WaitingForGPU")
        await asyncio.sleep(HOUR)
        assert before in world.all(POD)
        assert world.find(INGRESS, f"inference-{WEB}")
        assert not stalled(world)

        rollout = {"strategy": "recreate", "allowDowntime": True}
        await world.want(**{**new, "revision": 3}, rollout=rollout)
        await world.ready(revision=3)
        assert before not in world.all(POD)


async def want_in_a_newer_version(world: World, **more):
    """Upgrade the definition and apply the custom resource, as a later version's sync loop does."""
    definition = crd()
    schema = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    fields = schema["properties"]["spec"]["properties"]["endpoint"]["properties"]
    fields["warp"] = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    await world.person.apply(CUSTOM_RESOURCE_DEFINITION, definition, manager="kubectl")
    made = a_custom_resource(**more)
    made["spec"]["endpoint"]["warp"] = {"factor": 9}
    made["metadata"]["annotations"][SPEC_HASH_ANNOTATION] = digest(made["spec"])
    await world.person.apply(INFERENCE_ENDPOINT, made, manager=SYNC_MANAGER)


async def test_what_a_newer_version_wrote_is_left_as_it_stands_and_said_to_be_not_understood(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        writes = world.monitor.requests["apply", DEPLOYMENT.name]

        await want_in_a_newer_version(world, revision=2, image="vllm/vllm-openai:v2")
        await until(lambda: said(world).get("reason") == "NotUnderstood")
        await world.quiet()

        assert "upgrade the monitor" in said(world)["message"]
        assert said(world)["observedRevision"] == 2
        assert world.monitor.requests["apply", DEPLOYMENT.name] == writes
        assert world.all(INGRESS)
        assert world.all(CONTROLLER_REVISION)

        await world.want(revision=3)
        await world.ready(revision=3)


async def test_a_source_that_a_person_wrote_by_hand_and_nobody_can_read_stops_no_loop(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        edit = [{"op": "add", "path": "/spec/endpoint/model", "value": {"uri": "s3://b/m"}}]
        await world.person.patch(INFERENCE_ENDPOINT, NS, WEB, edit, manager="kubectl-edit")
        await world.quiet()
        assert world.all(INGRESS)

        await world.want("web-2")
        await world.ready("web-2")


async def test_what_is_not_understood_can_be_deleted_by_hand_and_its_objects_stay(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        await want_in_a_newer_version(world, revision=2)
        await until(lambda: said(world).get("reason") == "NotUnderstood")

        await world.person.delete(INFERENCE_ENDPOINT, NS, WEB)
        await until(lambda: world.find(INFERENCE_ENDPOINT, WEB) is None)
        assert world.all(DEPLOYMENT)


def said(world: World):
    """The custom resource's status as it stands there, readable or not."""
    return (world.find(INFERENCE_ENDPOINT, WEB) or {}).get("status", {})
