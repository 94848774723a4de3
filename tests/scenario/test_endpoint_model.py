"""An endpoint with a model: copied once, waited for, told of, changed, shared and let go."""

import asyncio

import pytest

from gco.core.model.endpoint import TargetState
from gco.core.model.status import ConditionType, RegionState
from gco.core.region.render.model_job import model_job as rendered_job
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    INFERENCE_ENDPOINT,
    INGRESS,
    JOB,
    POD,
)
from tests.builders import WEB, a_regional
from tests.scenario.copier import (
    DIRECTORY,
    HEX,
    IMAGE,
    MODEL,
    Copier,
    a_failure,
    a_progress,
    an_outcome,
    jobs,
    mounts,
)
from tests.scenario.region_world import NS, World
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)

READY, MODEL_READY = ConditionType.READY, ConditionType.MODEL_READY


async def a_world(clock):
    world = World(clock)
    await world.install()
    return world, Copier(world)


def loops(world, copier, **told):
    return [*world.loops(**{"image": IMAGE, **told}), copier.run()]


def message(world, kind=READY, name=WEB):
    return world.status(name).condition(kind).message


async def test_the_workload_waits_for_its_model_and_mounts_it_read_only(clock):
    world, copier = await a_world(clock)
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        pod = await copier.running()
        await until(lambda: world.reason(MODEL_READY) == "ModelDownloading", within=10)
        assert world.find(DEPLOYMENT, WEB) is None
        assert world.reason() == "ModelDownloading"
        assert world.status().state is RegionState.CREATING

        await copier.end(pod, 0, an_outcome())
        await world.ready()

        assert mounts(world) == {
            "name": "models",
            "mountPath": "/models/llama",
            "subPath": DIRECTORY,
            "readOnly": True,
        }
        assert message(world, MODEL_READY) == (
            f"s3://weights/llama is cached as llama/{HEX[:12]}, 15.0 GiB"
        )


async def test_progress_reaches_the_status_as_it_is_made_and_not_more_often_than_said(clock):
    world, copier = await a_world(clock)
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        pod = await copier.running()
        copier.say(pod, a_progress(2**30))
        told = "1.0 GiB of 15.0 GiB, 100.0 MiB/s, 2 min left"
        await until(lambda: message(world) == told, within=10)
        before = world.monitor.requests["apply", "InferenceEndpoint"]

        for second in range(100):
            copier.say(pod, a_progress(2**30 + second * 2**20))
            await asyncio.sleep(1)

        assert world.monitor.requests["apply", "InferenceEndpoint"] - before == 1
        assert world.monitor.requests["logs", "Pod"] == 1
        assert message(world).startswith("1.")


async def test_endpoints_that_share_a_model_report_each_step_of_its_copy_once(clock):
    """Invariant: a status is written when a fact changed that a person would act on."""
    world, copier = await a_world(clock)
    names = [f"chat-{n}" for n in range(10)]
    async with background(*loops(world, copier)):
        for name in names:
            await world.want(name, uid=f"uid-{name}", model=MODEL)
        pod = await copier.running()
        copier.say(pod, a_progress(0))
        await until(lambda: all("GiB" in message(world, READY, name) for name in names))
        before = world.monitor.requests["apply", "InferenceEndpoint"]

        for percent in range(0, 100, 2):  # 100 s, 15 GiB
            copier.say(pod, a_progress(15 * 2**30 * percent // 100))
            await asyncio.sleep(2)

        written = world.monitor.requests["apply", "InferenceEndpoint"] - before
        assert len(names) * 5 <= written <= len(names) * 20


async def by_hand(world, edits):
    await world.person.patch(INFERENCE_ENDPOINT, NS, WEB, edits, manager="kubectl-edit")


async def edit_the_model(world):
    path = "/spec/endpoint/model/uri"
    await by_hand(world, [{"op": "replace", "path": path, "value": "s3://weights/other"}])


async def edit_the_state(world):
    await by_hand(world, [{"op": "replace", "path": "/spec/state", "value": "deleted"}])


async def delete_slowly(world):
    path = "/metadata/finalizers"
    await by_hand(world, [{"op": "add", "path": path, "value": ["example.com/slow"]}])
    await world.person.delete(INFERENCE_ENDPOINT, NS, WEB)


async def delete_at_once(world):
    await by_hand(world, [{"op": "add", "path": "/metadata/finalizers", "value": []}])
    await world.person.delete(INFERENCE_ENDPOINT, NS, WEB)


@pytest.mark.parametrize("act", [edit_the_model, edit_the_state, delete_slowly, delete_at_once])
async def test_no_hand_edit_of_one_endpoint_ends_the_copy_that_it_waits_for(clock, act):
    """Invariant: a spec that a hand changed or deleted decides nothing, for its Job either."""
    world, copier = await a_world(clock)
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        await copier.running()
        (job,) = jobs(world)
        await act(world)
        await world.quiet()

        await world.want("chat", uid="uid-chat")
        await world.ready("chat")
        await world.want("chat", uid="uid-chat", revision=2, image="vllm:v2")
        await world.ready("chat", revision=2)

        assert list(jobs(world)) == [job]
        assert not world.all(JOB)[job]["metadata"].get("deletionTimestamp")


async def test_at_rest_an_endpoint_with_a_model_costs_nothing(clock):
    world, copier = await a_world(clock)
    copier.finish = an_outcome()
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        await world.ready()
        await until(lambda: not jobs(world), within=700)
        await world.quiet()
        requests = world.monitor.requests.copy()
        said = message(world, MODEL_READY)

        await asyncio.sleep(7200)

        made = world.monitor.requests - requests
        assert {verb for verb, _ in made} <= {"list", "watch"}
        assert not jobs(world)
        assert world.is_ready()
        assert message(world, MODEL_READY) == said


async def test_endpoints_of_one_model_share_one_job_and_one_folder(clock):
    world, copier = await a_world(clock)
    async with background(*loops(world, copier)):
        for name in ("web", "chat", "code"):
            await world.want(name, uid=f"uid-{name}", model=MODEL)
        pod = await copier.running()
        await world.quiet()
        assert len(jobs(world)) == 1
        assert {world.reason(READY, n) for n in ("web", "chat", "code")} == {"ModelDownloading"}

        await copier.end(pod, 0, an_outcome())
        for name in ("web", "chat", "code"):
            await world.ready(name)

        assert copier.started == [pod]
        assert {mounts(world, n)["subPath"] for n in ("web", "chat", "code")} == {DIRECTORY}


async def test_the_same_name_with_a_new_source_serves_the_new_weights_once_they_are_there(clock):
    world, copier = await a_world(clock)
    copier.finish = an_outcome()
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        await world.ready()
        old = mounts(world)
        copier.finish = None

        await world.want(revision=2, model={"uri": "s3://weights/llama-v2", "name": "llama"})
        pod = await copier.running()
        await until(lambda: world.reason(MODEL_READY) == "ModelDownloading", within=10)
        assert mounts(world) == old
        status = world.status()
        assert (status.state, status.replicas_ready) == (RegionState.UPDATING, 0)
        assert world.find(INGRESS, "inference-web") is not None

        new = f"llama/{'0b' * 32}"
        await copier.end(pod, 0, an_outcome(new))
        await world.ready(revision=2)
        assert mounts(world) == {**old, "subPath": new}


async def test_while_a_new_model_is_awaited_what_runs_is_scaled_and_repaired(clock):
    world, copier = await a_world(clock)
    copier.finish = an_outcome()
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        await world.ready()
        copier.finish = None
        other = {"uri": "s3://weights/other", "name": "llama"}

        await world.want(revision=2, replicas=2, model=other)
        await copier.running()
        await until(lambda: world.find(DEPLOYMENT, WEB)["status"].get("readyReplicas") == 2)
        await world.person.delete(DEPLOYMENT, NS, WEB)
        await until(lambda: world.find(DEPLOYMENT, WEB) is not None, within=5)
        assert mounts(world)["subPath"] == DIRECTORY

        await world.want(revision=3, state=TargetState.STOPPED, model=other)
        await until(lambda: world.reason() == "Stopped", within=300)


async def test_an_upgrade_that_changes_the_image_restarts_no_copy_and_no_pod(clock):
    world, copier = await a_world(clock)
    async with background(*world.others(), copier.run()):
        await world.want(model=MODEL)
        async with background(world.controller(image=IMAGE).run()):
            pod = await copier.running()
        async with background(world.controller(image="gco:next").run()):
            await asyncio.sleep(60)
            assert copier.started == [pod]
            await copier.end(pod, 0, an_outcome())
            await world.ready()
        uids = {p["metadata"]["uid"] for p in world.all(POD).values()}
        await until(lambda: not jobs(world), within=700)
        async with background(world.controller(image="gco:later").run()):
            await asyncio.sleep(60)
            kept = {p["metadata"]["uid"] for p in world.all(POD).values()}
            assert not jobs(world)
            assert kept <= uids


FAILURES = [
    pytest.param(
        3,
        a_failure("SourceMissing", "s3://weights/llama: no such folder"),
        "SourceMissing: s3://weights/llama: no such folder; upload it, or correct",
        id="missing",
    ),
    pytest.param(
        6,
        a_failure("SourceDenied", "s3://weights: access denied"),
        "SourceDenied: s3://weights: access denied; let gco-model-copy read",
        id="denied",
    ),
    pytest.param(
        7,
        a_failure("CorruptModel", "a.bin: not its checksum"),
        "CorruptModel: a.bin: not its checksum; upload it anew",
        id="corrupt",
    ),
    pytest.param(
        8,
        a_failure("CacheFull", "12.0 GiB more are needed"),
        "CacheFull: 12.0 GiB more are needed; make room on efs-claim",
        id="full",
    ),
]


@pytest.mark.parametrize(("code", "outcome", "told"), FAILURES)
async def test_what_no_further_try_would_mend_is_told_with_its_cause_and_tried_again_seldom(
    clock, code, outcome, told
):
    world, copier = await a_world(clock)
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        await copier.end(await copier.running(), code, outcome)
        await until(lambda: world.reason() == "ModelDownloadFailed", within=30)

        assert message(world).startswith(told)
        assert world.status().state is RegionState.ERROR
        assert world.reason(ConditionType.STALLED) == "ModelDownloadFailed"
        await asyncio.sleep(500)
        assert len(copier.started) == 1

        copier.finish = an_outcome()  # someone mended it
        await world.ready()
        assert len(copier.started) == 2


async def test_a_copy_that_breaks_off_is_gone_on_with_by_its_job(clock):
    world, copier = await a_world(clock)
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        gone = a_failure("SourceUnavailable", "no answer for 5 minutes")
        await copier.end(await copier.running(), 9, gone)
        told = "its copy broke off (SourceUnavailable: no answer for 5 minutes); it is gone on with"
        await until(lambda: message(world) == told, within=10)
        assert world.reason() == "ModelDownloading"

        await copier.end(await copier.running(), 0, an_outcome())
        await world.ready()
        assert len(copier.started) == 2


async def test_without_an_image_to_copy_with_the_condition_says_what_to_set(clock):
    world, copier = await a_world(clock)
    async with background(*loops(world, copier, image="")):
        await world.want(model=MODEL)
        await until(lambda: world.reason() == "ModelDownloadFailed", within=10)

        assert message(world).startswith("GCO_IMAGE is not set on this region's monitor")
        assert not jobs(world)


async def test_the_copy_of_an_endpoint_that_is_deleted_ends_with_it(clock):
    world, copier = await a_world(clock)
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        await copier.running()

        await world.want(revision=2, state=TargetState.DELETED, model=MODEL)
        await until(lambda: world.status().state is RegionState.DELETED, within=60)
        assert not jobs(world)
        await until(lambda: not world.all(POD), within=60)


async def test_a_copy_that_another_endpoint_waits_for_outlives_the_one_that_began_it(clock):
    world, copier = await a_world(clock)
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        pod = await copier.running()
        await world.want("chat", uid="uid-chat", model=MODEL)

        await world.want(revision=2, state=TargetState.DELETED, model=MODEL)
        await until(lambda: world.status().state is RegionState.DELETED, within=60)
        assert len(jobs(world)) == 1

        await copier.end(pod, 0, an_outcome())
        await world.ready("chat")


async def test_a_copy_that_nobody_waits_for_after_a_change_of_the_source_ends(clock):
    world, copier = await a_world(clock)
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        first = await copier.running()
        await world.want(revision=2, model={"uri": "s3://weights/other"})
        await until(lambda: len(copier.started) == 2, within=60)

        await until(lambda: first not in world.all(POD), within=60)
        assert [name[:12] for name in jobs(world)] == ["model-other-"]


async def test_a_job_of_someone_else_under_its_name_is_a_condition(clock):
    world, copier = await a_world(clock)
    job = rendered_job(a_regional(model=MODEL).spec.endpoint.model, NS, "other").manifest
    bare = {**job, "metadata": {"name": job["metadata"]["name"], "namespace": NS}}
    await world.person.apply(JOB, bare, manager="kubectl-create")
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        await until(lambda: world.reason() == "NameTaken", within=10)
        [job] = world.all(JOB).values()
        assert "annotations" not in job["metadata"]


async def test_a_copy_whose_outcome_is_gone_with_its_node_is_asked_for_once_more(clock):
    world, copier = await a_world(clock)
    copier.finish = an_outcome()
    async with background(*world.others(), copier.run()):
        async with background(world.controller(image=IMAGE).run()):
            await world.want(model=MODEL)
            await world.ready()
        [pod] = copier.started
        await world.person.delete(POD, NS, pod, grace_seconds=0)

        async with background(world.controller(image=IMAGE).run()):
            await world.want("chat", uid="uid-chat", model=MODEL)
            await world.ready("chat")

        assert len(copier.started) == 2
        assert mounts(world, "chat")["subPath"] == DIRECTORY


async def test_a_rollback_to_an_earlier_model_asks_for_no_copy(clock):
    world, copier = await a_world(clock)
    copier.finish = an_outcome()
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        await world.ready()
        copier.finish = an_outcome(f"llama/{'0b' * 32}")
        await world.want(revision=2, model={"uri": "s3://weights/llama-v2", "name": "llama"})
        await world.ready(revision=2)
        ran = len(copier.started)
        assert world.status().models == (f"llama/{'0b' * 32}", DIRECTORY)  # a rollback mounts both

        await world.want(revision=3, model=MODEL)
        await world.ready(revision=3)
        assert len(copier.started) == ran
        assert mounts(world)["subPath"] == DIRECTORY
        assert len(world.all(CONTROLLER_REVISION)) == 2


async def test_a_job_that_someone_suspends_goes_on(clock):
    world, copier = await a_world(clock)
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        await copier.running()
        [job] = jobs(world)
        stop = [{"op": "replace", "path": "/spec/suspend", "value": True}]
        await world.person.patch(JOB, NS, job, stop, manager="kubectl-edit")
        await until(lambda: world.find(JOB, job)["spec"]["suspend"] is False, within=5)


async def test_another_argument_for_the_same_model_asks_for_no_copy(clock):
    world, copier = await a_world(clock)
    copier.finish = an_outcome()
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        await world.ready()
        copier.finish = an_outcome(f"llama/{'0b' * 32}")  # the source has changed meanwhile
        await until(lambda: not jobs(world), within=700)

        await world.want(revision=2, model=MODEL, args=["--max-model-len=8192"])
        await world.ready(revision=2)

        assert len(copier.started) == 1
        assert mounts(world)["subPath"] == DIRECTORY


async def test_a_canary_of_another_model_waits_for_its_own_copy(clock):
    world, copier = await a_world(clock)
    copier.finish = an_outcome()
    other = {"uri": "s3://weights/llama-v2", "name": "llama"}
    new = f"llama/{'0b' * 32}"
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        await world.ready()
        copier.finish = None

        await world.want(revision=2, model=MODEL, canary={"revision": 1}, base={"model": other})
        pod = await copier.running()
        await until(lambda: world.reason(ConditionType.CANARY_READY) == "ModelDownloading")
        assert world.find(DEPLOYMENT, "web-canary") is None
        assert world.is_ready(revision=2)

        await copier.end(pod, 0, an_outcome(new))
        await until(lambda: world.reason(ConditionType.CANARY_READY) == "CanaryServing", within=300)
        assert mounts(world)["subPath"] == DIRECTORY
        assert mounts(world, "web-canary")["subPath"] == new


async def test_a_canary_of_the_same_model_asks_for_no_copy(clock):
    world, copier = await a_world(clock)
    copier.finish = an_outcome()
    async with background(*loops(world, copier)):
        await world.want(model=MODEL)
        await world.ready()
        canary = {"image": "vllm/vllm-openai:v0.8.5"}

        await world.want(revision=2, model=MODEL, canary=canary)
        await until(lambda: world.reason(ConditionType.CANARY_READY) == "CanaryServing", within=300)

        assert len(copier.started) == 1
        assert mounts(world, "web-canary")["subPath"] == DIRECTORY
