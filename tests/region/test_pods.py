"""Which pods run the wanted template, and what is read off each."""

import datetime as dt

import pytest

from gco.core.region.observe import PodSet, template_digest
from gco.core.region.pods import Ended, pod, sort_pods
from tests.region.test_causes import a_pod
from tests.region.test_stage import WORKLOAD

NEW = PodSet("rs-new", "web", WORKLOAD.uid, WORKLOAD.template, "2026-01-02", "")
OLD = PodSet("rs-old", "web", WORKLOAD.uid, "earlier", "2026-01-01", "exceeded quota")


def test_pods_are_told_apart_by_the_template_of_their_replica_set():
    pods = sort_pods(
        WORKLOAD,
        [OLD, NEW],
        {
            "new": a_pod(pod_set="rs-new", ready=True),
            "old": a_pod(pod_set="rs-old", ready=True),
            "leaving": a_pod(pod_set="rs-new", ready=True, deleting=True),
            "evicted": a_pod(pod_set="rs-new", phase="Failed"),
            "orphan": a_pod(pod_set="someone-elses"),
        },
    )

    assert set(pods.wanted) == {"new"}
    assert set(pods.old) == {"old", "orphan"}
    assert (pods.ready, pods.leaving, pods.count, pods.blocked) == (1, 1, 4, "")


def test_of_two_replica_sets_with_the_template_the_older_is_the_controllers_choice():
    twin = PodSet("rs-twin", "web", WORKLOAD.uid, WORKLOAD.template, "2026-01-03", "")

    pods = sort_pods(WORKLOAD, [twin, NEW], {"new": a_pod(pod_set="rs-new")})

    assert set(pods.wanted) == {"new"}


def test_the_label_that_the_deployment_controller_adds_does_not_tell_templates_apart():
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": []}}
    labelled = {
        "metadata": {"labels": {"app": "web", "pod-template-hash": "1"}},
        "spec": template["spec"],
    }

    assert template_digest(template) == template_digest(labelled)


def test_a_crashed_pod_is_read_with_how_it_ended_and_sidecars_aside():
    crashed = {
        "metadata": {"name": "web-1", "uid": "p", "labels": {"app": "web"}},
        "spec": {"nodeName": "n1", "containers": [{"name": "inference", "image": "i"}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [
                {"name": "proxy", "restartCount": 9},
                {
                    "name": "inference",
                    "restartCount": 2,
                    "state": {"waiting": {"reason": "CrashLoopBackOff"}},
                    "lastState": {
                        "terminated": {
                            "reason": "Error",
                            "exitCode": 3,
                            "startedAt": "2026-01-01T00:00:00Z",
                            "finishedAt": "2026-01-01T00:01:30Z",
                        }
                    },
                },
            ],
        },
    }

    record = pod(crashed)

    assert (record.waiting, record.restarts) == ("CrashLoopBackOff", 2)
    assert record.ended == Ended("Error", 3, "", dt.timedelta(seconds=90))


@pytest.mark.parametrize(
    ("ready", "turned", "was_ready"),
    [
        pytest.param("False", "12:00:00", False, id="not-ready-since-before-this-run"),
        pytest.param("False", "12:05:00", True, id="not-ready-since-later"),
        pytest.param("True", "12:05:00", False, id="ready"),
    ],
)
def test_a_server_that_answered_in_its_present_run_is_known(ready, turned, was_ready):
    answered = {"type": "Ready", "status": ready, "lastTransitionTime": f"2026-01-01T{turned}Z"}
    running = {"running": {"startedAt": "2026-01-01T12:01:00Z"}}
    container = {"name": "inference", "started": True, "restartCount": 0, "state": running}
    status = {"phase": "Running", "conditions": [answered], "containerStatuses": [container]}

    record = pod({"metadata": {"name": "web-1", "uid": "p"}, "spec": {}, "status": status})

    assert record.was_ready is was_ready
