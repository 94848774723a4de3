"""An endpoint's life in one region: made, changed, scaled, stopped, started, deleted."""

import asyncio

import pytest

from gco.cluster.port import LogLine
from gco.core.model.endpoint import TargetState
from gco.core.model.names import SYNC_MANAGER
from gco.core.model.status import ConditionType, RegionState
from gco.errors import RejectedError
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
from tests.kubelet import Fate, add_node
from tests.scenario.death import Death, lives
from tests.scenario.region_world import GPU_NODE, NS, ROUTE, World, names
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

CHILDREN = (INGRESS, SERVICE, DEPLOYMENT, POD_DISRUPTION_BUDGET, CONTROLLER_REVISION)
OPENING = ("list", "watch")


def made_requests(world: World) -> int:
    """The loop's requests but for those that fill its caches."""
    return sum(n for (verb, _), n in world.monitor.requests.items() if verb not in OPENING)


def uids(world: World) -> set[str]:
    return {m["metadata"]["uid"] for kind in (*CHILDREN, POD) for m in world.all(kind).values()}


def nothing_left(world: World) -> bool:
    return not any(world.all(kind) for kind in (*CHILDREN, POD))


async def test_from_nothing_to_ready_costs_at_most_three_requests_more_than_objects(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        await world.quiet()

        objects = sum(len(world.all(kind)) for kind in CHILDREN)
        assert objects == 5
        assert made_requests(world) <= objects + 3
        status = world.status()
        assert (status.state, status.ready, status.reason) == (RegionState.RUNNING, "1/1", "Ready")


async def test_at_rest_nothing_is_requested_and_a_no_op_apply_costs_nothing(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        await world.quiet()
        requests = world.monitor.requests.copy()

        await world.want()
        await world.person.patch(
            INFERENCE_ENDPOINT,
            NS,
            WEB,
            [{"op": "add", "path": "/metadata/labels/seen", "value": "yes"}],
            manager="kubectl",
        )
        await asyncio.sleep(3600)

        made = world.monitor.requests - requests
        assert {verb for verb, _ in made} <= {"watch"}  # the server ends each watch after a while


async def test_a_restarted_loop_writes_nothing(clock):
    world = World(clock)
    await world.install()
    async with background(*world.others()):
        async with background(world.controller().run()):
            await world.want()
            await world.ready()
            await world.quiet()
        before = world.monitor.writes
        async with background(world.controller().run()):
            await world.quiet(60)
            assert world.monitor.writes == before


async def test_a_standby_keeps_its_caches_warm_and_writes_nothing(clock):
    world = World(clock)
    await world.install()
    standby = world.controller()
    async with background(*world.others(), standby.watch()):
        await world.want()
        await world.quiet(60)
        assert world.monitor.writes == 0

        async with background(standby.lead()):
            await world.ready()


async def test_with_the_cache_five_seconds_late_nothing_is_made_twice(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want("first")
        await world.ready("first")
        world.monitor.faults.watch_delay = 5.0
        await world.want()
        await world.ready()
        await world.quiet(20)

        assert world.monitor.requests["apply", SERVICE.name] == 2
        assert world.monitor.requests["apply", DEPLOYMENT.name] == 2
        assert world.reason(ConditionType.DRIFTED) == "InSync"


CHANGES = [
    pytest.param({"image": "vllm/vllm-openai:v2"}, True, id="image"),
    pytest.param({"args": ["--max-model-len=8"]}, True, id="args"),
    pytest.param({"command": ["serve"]}, True, id="command"),
    pytest.param({"env": [{"name": "A", "value": "b"}]}, True, id="env"),
    pytest.param({"port": 9000}, True, id="port"),
    pytest.param({"probes": {"readyPath": "/ok"}}, True, id="probes"),
    pytest.param({"resources": {"limits": {"memory": "32Gi"}}}, True, id="resources"),
    pytest.param({"scheduling": {"nodeSelector": {}}}, True, id="scheduling"),
    pytest.param({"labels": {"team": "ml"}}, True, id="labels"),
    pytest.param({"replicas": 3}, False, id="replicas"),
    pytest.param({"route": {"path": "/elsewhere"}}, False, id="route"),
    pytest.param({"rollout": {"strategy": "surge"}}, False, id="rollout"),
]


@pytest.mark.parametrize(("change", "restarts"), CHANGES)
async def test_a_changed_field_reaches_what_runs_and_only_pod_fields_restart_pods(
    clock, change, restarts
):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        before = set(world.all(POD))

        await world.want(revision=2, **change)
        await world.ready(revision=2)
        await until(lambda: len(world.all(POD)) == change.get("replicas", 1))

        assert (before <= set(world.all(POD))) is not restarts
        assert len(world.all(CONTROLLER_REVISION)) == 1 + restarts
        assert world.reason(ConditionType.DRIFTED) == "InSync"


async def test_going_back_to_an_earlier_template_uses_the_frozen_one(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        template = world.find(DEPLOYMENT, WEB)["spec"]["template"]
        await world.want(revision=2, image="vllm/vllm-openai:v2")
        await world.ready(revision=2)
        await world.want(revision=3)
        await world.ready(revision=3)

        assert world.find(DEPLOYMENT, WEB)["spec"]["template"] == template
        assert world.monitor.requests["apply", CONTROLLER_REVISION.name] == 2


@pytest.mark.parametrize(
    ("going", "reason", "state"),
    [
        pytest.param({"state": TargetState.STOPPED}, "Stopped", "stopped", id="stop"),
        pytest.param({"replicas": 0}, "ScaledToZero", "running", id="scale-to-zero"),
    ],
)
async def test_stop_and_start_again(clock, going, reason, state):
    world = World(clock)
    await world.install()
    world.kubelet.gone_after = 20.0
    async with background(*world.loops()):
        await world.want()
        await world.ready()

        world.monitor.faults.latency = 0.05
        await world.want(revision=2, **going)
        await until(lambda: not world.find(INGRESS, ROUTE))
        assert all("deletionTimestamp" not in pod["metadata"] for pod in world.all(POD).values())
        await until(lambda: world.find(DEPLOYMENT, WEB)["spec"]["replicas"] == 0)
        assert not world.is_ready()
        await world.ready(revision=2)
        assert not world.all(POD)
        assert (world.reason(), world.status().state) == (reason, state)
        assert world.find(SERVICE, WEB)

        await world.want(revision=3)
        await world.ready(revision=3)
        assert world.find(INGRESS, ROUTE)
        assert world.monitor.requests["apply", CONTROLLER_REVISION.name] == 1


async def test_deletion_takes_the_route_then_the_pods_then_the_rest_and_reports_at_the_end(clock):
    world = World(clock)
    await world.install()
    world.kubelet.gone_after = 20.0
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        world.monitor.faults.latency = 0.05
        await world.want(revision=2, state=TargetState.DELETED)

        await until(lambda: not world.find(INGRESS, ROUTE))
        assert world.find(DEPLOYMENT, WEB)
        assert all("deletionTimestamp" not in pod["metadata"] for pod in world.all(POD).values())
        await until(lambda: not world.find(DEPLOYMENT, WEB))
        assert world.find(SERVICE, WEB)
        assert world.all(POD)
        assert world.status().state is RegionState.DELETING
        await until(lambda: world.status().state is RegionState.DELETED)
        assert nothing_left(world)

        await world.drop()
        await until(lambda: world.find(INFERENCE_ENDPOINT, WEB) is None)


async def test_deletion_is_not_held_up_for_ever_by_a_route_or_a_pod_that_stays(clock):
    world = World(clock)
    await world.install()
    world.kubelet.gone_after = 400.0
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        held = [{"op": "add", "path": "/metadata/finalizers", "value": ["example.com/lb"]}]
        await world.person.patch(INGRESS, NS, ROUTE, held, manager="lb")

        await world.want(revision=2, state=TargetState.DELETED)
        await until(lambda: not world.find(DEPLOYMENT, WEB), within=90)
        await until(lambda: not world.find(SERVICE, WEB), within=300)
        assert world.status().state is RegionState.DELETING

        freed = [{"op": "remove", "path": "/metadata/finalizers"}]
        await world.person.patch(INGRESS, NS, ROUTE, freed, manager="lb")
        await until(lambda: world.status().state is RegionState.DELETED, within=900)


async def test_a_delete_before_anything_was_made_ends_at_once(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(state=TargetState.DELETED)
        await until(lambda: world.status() and world.status().state is RegionState.DELETED)
        assert not any(world.all(kind) for kind in CHILDREN)


@pytest.mark.parametrize("propagation", ["Background", "Foreground"])
async def test_a_custom_resource_deleted_by_hand_is_adopted_when_it_is_made_again(
    clock, propagation
):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        before = uids(world)

        await world.person.delete(INFERENCE_ENDPOINT, NS, WEB, propagation=propagation)
        await until(lambda: world.find(INFERENCE_ENDPOINT, WEB) is None)
        await world.quiet()
        again = a_custom_resource()
        again["metadata"]["annotations"]["gco.io/recreated-at"] = "2026-01-01T00:01:00Z"
        await world.person.apply(INFERENCE_ENDPOINT, again, manager=SYNC_MANAGER)
        await world.ready()

        assert uids(world) == before
        assert world.reason(ConditionType.DRIFTED) == "DeletedOutsideGCO"


async def test_with_the_crd_deleted_everything_goes_on_serving_and_is_taken_up_again(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        before = uids(world)

        name = f"{INFERENCE_ENDPOINT.plural}.{INFERENCE_ENDPOINT.group}"
        await world.person.delete(CUSTOM_RESOURCE_DEFINITION, None, name)
        await asyncio.sleep(60)
        await world.define()
        await asyncio.sleep(10)
        await world.want()
        await world.ready()

        assert uids(world) == before


async def test_a_custom_resource_edited_by_hand_is_not_acted_on(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        before = world.monitor.writes

        edits = [{"op": "replace", "path": "/spec/state", "value": "deleted"}]
        await world.person.patch(INFERENCE_ENDPOINT, NS, WEB, edits, manager="kubectl-edit")
        await world.quiet()

        assert world.monitor.writes == before
        assert all(world.all(kind) for kind in CHILDREN)


async def test_a_lower_revision_is_refused_and_told(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(revision=5, image="vllm/vllm-openai:v5")
        await world.ready(revision=5)
        await world.want(revision=4, image="vllm/vllm-openai:v4")
        await until(lambda: world.reason(ConditionType.STALLED) == "RevisionOutdated")

        container = world.find(DEPLOYMENT, WEB)["spec"]["template"]["spec"]["containers"][0]
        assert container["image"] == "vllm/vllm-openai:v5"
        assert world.is_ready(revision=5)


async def test_a_revision_that_somebody_wrote_into_the_status_holds_nothing_back(clock):
    """Invariant: only what GCO observed makes a revision outdated, and every hand edit is undone."""
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want(revision=1, image="vllm/vllm-openai:v1")
        await world.ready(revision=1)
        edit = [{"op": "replace", "path": "/status/observedRevision", "value": 99}]
        await world.person.patch(
            INFERENCE_ENDPOINT, NS, WEB, edit, manager="kubectl-edit", subresource="status"
        )
        await until(lambda: world.status().observed_revision == 1)

        await world.want(revision=2, image="vllm/vllm-openai:v2")
        await world.ready(revision=2)
        container = world.find(DEPLOYMENT, WEB)["spec"]["template"]["spec"]["containers"][0]
        assert container["image"] == "vllm/vllm-openai:v2"


async def test_too_few_accelerators_are_told_with_numbers_and_end_by_themselves(clock):
    world = World(clock)
    await world.install(gpus=1)
    async with background(*world.loops()):
        await world.want(replicas=2)
        await until(lambda: world.reason() == "WaitingForGPU")
        assert "1 × nvidia.com/gpu requested" in world.status().message  # noqa: RUF001

        await add_node(world.person, "n2", gpus=1, labels=GPU_NODE)
        await world.ready()


@pytest.mark.parametrize(
    ("fate", "reason"),
    [
        (Fate.IMAGE_PULL, "ImagePullFailed"),
        (Fate.CRASH, "CrashLooping"),
        (Fate.OUT_OF_MEMORY, "OutOfMemory"),
        (Fate.NEVER_READY, "StillLoading"),
    ],
)
async def test_a_bad_update_reads_as_what_it_is_though_old_pods_are_ready(clock, fate, reason):
    world = World(clock)
    await world.install()
    world.kubelet.image("bad:1", fate)
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        await world.want(revision=2, image="bad:1")
        await until(lambda: world.reason() == reason)

        assert world.status().state is RegionState.UPDATING
        assert world.status().replicas_ready == 0
        assert world.find(INGRESS, ROUTE)
        await world.quiet(30)

        await world.want(revision=3)
        await world.ready(revision=3)


async def test_a_crash_is_told_with_its_last_words_which_are_read_once(clock):
    world = World(clock)
    await world.install()

    async def lines(_namespace, _pod, wanted):
        assert wanted.previous
        for text in (f"{wanted.container}: loading", "KeyError: 'rope_scaling'"):
            yield LogLine("2026-01-01T00:00:00.000000000Z", text)

    world.server.log_streamer = lines
    world.kubelet.image("bad:1", Fate.CRASH)
    async with background(*world.loops()):
        await world.want(image="bad:1")
        await until(lambda: world.reason() == "CrashLooping")
        await world.quiet(60)

        assert "KeyError: 'rope_scaling'" in world.status().message
        assert world.status().state is RegionState.ERROR
        assert world.monitor.requests["logs", POD.name] == 1
        assert not world.find(INGRESS, ROUTE)


@pytest.mark.parametrize(
    ("log", "asked"),
    [
        pytest.param(["x" * 10_000_000, "KeyError: 'a'"], [20, 3], id="a-line-of-megabytes-before"),
        pytest.param(["50 %\r" * 3_000_000], [20, 3], id="one-progress-bar-and-nothing-else"),
    ],
)
async def test_of_a_crash_log_a_bounded_part_is_read_and_kept(clock, log, asked):
    """Invariant: what others write costs a bounded number of bytes for each endpoint."""
    world = World(clock)
    await world.install()
    wanted = []

    async def lines(_namespace, _pod, options):
        wanted.append((options.lines, options.max_bytes))
        for text in [*log, *["again"] * 3][-options.lines :]:
            yield LogLine("2026-01-01T00:00:00.000000000Z", text)

    world.server.log_streamer = lines
    world.kubelet.image("bad:1", Fate.CRASH)
    async with background(*world.loops()):
        await world.want(image="bad:1")
        await until(lambda: world.reason() == "CrashLooping")
        await world.quiet(60)

    assert wanted == [(lines, 65_536) for lines in asked]
    assert "last words: again | again | again" in world.status().message


@pytest.mark.parametrize("left_by", ["the log", "a termination message"])
async def test_what_a_crashed_container_says_of_its_secrets_is_kept_nowhere(clock, left_by):
    """Invariant: text of others loses its secrets before it reaches a status or an Event."""
    secrets = ("hunter2hunter2", "hf_" + "a" * 34, "p4ssw0rd")
    key, token, password = secrets
    said = [
        f"args: {'x' * 180} {{'api_key': ['{key}']}}",  # what is quoted ends within the key
        f"GET https://user:{password}@hub/a 401: {token}",
        f"RuntimeError: HF_TOKEN={key} is of no use",
    ]
    world = World(clock)
    await world.install()

    async def lines(_namespace, _pod, _options):
        for text in said if left_by == "the log" else ():
            yield LogLine("2026-01-01T00:00:00.000000000Z", text)

    world.server.log_streamer = lines
    world.kubelet.image("bad:1", Fate.CRASH)
    if left_by != "the log":
        world.kubelet.last_words = "\n".join(said)
    async with background(*world.loops()):
        await world.want(image="bad:1")
        await until(lambda: world.reason() == "CrashLooping")
        await world.quiet(60)

    kept = repr((world.all(INFERENCE_ENDPOINT), world.events()))
    assert "RuntimeError: HF_TOKEN=[redacted] is of no use" in kept
    assert [secret for secret in secrets if secret[:8] in kept] == []


async def test_a_name_that_someone_else_has_is_a_condition_and_never_overwritten(clock):
    world = World(clock)
    await world.install()
    theirs = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": WEB, "namespace": NS},
        "spec": {"selector": {"app": "theirs"}, "ports": [{"port": 1234}]},
    }
    before = await world.person.create(SERVICE, theirs)
    async with background(*world.loops()):
        await world.want()
        await until(lambda: world.reason() == "NameTaken")
        await world.quiet()
        assert world.find(SERVICE, WEB)["spec"] == before["spec"]
        assert world.status().state is RegionState.ERROR

        await world.person.delete(SERVICE, NS, WEB)
        await world.ready()


async def test_what_is_refused_is_told_retried_seldom_and_made_later(clock):
    world = World(clock)
    await world.install()
    world.monitor.faults.fail(
        "apply", SERVICE, times=3, error=lambda: RejectedError("spec.ports: Invalid value")
    )
    async with background(*world.loops()):
        await world.want()
        await until(lambda: world.reason() == "Rejected")
        assert world.find(DEPLOYMENT, WEB)
        assert world.monitor.requests["apply", SERVICE.name] == 1

        await world.ready()
        assert world.monitor.requests["apply", SERVICE.name] == 4
        assert asyncio.get_running_loop().time() > 90


async def test_one_broken_endpoint_delays_no_other(clock):
    world = World(clock)
    await world.install()

    def refuse(kind, manifest):
        if kind == DEPLOYMENT and manifest["metadata"]["name"] == "broken":
            raise RejectedError("denied the request")

    world.server.admit(refuse)
    async with background(*world.loops(workers=1)):
        await world.want("broken")
        await until(lambda: world.reason(name="broken") == "Rejected")
        began = asyncio.get_running_loop().time()
        await world.want()
        await world.ready()

        assert asyncio.get_running_loop().time() - began < 2
        assert "denied the request" in world.status("broken").message


async def test_an_endpoint_never_touches_one_whose_name_it_begins(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want("foo")
        await world.want("foo-bar", uid="uid-other")
        await world.ready("foo")
        await world.ready("foo-bar")
        await world.want("foo", revision=2, state=TargetState.DELETED)
        await until(lambda: world.status("foo").state is RegionState.DELETED)
        await world.quiet()

        assert world.is_ready("foo-bar")
        assert [n for kind in CHILDREN for n in world.all(kind) if "foo-bar" not in n] == []


async def test_an_outage_of_the_api_loses_nothing(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        with world.monitor.faults.unreachable():
            await world.want(revision=2, replicas=2)
            await world.person.delete(SERVICE, NS, WEB)
            await asyncio.sleep(120)
        await world.ready(revision=2)
        await until(lambda: world.find(SERVICE, WEB))


async def test_events_tell_what_was_done_and_are_not_repeated(clock):
    world = World(clock)
    await world.install()
    async with background(*world.loops()):
        await world.want()
        await world.ready()
        await world.want(revision=2, replicas=2)
        await world.ready(revision=2)
        await world.want(revision=3, state=TargetState.DELETED)
        await until(lambda: world.status().state is RegionState.DELETED)
        await world.quiet()

        told = names(world.events())
        assert told[0] == "Created"
        assert told[1] == "Updated"
        assert set(told[2:]) == {"Deleted"}
        assert len(set(world.events())) == len(world.events())


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
async def test_killed_at_any_request_the_end_is_the_same(clock, after):
    """Create, update and delete, with the process killed at the n-th request and begun anew."""
    expected = await life(clock, None)
    survived, number = False, 0
    while not survived:
        number += 1
        dying = Death(number, after=after)
        assert await life(clock, dying) == expected, (
            f"killed {'after' if after else 'before'} request {number}"
        )
        survived = not dying.happened.is_set()
    assert number > 10


async def life(clock, death: Death | None):
    """Return what existed after the creation and after the update of an endpoint that then goes."""
    world = World(clock)
    await world.install()
    async with background(*world.others(), lives(world, death)):
        await world.want()
        await world.ready()
        created = _shape(world)
        await world.want(revision=2, image="vllm/vllm-openai:v2", replicas=2)
        await world.ready(revision=2)
        await until(lambda: len(world.all(POD)) == 2)
        updated = _shape(world)
        await world.want(revision=3, state=TargetState.DELETED)
        await until(lambda: world.status().state is RegionState.DELETED, within=300)
        assert nothing_left(world)
        await world.drop()
        await until(lambda: world.find(INFERENCE_ENDPOINT, WEB) is None)
        return created, updated


def _shape(world: World):
    return {
        kind.name: {n: m.get("spec", m.get("data")) for n, m in world.all(kind).items()}
        for kind in (INGRESS, DEPLOYMENT, POD_DISRUPTION_BUDGET, CONTROLLER_REVISION)
    } | {SERVICE.name: sorted(world.all(SERVICE))}
