"""Random schedules break no invariant; those that once did are kept, and replay."""

import subprocess
import sys
from pathlib import Path

import pytest

from gco.core.model.names import LEADER_LEASE
from gco.kinds.registry import DEPLOYMENT, INFERENCE_ENDPOINT, LEASE, POD, SERVICE
from tests.scenario.region_world import NS
from tests.simulation.acts import ACTS
from tests.simulation.process import IDENTITY, WRITER
from tests.simulation.run import rule, shrink, simulate
from tests.simulation.schedule import Act, Schedule, generate

ROOT = Path(__file__).parents[2]
REGRESSIONS = sorted((Path(__file__).parent / "regressions").glob("*.json"))


@pytest.mark.parametrize("path", REGRESSIONS, ids=lambda path: path.stem)
def test_a_schedule_that_once_failed_breaks_no_invariant(path):
    assert simulate(Schedule.from_json(path.read_text())) == []


@pytest.mark.parametrize("seed", range(4))
def test_a_random_schedule_breaks_no_invariant(seed):
    assert simulate(generate(seed)) == []


def test_a_schedule_is_the_same_after_a_file():
    schedule = generate(7)
    assert Schedule.from_json(schedule.to_json()) == schedule
    assert schedule == generate(7)


def test_a_schedule_runs_the_same_in_every_process(tmp_path):
    """Invariant: a schedule is one run. No hash and no address decides an order of events."""
    web = {"name": "web", "image": "vllm/vllm-openai:v1", "replicas": 2}
    acts = (
        Act(0.0, "apply", web),
        Act(0.0, "apply", {**web, "name": "llm"}),
        Act(10.0, "evict", {"region": 0, "name": "web", "pod": 1}),
        Act(10.02, "kill", {"region": 0, "process": 0}),
        Act(12.0, "delete", {"name": "llm"}),
    )
    path = tmp_path / "schedule.json"
    path.write_text(Schedule(1, 8, 2.0, acts).to_json())
    runs = [
        subprocess.Popen(  # noqa: S603  (our own program)
            [sys.executable, "-m", "tests.simulation", "--trace", "--replay", str(path)],
            cwd=ROOT,
            env={"PYTHONPATH": "src:.", "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
        )
        for hash_seed in ("1", "3")
    ]
    first, second = (process.communicate()[0] for process in runs)

    assert first.count(b"writes Deployment") > 0
    assert first == second


def test_every_act_that_is_drawn_can_be_performed():
    drawn = {act.do for seed in range(300) for act in generate(seed).acts}
    assert drawn <= set(ACTS)


def test_a_failure_shrinks_to_the_acts_that_cause_it(monkeypatch):
    monkeypatch.setitem(ACTS, "sabotage", sabotage)
    first = Act(0.0, "apply", {"name": "web", "image": "vllm/vllm-openai:v1", "replicas": 2})
    others = Act(30.0, "compact", {"region": 0}), Act(35.0, "delete_lease", {"region": 1})
    cause = Act(40.0, "sabotage", {"name": "web", "region": 0})
    failing = Schedule(3, 8, 2.0, (first, *others, cause))

    shrunk = shrink(failing)

    assert {rule(violation) for violation in simulate(shrunk)} == {"dark"}
    assert [act.do for act in shrunk.acts] == ["apply", "sabotage"]


def test_each_invariant_is_checked_at_the_write_that_breaks_it(monkeypatch):
    """One run in which the leader does, one after the other, what no version of GCO may do."""
    monkeypatch.setitem(ACTS, "misbehave", misbehave)
    first = Act(0.0, "apply", {"name": "web", "image": "vllm/vllm-openai:v1", "replicas": 2})
    acts = [Act(30.0 + 5 * n, "misbehave", {"how": n}) for n in range(len(MISDEEDS))]

    violations = simulate(Schedule(3, 8, 2.0, (first, *acts)))

    assert {broken for broken, *_ in MISDEEDS} <= {rule(violation) for violation in violations}


def test_the_later_version_renders_more_and_restarts_no_pod(monkeypatch):
    seen = []

    async def look(world, _args):
        region = world.regions[0]
        label = region.site.find(SERVICE, "web")["metadata"]["labels"].get("gco.io/version")
        seen.append((label, {pod["metadata"]["uid"] for pod in region.pods("web")}))

    monkeypatch.setitem(ACTS, "look", look)
    acts = (
        Act(0.0, "apply", {"name": "web", "image": "vllm/vllm-openai:v1", "replicas": 2}),
        Act(20.0, "look", {}),
        Act(21.0, "other_version", {"region": 0, "process": 0}),
        Act(21.0, "other_version", {"region": 0, "process": 1}),
        Act(60.0, "look", {}),
    )

    assert simulate(Schedule(3, 8, 2.0, acts)) == []
    [(before, pods), (after, same)] = seen
    assert (before, after) == (None, "later")
    assert len(pods) == 2
    assert pods == same


STILL_LOADING = {"type": "Ready", "status": "False", "reason": "StillLoading", "message": ""}
STILL_LOADING |= {"lastTransitionTime": "2026-01-01T00:00:00Z"}
MISDEEDS = (
    ("lies", INFERENCE_ENDPOINT, "/status/conditions", [STILL_LOADING]),
    ("restarted", DEPLOYMENT, "/spec/template/metadata/annotations/restarted", "yes"),
    ("went back", INFERENCE_ENDPOINT, "/spec/revision", 0),
    ("two writers", SERVICE, "/metadata/labels/written", "yes"),
    ("dangling", SERVICE, "", None),
    ("deleted", SERVICE, "", None),
)
"""The invariant that it breaks, and which field of which object is written; no field: a delete."""


async def misbehave(world, args):
    """Write or delete in the name of the region's leader, or of a process that does not lead."""
    broken, kind, path, value = MISDEEDS[args["how"]]
    region = world.regions[0]
    lease = region.objects.table(LEASE).objects[NS, LEADER_LEASE]
    holder = lease["spec"]["holderIdentity"]
    IDENTITY.set(holder if broken != "two writers" else "another")
    [leader] = [each for each in region.processes if each.loops.elector.identity == holder]
    WRITER.set(leader.name)
    person = region.site.person
    if not path:
        await person.delete(kind, NS, "web")
        return
    sub = "status" if path.startswith("/status") else None
    edit = [{"op": "add", "path": path, "value": value}]
    await person.patch(kind, NS, "web", edit, manager="gco", subresource=sub)


async def sabotage(world, args):
    """Take every pod away at once, as a controller would."""

    WRITER.set("kubernetes")
    region = world.regions[args["region"]]
    for pod in region.pods(args["name"]):
        await region.site.person.delete(POD, NS, pod["metadata"]["name"])
