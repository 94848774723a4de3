"""What is read off Kubernetes Events about pods, and which cause it makes."""

import dataclasses

import pytest

from gco.core.region.causes import Ask, workload_causes, worst
from gco.core.region.notes import Note, NoteKind, latest, note
from gco.core.region.observe import PodSet
from gco.core.region.pods import Ended, sort_pods
from tests.builders import NOW
from tests.region.test_causes import NO_GPU, a_pod, pods, unscheduled
from tests.region.test_stage import WORKLOAD

GPU = "nvidia.com/gpu"
ASK = Ask(replicas=1, device=GPU, count=2, startup_seconds=60)


def an_event(reason, words, *, by="kubelet", about="web-0"):
    return {
        "metadata": {"name": "e", "creationTimestamp": "2026-01-01T00:00:00Z"},
        "regarding": {"kind": "Pod", "name": about, "uid": "p"},
        "reason": reason,
        "note": words,
        "reportingController": by,
    }


def a_note(kind, words="", created="1", uid="p"):
    return Note("web-0", uid, kind, words, created)


@pytest.mark.parametrize(
    ("event", "kind", "words"),
    [
        pytest.param(
            an_event("Nominated", "Pod should schedule on: nodeclaim/gpu-1", by="karpenter"),
            NoteKind.NODE_COMES,
            "gpu-1",
            id="a-node-is-made",
        ),
        pytest.param(
            an_event("FailedScheduling", "no instance type", by="karpenter"),
            NoteKind.NO_NODE,
            "no instance type",
            id="no-node-can-be-made",
        ),
        pytest.param(
            an_event("FailedMount", "secret not found"),
            NoteKind.NO_VOLUME,
            "secret not found",
            id="no-volume",
        ),
        pytest.param(
            an_event("Unhealthy", "Startup probe failed: 404"),
            NoteKind.PROBE_FAILED,
            "Startup probe failed: 404",
            id="probe",
        ),
        pytest.param(
            an_event("Killing", "Container inference failed startup probe, will be restarted"),
            NoteKind.NEVER_STARTED,
            "Container inference failed startup probe, will be restarted",
            id="killed-for-its-budget",
        ),
    ],
)
def test_what_is_noted_of_a_pod(event, kind, words):
    found = note(event)

    assert found is not None
    assert (found.pod, found.uid, found.kind, found.words) == ("web-0", "p", kind, words)


@pytest.mark.parametrize(
    "event",
    [
        pytest.param(an_event("Started", "Started container"), id="all-is-well"),
        pytest.param(an_event("Killing", "Stopping container inference"), id="an-orderly-end"),
        pytest.param(
            an_event("Nominated", "Pod should schedule on: node/n1", by="karpenter"),
            id="a-node-that-is-there",
        ),
        pytest.param(
            an_event("FailedScheduling", NO_GPU, by="default-scheduler"), id="the-pod-says-it-too"
        ),
        pytest.param(
            {
                **an_event("FailedScheduling", NO_GPU, by=""),
                "deprecatedSource": {"component": "default-scheduler"},
            },
            id="the-same-by-an-older-scheduler",
        ),
    ],
)
def test_what_nothing_depends_on_is_not_kept(event):
    assert note(event) is None


def test_an_event_that_was_repeated_is_no_news():
    once = an_event("Unhealthy", "Readiness probe failed")

    assert note({**once, "series": {"count": 9}, "deprecatedCount": 9}) == note(once)


def told(record, *notes):
    found = dataclasses.replace(pods(record), notes={"web-0": notes})
    cause = worst(workload_causes(found, ASK, "", NOW))
    assert cause is not None
    return cause


CREATING = a_pod(waiting="ContainerCreating")
MOUNT = a_note(NoteKind.NO_VOLUME, 'secret "keys" not found', "1")
NEW_NODE = a_note(NoteKind.NODE_COMES, "gpu-1", "1")
NO_NODE = a_note(NoteKind.NO_NODE, "all exceed limits", "2")
KILLED = a_note(NoteKind.NEVER_STARTED)
UNHEALTHY = a_note(NoteKind.PROBE_FAILED, "Startup probe failed: statuscode: 404")
STUCK = a_pod(restarts=1, ended=Ended("Error", 137, ""))


@pytest.mark.parametrize(
    ("cause", "reason", "words"),
    [
        pytest.param(
            told(unscheduled(NO_GPU), NEW_NODE),
            "ProvisioningNode",
            "2 × nvidia.com/gpu requested, a node is being made (NodeClaim gpu-1)",  # noqa: RUF001
            id="a-node-is-made",
        ),
        pytest.param(
            told(unscheduled(NO_GPU), NEW_NODE, NO_NODE),
            "InsufficientCapacity",
            "all exceed limits",
            id="the-latest-word-counts",
        ),
        pytest.param(
            told(CREATING, MOUNT), "VolumeNotFound", 'secret "keys" not found', id="mount"
        ),
        pytest.param(
            told(CREATING, MOUNT, a_note(NoteKind.PULLING, created="2")),
            "StillLoading",
            "0 of 1 replicas ready",
            id="mounted-since",
        ),
        pytest.param(
            told(STUCK, KILLED, UNHEALTHY),
            "NotAnswering",
            "the server does not answer its start-up probe within 60 s: "
            "Startup probe failed: statuscode: 404",
            id="probe-on-a-wrong-path",
        ),
    ],
)
def test_what_was_noted_makes_the_cause(cause, reason, words):
    assert (cause.reason, cause.message.partition(";")[0]) == (reason, words)


@pytest.mark.parametrize(("restarts", "final"), [(1, False), (2, True)])
def test_budgets_used_up_in_full_are_final_the_second_time(restarts, final):
    assert told(dataclasses.replace(STUCK, restarts=restarts), KILLED).final is final


def test_of_several_notes_the_newest_counts():
    assert latest([NO_NODE, NEW_NODE], NoteKind.NODE_COMES, NoteKind.NO_NODE) is NO_NODE
    assert latest([], NoteKind.NO_NODE) is None


def test_what_was_noted_of_an_earlier_pod_of_that_name_says_nothing_of_this_one():
    earlier, own = dataclasses.replace(MOUNT, uid="another"), MOUNT
    sets = [PodSet("rs", "web", WORKLOAD.uid, WORKLOAD.template, "2026-01-02", "")]
    records = {"web-0": CREATING, "web-1": dataclasses.replace(CREATING, ready=True)}

    found = sort_pods(WORKLOAD, sets, records, lambda _: [earlier, own])

    assert found.notes == {"web-0": (own,)}
