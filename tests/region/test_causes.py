"""Which reason wins, and what a person is told to do."""

import pytest

from gco.core.model.status import AcceleratorCapacity
from gco.core.region.causes import Ask, Cause, workload_causes, worst
from gco.core.region.pods import Ended, PodRecord, Pods

GPU = "nvidia.com/gpu"
FREE_ONE = {GPU: AcceleratorCapacity(total=16, free=1, nodes=3)}


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
SILENT = a_pod(started=True)
CRASHED = a_pod(waiting="CrashLoopBackOff", restarts=3, ended=Ended("Error", 1, ""))
OOM = a_pod(restarts=1, ended=Ended("OOMKilled", 137, ""))
BAD_IMAGE = a_pod(waiting="ImagePullBackOff", waiting_message="not found")


@pytest.mark.parametrize(
    ("found", "reason", "facts"),
    [
        pytest.param(pods(), "StillLoading", "0 of 2 replicas ready", id="no-pod-yet"),
        pytest.param(pods(READY, LOADING), "StillLoading", "1 of 2 replicas ready", id="loading"),
        pytest.param(pods(READY, SILENT), "NotAnswering", "1 of 2 replicas ready", id="silent"),
        pytest.param(
            pods(unscheduled(NO_GPU), unscheduled(NO_GPU)),
            "WaitingForGPU",
            "4 × nvidia.com/gpu requested, 1 free on 3 nodes",  # noqa: RUF001
            id="too-few-accelerators",
        ),
        pytest.param(
            pods(unscheduled("0/3 nodes are available: 3 Insufficient cpu.")),
            "InsufficientCapacity",
            "0/3 nodes are available: 3 Insufficient cpu.",
            id="too-little-cpu",
        ),
        pytest.param(
            pods(unscheduled("0/3 nodes are available: 3 node(s) didn't match Pod's affinity")),
            "NoMatchingNode",
            "0/3 nodes are available: 3 node(s) didn't match Pod's affinity",
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
            'pods cannot be made: admission webhook "policy" denied the request',
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
            "2 × nvidia.com/gpu requested, 1 free on 3 nodes",  # noqa: RUF001
            id="scheduling-before-image-before-crash",
        ),
    ],
)
def test_the_reason_that_wins(found, reason, facts):
    ask = Ask(replicas=2, device=GPU, count=2, startup_seconds=600, capacity=FREE_ONE)

    cause = worst(workload_causes(found, ask, log=""))

    assert cause is not None
    assert (cause.reason, cause.message.partition(";")[0]) == (reason, facts)


def test_a_crash_is_told_with_the_last_words():
    ask = Ask(replicas=1, device="", count=0, startup_seconds=600)

    cause = worst(workload_causes(pods(CRASHED), ask, log="loading\n\nKeyError: 'rope'\n"))

    assert cause is not None
    assert cause.message.endswith("its last words: loading | KeyError: 'rope'")


def test_with_capacity_unknown_only_the_scheduler_is_quoted():
    ask = Ask(replicas=1, device=GPU, count=2, startup_seconds=600)

    cause = worst(workload_causes(pods(unscheduled(NO_GPU)), ask, log=""))

    assert cause is not None
    assert "requested, too few free on 3 nodes" in cause.message


def test_of_several_failures_the_gravest_wins_whatever_their_order():
    some = [Cause("RouteNotReady", ""), Cause("Rejected", "a"), Cause("NameTaken", "b")]

    assert worst(some) == worst(some[::-1]) == Cause("NameTaken", "b")
