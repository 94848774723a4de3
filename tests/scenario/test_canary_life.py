"""A canary's life in one region: tried, weighted, changed, ended, promoted; and what may go wrong."""

import asyncio

import pytest

from gco.core.model.endpoint import TargetState
from gco.core.model.names import nginx_canary_ingress_name
from gco.core.model.status import ConditionType, RegionState
from gco.core.region.canary import SETTLE
from gco.errors import TransientError
from gco.kinds.registry import DEPLOYMENT, INGRESS, POD, SERVICE
from tests.builders import WEB
from tests.kubelet import Fate
from tests.scenario.canary_world import (
    CANARY,
    CANARY_KINDS,
    NEW,
    OLD,
    OTHER,
    canary_objects,
    pods,
    weight,
)
from tests.scenario.region_world import NS, ROUTE, World
from tests.scenario.test_endpoint_rollout import fewest, region
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)


async def test_its_pods_are_ready_before_it_has_its_share(clock):
    world = World(clock)
    await world.install()
    world.kubelet.image(NEW, Fate.NEVER_READY)
    async with background(*world.loops()):
        await world.want(image=OLD)
        await world.ready()
        await world.want(image=OLD, revision=2, canary={"image": NEW, "weight": 20})
        await until(lambda: world.all(DEPLOYMENT).get(CANARY) is not None)
        await asyncio.sleep(60)

        assert weight(world) == 0
        assert world.reason(ConditionType.CANARY_READY) == "StillLoading"
        assert world.is_ready()

        world.kubelet.image(NEW, Fate.READY)
        await until(lambda: weight(world) == 20)
        await until(lambda: world.reason(ConditionType.CANARY_READY) == "CanaryServing")
        report = world.status().canary
        assert (report.ready, report.desired, report.weight) == (1, 1, 20)
        assert world.status().state is RegionState.RUNNING
        assert len(pods(world, WEB, image=OLD)) == 1


async def test_its_objects_select_its_own_pods_and_none_of_the_endpoints(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(image=OLD, canary={"image": NEW, "replicas": 2})
        await until(lambda: weight(world) == 10)

        for kind in (DEPLOYMENT, SERVICE):
            own, its = world.find(kind, WEB), world.find(kind, CANARY)
            assert own["metadata"]["labels"]["app"] == WEB
            assert its["metadata"]["labels"]["app"] == CANARY
        assert world.find(SERVICE, WEB)["spec"]["selector"] == {"app": WEB}
        assert world.find(SERVICE, CANARY)["spec"]["selector"] == {"app": CANARY}
        assert world.find(INGRESS, ROUTE)["metadata"]["labels"]["gco.io/canary"] == "true"
        assert (len(pods(world, WEB)), len(pods(world, CANARY))) == (1, 2)


async def test_no_route_leads_to_it_before_its_service_exists(clock):
    """Invariant: a route that GCO writes leads to a Service that exists, however writes fail."""

    def refuse(kind, manifest):
        if kind == SERVICE and manifest["metadata"]["name"] == CANARY:
            raise TransientError("failed calling webhook: connection refused")

    world = World(clock)
    await world.install()
    its_route = nginx_canary_ingress_name(WEB)
    async with background(*world.loops()):
        await world.want(image=OLD, route={"backend": "nginx"})
        await world.ready()
        admit = world.server.admit(refuse)
        canary = {"image": NEW, "weight": 20}
        await world.want(image=OLD, route={"backend": "nginx"}, revision=2, canary=canary)
        await until(lambda: len(pods(world, CANARY)) == 1)
        await world.quiet(20)
        assert its_route not in world.all(INGRESS)

        admit()
        await until(lambda: its_route in world.all(INGRESS), within=120)
        assert CANARY in world.all(SERVICE)
        await until(lambda: world.reason(ConditionType.CANARY_READY) == "CanaryServing")


async def test_it_is_told_the_endpoints_own_path(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(image=OLD, canary={"image": NEW})
        await until(lambda: weight(world) == 10)

        both = [world.find(DEPLOYMENT, name)["spec"]["template"]["spec"] for name in (WEB, CANARY)]
        own, its = (template["containers"][0]["args"] for template in both)
        assert own == its
        assert f"/inference/{WEB}" in " ".join(its)


async def test_a_new_share_restarts_nothing(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(image=OLD, canary={"image": NEW})
        await until(lambda: weight(world) == 10)
        before = {pod["metadata"]["uid"] for pod in world.all(POD).values()}
        await world.want(image=OLD, revision=2, canary={"image": NEW, "weight": 50})
        await until(lambda: weight(world) == 50)
        await world.quiet()

        assert {pod["metadata"]["uid"] for pod in world.all(POD).values()} == before


async def test_at_rest_a_canary_costs_no_request(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(image=OLD, canary={"image": NEW})
        await until(lambda: weight(world) == 10)
        await world.quiet(20)
        before = world.monitor.requests.copy()
        await asyncio.sleep(1800)

        made = world.monitor.requests - before
        assert {verb for verb, _ in made} <= {"watch"}


async def test_without_ready_pods_its_share_goes_back_to_zero_and_the_cause_is_told(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(image=OLD, canary={"image": NEW})
        await until(lambda: weight(world) == 10)
        world.kubelet.image(NEW, Fate.CRASH)
        await until(lambda: weight(world) == 0)
        await until(lambda: world.reason(ConditionType.CANARY_READY) == "CrashLooping")

        assert world.is_ready()
        assert world.find(INGRESS, ROUTE) is not None
        world.kubelet.image(NEW, Fate.READY)
        await until(lambda: weight(world) == 10)


async def test_another_image_gives_up_the_share_first_and_earns_it_anew(clock):
    world = World(clock)
    await world.install(gpus=2)
    world.kubelet.image(OTHER, Fate.NEVER_READY)
    async with background(*world.loops()):
        await world.want(image=OLD, canary={"image": NEW})
        await until(lambda: weight(world) == 10)
        await world.want(image=OLD, revision=2, canary={"image": OTHER})
        await until(lambda: weight(world) == 0)
        assert len(pods(world, CANARY, image=NEW)) == 1
        await until(lambda: not pods(world, CANARY, image=NEW))
        await asyncio.sleep(30)
        assert weight(world) == 0

        world.kubelet.image(OTHER, Fate.READY)
        await until(lambda: weight(world) == 10)
        assert len(pods(world, CANARY, image=OTHER)) == 1


async def restart(world, name):
    """Restart a Deployment's pods as `kubectl rollout restart` does."""
    path = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt"
    edit = [{"op": "add", "path": path, "value": "2026-01-01T00:00:00Z"}]
    await world.person.patch(DEPLOYMENT, NS, name, edit, manager="kubectl-rollout")


@pytest.mark.parametrize("replicas", [1, 2])
@pytest.mark.parametrize("spare", [0, 1], ids=["full", "room-for-one"])
async def test_restarted_by_hand_its_last_ready_pod_stays_while_it_has_a_share(
    clock, replicas, spare
):
    """With several pods, or with room for one more, the restart ends."""
    async with region(clock, gpus=1 + replicas + spare) as world:
        await world.want(image=OLD, canary={"image": NEW, "replicas": replicas})
        await until(lambda: weight(world) == 10)
        await world.quiet()
        before = set(pods(world, CANARY))
        world.kubelet.ready_after = 60.0
        async with fewest(world, CANARY) as seen:
            await restart(world, CANARY)
            if replicas + spare > 1:
                await until(lambda: len(set(pods(world, CANARY)) - before) == replicas, within=600)
            await asyncio.sleep(120)
        assert (min(seen), weight(world)) == (1, 10)


async def test_a_new_version_reaches_it_where_only_some_of_its_pods_have_room(clock):
    async with region(clock, gpus=3) as world:
        await world.want(image=OLD, canary={"image": NEW, "replicas": 3})
        await until(lambda: len(pods(world, CANARY, image=NEW)) == 2)
        await world.want(image=OLD, revision=2, canary={"image": OTHER, "replicas": 3})
        await until(lambda: len(pods(world, CANARY, image=OTHER)) == 2)


async def test_an_abort_routes_plainly_in_one_step_and_only_then_takes_the_pods(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(image=OLD, canary={"image": NEW})
        await until(lambda: weight(world) == 10)
        await world.quiet()
        route = world.find(INGRESS, ROUTE)["metadata"]["uid"]
        await world.want(image=OLD, revision=2)
        await until(lambda: weight(world) == 0)
        assert len(pods(world, CANARY)) == 1
        await asyncio.sleep(SETTLE.total_seconds() / 2)
        assert len(pods(world, CANARY)) == 1

        await until(lambda: not canary_objects(world))
        await until(lambda: world.status().condition(ConditionType.CANARY_READY) is None)
        assert world.find(INGRESS, ROUTE)["metadata"]["uid"] == route
        assert len(pods(world, WEB, image=OLD)) == 1


async def test_stop_stops_it_too_and_start_brings_both_back(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(image=OLD, canary={"image": NEW})
        await until(lambda: weight(world) == 10)
        await world.want(image=OLD, revision=2, state=TargetState.STOPPED, canary={"image": NEW})
        await until(lambda: not world.all(POD), within=300)
        await until(lambda: world.status().state is RegionState.STOPPED, within=300)
        await world.quiet()

        await world.want(image=OLD, revision=3, canary={"image": NEW})
        await until(lambda: weight(world) == 10, within=300)
        assert (len(pods(world, WEB)), len(pods(world, CANARY))) == (1, 1)


async def test_delete_removes_it_and_says_so_when_all_is_gone(clock):
    world = World(clock)
    await world.install()
    world.kubelet.gone_after = 20
    async with background(*world.loops()):
        await world.want(image=OLD, canary={"image": NEW})
        await until(lambda: weight(world) == 10)
        await world.want(image=OLD, revision=2, state=TargetState.DELETED, canary={"image": NEW})
        await until(lambda: world.find(INGRESS, ROUTE) is None)
        assert world.status().state is RegionState.DELETING
        await until(lambda: world.status().state is RegionState.DELETED, within=600)

        left = [world.all(kind) for kind in CANARY_KINDS]
        assert not any(left)


@pytest.mark.parametrize("kind", [DEPLOYMENT, SERVICE], ids=lambda kind: kind.name)
async def test_a_name_that_someone_else_has_is_a_condition_and_takes_no_requests(clock, kind):
    world = World(clock)
    await world.install()
    foreign = {
        DEPLOYMENT: {
            "selector": {"matchLabels": {"app": "theirs"}},
            "template": {
                "metadata": {"labels": {"app": "theirs"}},
                "spec": {"containers": [{"name": "c", "image": "theirs:1"}]},
            },
        },
        SERVICE: {"ports": [{"port": 80}], "selector": {"app": "theirs"}},
    }
    async with background(*world.loops()):
        await world.want(image=OLD)
        await world.ready()
        made = await world.person.create(
            kind,
            {
                "apiVersion": kind.api_version,
                "kind": kind.name,
                "metadata": {"name": CANARY, "namespace": NS},
                "spec": foreign[kind],
            },
        )
        await world.want(image=OLD, revision=2, canary={"image": NEW})
        await until(lambda: world.reason(ConditionType.CANARY_READY) == "NameTaken")
        await world.quiet()
        assert weight(world) == 0
        assert world.is_ready(revision=2)
        assert world.status().condition(ConditionType.STALLED).status == "True"

        await world.want(image=OLD, revision=3, state=TargetState.DELETED)
        await until(lambda: world.status().state is RegionState.DELETED, within=600)
        assert world.find(kind, CANARY)["metadata"]["uid"] == made["metadata"]["uid"]


async def test_promoted_it_serves_until_the_endpoints_own_pods_run_its_version(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(image=OLD, replicas=2, canary={"image": NEW, "weight": 30})
        await until(lambda: weight(world) == 30)
        world.kubelet.ready_after = 60
        await world.want(image=NEW, replicas=2, revision=2, promotes={"image": NEW, "weight": 30})
        while len(pods(world, WEB, image=NEW)) != 2:
            assert pods(world, CANARY)
            assert weight(world) == 30
            assert pods(world, WEB)
            await asyncio.sleep(1)

        await until(lambda: weight(world) == 0)
        await until(lambda: not canary_objects(world))
        await until(lambda: world.is_ready(revision=2))
        await until(lambda: world.status().canary is None)


@pytest.mark.parametrize("counted", [False, True], ids=["free-unknown", "free-known"])
async def test_promoted_without_a_free_accelerator_it_takes_every_request_to_make_room(
    clock, counted
):
    async with region(clock, gpus=2, counted=counted) as world:
        await world.want(image=OLD, canary={"image": NEW})
        await until(lambda: weight(world) == 10)
        world.kubelet.ready_after = 60
        await world.want(image=NEW, revision=2, promotes={"image": NEW})
        while not pods(world, WEB, image=NEW):
            assert pods(world, CANARY)
            assert pods(world, WEB, image=OLD) or weight(world) == 100
            await asyncio.sleep(0.5)

        await until(lambda: weight(world) == 0)
        await until(lambda: not canary_objects(world))
        assert len(pods(world, WEB, image=NEW)) == 1


@pytest.mark.parametrize("counted", [False, True], ids=["free-unknown", "free-known"])
async def test_promoted_where_several_replicas_fill_the_region_none_waits_for_ever(clock, counted):
    async with region(clock, gpus=4, counted=counted) as world:
        await world.want(image=OLD, replicas=3, canary={"image": NEW})
        await until(lambda: weight(world) == 10, within=120)
        await world.want(image=NEW, replicas=3, revision=2, promotes={"image": NEW})
        while len(pods(world, WEB, image=NEW)) < 3:
            assert pods(world, CANARY)
            assert pods(world, WEB)
            await asyncio.sleep(0.5)

        await until(lambda: not canary_objects(world))
        await until(lambda: world.is_ready(revision=2))


async def test_a_region_that_has_no_canary_takes_a_promotion_as_a_new_revision(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(image=OLD)
        await world.ready()
        await world.want(image=NEW, revision=2, promotes={"image": NEW})
        await until(lambda: len(pods(world, WEB, image=NEW)) == 1)
        await world.quiet()

        assert not canary_objects(world)
        assert world.is_ready(revision=2)


async def test_a_rollback_of_a_promotion_brings_the_canary_back_as_it_was(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(image=OLD, canary={"image": NEW})
        await until(lambda: weight(world) == 10)
        uids = {world.all(POD)[name]["metadata"]["uid"] for name in pods(world, CANARY)}
        world.kubelet.ready_after = 60
        await world.want(image=NEW, revision=2, promotes={"image": NEW})
        await asyncio.sleep(10)
        await world.want(image=OLD, revision=3, canary={"image": NEW})
        await until(lambda: world.is_ready(revision=3))

        assert weight(world) == 10
        assert {world.all(POD)[name]["metadata"]["uid"] for name in pods(world, CANARY)} == uids
        assert len(pods(world, WEB, image=OLD)) == 1


async def test_a_promoted_canary_that_has_every_request_keeps_the_route_from_its_watchdog(clock):
    world = World(clock)
    await world.install(gpus=2)
    async with background(*world.loops()):
        await world.want(image=OLD, canary={"image": NEW})
        await until(lambda: weight(world) == 10)
        world.kubelet.image(OLD, Fate.CRASH)
        world.kubelet.ready_after = 3600
        await world.want(image=NEW, revision=2, promotes={"image": NEW})
        await until(lambda: weight(world) == 100)
        route = world.find(INGRESS, ROUTE)["metadata"]["uid"]
        await asyncio.sleep(3000)

        assert world.find(INGRESS, ROUTE)["metadata"]["uid"] == route
        assert weight(world) == 100
        await until(lambda: not canary_objects(world), within=1200)
        assert world.find(INGRESS, ROUTE)["metadata"]["uid"] == route
