"""Which reason wins, and what a person is told to do."""

import ast
import datetime as dt
from collections.abc import Iterator
from pathlib import Path

import pytest

import gco
from gco.core.region.causes import (
    PATIENCE,
    RANK,
    Ask,
    Cause,
    crashing,
    judged_again,
    workload_causes,
    worst,
)
from gco.core.region.pods import Ended, PodRecord, Pods
from gco.core.region.unplaced import steady
from tests.builders import NOW

GPU = "nvidia.com/gpu"


def a_pod(**known) -> PodRecord:
    plain = {
        "uid": "p",
        "app": "web",
        "pod_set": "rs",
        "phase": "Running",
        "ready": False,
        "deleting": False,
        "node": "n1",
        "unscheduled": "",
        "waiting": "",
        "waiting_message": "",
        "started": False,
        "restarts": 0,
        "ended": None,
        "image": "vllm/vllm-openai:v1",
    }
    return PodRecord(**{**plain, **known})


def pods(*wanted: PodRecord, blocked: str = "") -> Pods:
    return Pods({f"web-{n}": p for n, p in enumerate(wanted)}, {}, 0, blocked)


def unscheduled(words: str) -> PodRecord:
    return a_pod(phase="Pending", node="", unscheduled=words)


NO_GPU = "0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: not helpful"
LOADING = a_pod()
READY = a_pod(ready=True, started=True)


def ago(seconds: float) -> dt.datetime:
    return NOW - dt.timedelta(seconds=seconds)


MINUTE, DAY = dt.timedelta(minutes=1), dt.timedelta(days=1)
UP = a_pod(started=True, running_since=ago(30), unready_since=ago(40))
SILENT = a_pod(started=True, running_since=ago(30), unready_since=ago(5))
NEVER = a_pod(started=True, running_since=ago(700), unready_since=ago(710))
CRASHED = a_pod(waiting="CrashLoopBackOff", restarts=3, ended=Ended("Error", 1, "", MINUTE))
OOM = a_pod(waiting="CrashLoopBackOff", restarts=1, ended=Ended("OOMKilled", 137, "", MINUTE))
KILLED = a_pod(restarts=1, ended=Ended("Error", 137, "", DAY), running_since=ago(1))
BAD_IMAGE = a_pod(waiting="ImagePullBackOff", waiting_message="not found", unready_since=ago(3600))


@pytest.mark.parametrize(
    ("found", "reason", "facts"),
    [
        pytest.param(pods(), "StillLoading", "0 of 2 replicas ready", id="no-pod-yet"),
        pytest.param(pods(READY, LOADING), "StillLoading", "1 of 2 replicas ready", id="loading"),
        pytest.param(
            pods(READY, UP), "StillLoading", "1 of 2 replicas ready", id="not-yet-asked-if-ready"
        ),
        pytest.param(
            pods(READY, SILENT), "NotAnswering", "1 of 2 replicas ready", id="answered-before"
        ),
        pytest.param(
            pods(READY, NEVER), "NotAnswering", "1 of 2 replicas ready", id="silent-over-its-budget"
        ),
        pytest.param(
            pods(READY, KILLED),
            "StillLoading",
            "1 of 2 replicas ready, restarted once: exit code 137",
            id="killed-once-and-running-again",
        ),
        pytest.param(
            pods(READY, a_pod(ended=Ended("Error", 1, ""))),
            "StillLoading",
            "1 of 2 replicas ready, about to be restarted: exit code 1",
            id="ended-and-about-to-run-again",
        ),
        pytest.param(
            pods(READY, a_pod(restarts=2, ended=Ended("OOMKilled", 137, "", MINUTE))),
            "StillLoading",
            "1 of 2 replicas ready, restarted twice: killed for want of memory",
            id="out-of-memory-twice-and-running-again",
        ),
        pytest.param(
            pods(a_pod(restarts=9, ended=Ended("Error", 1, "", DAY))),
            "StillLoading",
            "0 of 2 replicas ready, restarted 9 times: exit code 1",
            id="one-crash-after-a-day-of-peace",
        ),
        pytest.param(
            pods(a_pod(restarts=3, ended=Ended("Error", 1, "", MINUTE))),
            "CrashLooping",
            "the server ended with exit code 1, 3 restarts",
            id="crashed-again-and-again-and-running-for-now",
        ),
        pytest.param(
            pods(unscheduled(NO_GPU), unscheduled(NO_GPU)),
            "WaitingForGPU",
            "4 × nvidia.com/gpu requested, no node that its pods may use has 2 free",  # noqa: RUF001
            id="too-few-accelerators",
        ),
        pytest.param(
            pods(unscheduled("0/3 nodes are available: 3 Insufficient cpu.")),
            "InsufficientCapacity",
            "no node is available: Insufficient cpu",
            id="too-little-cpu",
        ),
        pytest.param(
            pods(unscheduled("0/3 nodes are available: 3 node(s) didn't match Pod's affinity")),
            "NoMatchingNode",
            "no node is available: node(s) didn't match Pod's affinity",
            id="no-node-has-the-labels",
        ),
        pytest.param(
            pods(unscheduled('persistentvolumeclaim "efs-claim" not found')),
            "VolumeNotFound",
            'persistentvolumeclaim "efs-claim" not found',
            id="no-volume",
        ),
        pytest.param(
            pods(blocked='pods "web-1" is forbidden: exceeded quota: gpus'),
            "QuotaExceeded",
            'pods "web-1" is forbidden: exceeded quota: gpus',
            id="quota",
        ),
        pytest.param(
            pods(blocked='admission webhook "policy" denied the request'),
            "Rejected",
            'pods are refused: admission webhook "policy" denied the request',
            id="admission-refuses-the-pods",
        ),
        pytest.param(
            pods(READY, BAD_IMAGE),
            "ImagePullFailed",
            "vllm/vllm-openai:v1 cannot be pulled",
            id="bad-image-beside-a-ready-pod",
        ),
        pytest.param(
            pods(CRASHED, OOM),
            "OutOfMemory",
            "the server was killed for want of memory",
            id="out-of-memory-before-crash",
        ),
        pytest.param(
            pods(CRASHED),
            "CrashLooping",
            "the server ended with exit code 1, 3 restarts",
            id="crash-loop",
        ),
        pytest.param(
            pods(CRASHED, BAD_IMAGE, unscheduled(NO_GPU)),
            "WaitingForGPU",
            "2 × nvidia.com/gpu requested, no node that its pods may use has 2 free",  # noqa: RUF001
            id="scheduling-before-image-before-crash",
        ),
    ],
)
def test_the_reason_that_wins(found, reason, facts):
    ask = Ask(replicas=2, device=GPU, count=2, startup_seconds=600)

    cause = worst(workload_causes(found, ask, "", NOW))

    assert cause is not None
    assert (cause.reason, cause.message.partition(";")[0]) == (reason, facts)


def test_a_crash_is_told_with_the_last_words():
    ask = Ask(replicas=1, device="", count=0, startup_seconds=600)

    cause = worst(workload_causes(pods(CRASHED), ask, "loading\n\nKeyError: 'rope'\n", NOW))

    assert cause is not None
    assert cause.message.endswith("its last words: loading | KeyError: 'rope'")


@pytest.mark.parametrize(
    ("largest", "message"),
    [
        pytest.param(
            None,
            "no node that its pods may use has 2 free; free some, add a node, or scale down",
            id="nodes-not-known",
        ),
        pytest.param(
            8,
            "no node that its pods may use has 2 free; free some, add a node, or scale down",
            id="all-taken",
        ),
        pytest.param(
            1,
            "the largest node that its pods may use has 1; add a larger node, or request fewer per "
            "replica",
            id="nodes-too-small",
        ),
        pytest.param(
            0,
            "no node that its pods may use has any; add a node, or change spec.scheduling",
            id="excluded-by-labels-or-taints",
        ),
    ],
)
def test_a_wait_for_accelerators_names_what_its_own_nodes_lack(largest, message):
    ask = Ask(replicas=1, device=GPU, count=2, startup_seconds=600, largest=largest)

    cause = worst(workload_causes(pods(unscheduled(NO_GPU)), ask, "", NOW))

    assert cause is not None
    assert cause.message == f"2 × nvidia.com/gpu requested, {message}"  # noqa: RUF001


TAINT = "node(s) had untolerated taint {gpu: x}"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        pytest.param(
            f"0/5 nodes are available: 1 {TAINT}, 4 Insufficient cpu. preemption: 0/5 nodes are "
            "available: 1 Preemption is not helpful for scheduling, 4 No preemption victims found.",
            f"no node is available: Insufficient cpu, {TAINT}",
            id="counts-and-preemption",
        ),
        pytest.param(
            f"0/12 nodes are available: 2 Insufficient cpu, 10 {TAINT}. no new claims to deallocate, "
            "preemption: 0/12 nodes are available: 12 Preemption is not helpful for scheduling.",
            f"no node is available: Insufficient cpu, {TAINT}",
            id="the-same-in-another-order",
        ),
        pytest.param(
            "0/1 nodes are available: 1 Insufficient nvidia.com/gpu.",
            "no node is available: Insufficient nvidia.com/gpu",
            id="a-dot-in-a-name",
        ),
        pytest.param(
            'persistentvolumeclaim "v1.2" not found. retrying',
            'persistentvolumeclaim "v1.2" not found. retrying',
            id="not-about-nodes",
        ),
    ],
)
def test_the_schedulers_words_are_quoted_without_what_other_pods_change(words, expected):
    assert steady(words) == expected


def test_of_several_failures_the_gravest_wins_whatever_their_order():
    some = [Cause("RouteNotReady", ""), Cause("Rejected", "a"), Cause("NameTaken", "b")]

    assert worst(some) == worst(some[::-1]) == Cause("NameTaken", "b")


@pytest.mark.parametrize(
    ("found", "final"),
    [
        pytest.param(pods(KILLED), False, id="killed-once"),
        pytest.param(pods(OOM), False, id="backing-off-for-the-first-time"),
        pytest.param(pods(CRASHED), True, id="a-loop-of-crashes"),
        pytest.param(pods(BAD_IMAGE), True, id="an-image-that-stays-away"),
        pytest.param(
            pods(a_pod(waiting="ErrImagePull", unready_since=ago(20))),
            False,
            id="a-registrys-hiccup",
        ),
        pytest.param(
            pods(a_pod(waiting="InvalidImageName", unready_since=ago(1))),
            True,
            id="no-image-at-all",
        ),
        pytest.param(
            pods(a_pod(waiting="CreateContainerConfigError", unready_since=ago(20))),
            False,
            id="a-secret-that-may-come",
        ),
        pytest.param(
            pods(a_pod(waiting="CreateContainerConfigError", unready_since=ago(100))),
            True,
            id="a-secret-that-does-not-come",
        ),
        pytest.param(pods(unscheduled(NO_GPU)), False, id="room-may-come"),
        pytest.param(
            pods(blocked='pods "web-1" is forbidden: exceeded quota: gpus'), False, id="quota"
        ),
        pytest.param(
            pods(blocked='admission webhook "policy" denied the request'), True, id="a-policy"
        ),
        pytest.param(
            pods(blocked='Internal error occurred: failed calling webhook "x": connection refused'),
            False,
            id="a-webhook-that-is-down",
        ),
        pytest.param(pods(UP, NEVER), False, id="a-silent-server"),
        pytest.param(pods(CRASHED, unscheduled(NO_GPU)), True, id="a-crash-behind-what-waits"),
    ],
)
def test_what_waiting_alone_will_not_mend(found, final):
    ask = Ask(replicas=1, device=GPU, count=1, startup_seconds=600)

    assert any(cause.final for cause in workload_causes(found, ask, "", NOW)) is final


@pytest.mark.parametrize(
    ("record", "seconds"),
    [
        pytest.param(
            a_pod(waiting="ErrImagePull", unready_since=ago(20)),
            PATIENCE.total_seconds() - 20,
            id="an-image-that-may-still-come",
        ),
        pytest.param(UP, 570, id="a-server-within-its-budget"),
        pytest.param(NEVER, None, id="a-server-beyond-it"),
        pytest.param(LOADING, None, id="one-that-an-event-will-tell-of"),
        pytest.param(READY, None, id="ready"),
    ],
)
def test_when_time_alone_changes_what_is_said(record, seconds):
    ask = Ask(replicas=1, device="", count=0, startup_seconds=600)

    assert judged_again(pods(record), ask, NOW) == seconds


def test_only_a_loop_of_crashes_has_its_log_read():
    assert crashing(pods(KILLED)) is None
    assert crashing(pods(KILLED, CRASHED)) == ("web-1", CRASHED)


def test_a_long_line_of_a_log_is_cut():
    ask = Ask(replicas=1, device="", count=0, startup_seconds=600)

    cause = worst(workload_causes(pods(CRASHED), ask, "x" * 100_000, NOW))

    assert cause is not None
    assert len(cause.message) < 1000


def stated_reasons() -> Iterator[tuple[str, str]]:
    """Every text that the source gives to a Cause as its reason, with the file."""
    for path in sorted(Path(gco.__file__).parent.rglob("*.py")):
        tree = ast.parse(path.read_text())
        for call in ast.walk(tree):
            if isinstance(call, ast.Call) and getattr(call.func, "id", "") == "Cause":
                for text in texts_of(call.args[0], tree):
                    yield path.name, text


def texts_of(given: ast.expr, tree: ast.Module) -> Iterator[str]:
    match given:
        case ast.Constant(value=str(text)):
            yield text
        case ast.IfExp(body=body, orelse=other):
            yield from texts_of(body, tree)
            yield from texts_of(other, tree)
        case ast.Name(id=name):
            for node in ast.walk(tree):
                if isinstance(node, ast.Assign):
                    for target in node.targets:
                        yield from assigned(name, target, node.value, tree)


def assigned(name: str, target: ast.expr, value: ast.expr, tree: ast.Module) -> Iterator[str]:
    match target, value:
        case ast.Name(id=same), _ if same == name:
            yield from texts_of(value, tree)
        case ast.Tuple(elts=targets), ast.Tuple(elts=values):
            for each, one in zip(targets, values, strict=True):
                yield from assigned(name, each, one, tree)


def test_every_reason_that_a_cause_is_given_has_a_rank():
    """A reason without one would end the run that has to choose which cause wins."""
    found = set(stated_reasons())
    assert len(found) > len(RANK) // 2, "the search finds them"
    assert {(file, reason) for file, reason in found if reason not in RANK} == set()
