"""What a region says: states, conditions, and when a status counts as moved."""

import dataclasses
import datetime as dt

import pytest

from gco.core.model.endpoint import TargetState
from gco.core.model.status import ConditionType, RegionState
from gco.core.region.causes import Ask, Cause
from gco.core.region.drift import Drift, DriftKind
from gco.core.region.pods import Pods
from gco.core.region.stage import Stage
from gco.core.region.status import View, judge, outdated
from tests.builders import NOW, a_regional
from tests.region.test_causes import BAD_IMAGE, CRASHED, NO_GPU, a_pod, unscheduled
from tests.region.test_stage import ALL, NOTHING, but

LATER = NOW + dt.timedelta(minutes=5)
READY = a_pod(ready=True, started=True)
ASK = Ask(replicas=1, device="nvidia.com/gpu", count=1, startup_seconds=600)
REJECTED = Cause("Rejected", "Service web: spec.ports: Invalid value; correct the spec")
RUNNING, STOPPED, DELETED = TargetState.RUNNING, TargetState.STOPPED, TargetState.DELETED


def a_view(stage=Stage.SERVE, observed=ALL, *, settled=True, failures=(), drift=None, **regional):
    return View(a_regional(**regional), stage, observed, ASK, settled, failures, drift)


def holding(*wanted, old=(), leaving=0, **other):
    by_name = {f"web-{n}": p for n, p in enumerate(wanted)}
    return but(pods=Pods(by_name, {f"old-{n}": p for n, p in enumerate(old)}, leaving, ""), **other)


@pytest.mark.parametrize(
    ("view", "state", "ready", "reason"),
    [
        pytest.param(a_view(), "running", "True", "Ready", id="ready"),
        pytest.param(a_view(observed=NOTHING), "creating", "False", "StillLoading", id="begins"),
        pytest.param(
            a_view(observed=holding(unscheduled(NO_GPU), route=None)),
            "pending",
            "False",
            "WaitingForGPU",
            id="no-node",
        ),
        pytest.param(
            a_view(observed=holding(CRASHED)), "error", "False", "CrashLooping", id="crash"
        ),
        pytest.param(
            a_view(observed=holding(BAD_IMAGE, old=[READY])),
            "updating",
            "False",
            "ImagePullFailed",
            id="bad-image-while-old-pods-answer",
        ),
        pytest.param(
            a_view(observed=holding(old=[READY])),
            "updating",
            "False",
            "StillLoading",
            id="old-pods-do-not-count",
        ),
        pytest.param(
            a_view(settled=False), "updating", "False", "StillLoading", id="not-applied-yet"
        ),
        pytest.param(
            a_view(failures=[REJECTED], observed=NOTHING),
            "error",
            "False",
            "Rejected",
            id="rejected",
        ),
        pytest.param(
            a_view(observed=but(route=dataclasses.replace(ALL.route, address=""))),
            "updating",
            "False",
            "RouteNotReady",
            id="no-load-balancer-yet",
        ),
        pytest.param(
            a_view(Stage.REST, holding(), replicas=0),
            "running",
            "True",
            "ScaledToZero",
            id="scaled-to-zero",
        ),
        pytest.param(
            a_view(Stage.REST, holding(leaving=1), state=STOPPED),
            "stopping",
            "False",
            "Stopping",
            id="stopping-until-the-last-pod-is-gone",
        ),
        pytest.param(
            a_view(Stage.REST, holding(), state=STOPPED), "stopped", "True", "Stopped", id="stopped"
        ),
        pytest.param(
            a_view(Stage.REST, holding(), state=STOPPED, settled=False),
            "stopping",
            "False",
            "Stopping",
            id="stopping-until-applied",
        ),
        pytest.param(
            a_view(Stage.CLOSE, state=DELETED), "deleting", "False", "Deleting", id="deleting"
        ),
        pytest.param(
            a_view(Stage.GONE, NOTHING, state=DELETED), "deleted", "False", "Deleted", id="deleted"
        ),
    ],
)
def test_state_and_the_reason_that_wins(view, state, ready, reason):
    status = judge(view, NOW)

    summary = status.condition(ConditionType.READY)
    assert (status.state, summary.status, summary.reason) == (state, ready, reason)
    assert (status.error is not None) is (state == "error")


def again(view: View, **changed) -> View:
    """The next look, with what was said the first time in the custom resource."""
    said = view.regional.model_copy(update={"status": judge(view, NOW)})
    return dataclasses.replace(view, regional=said, **changed)


def test_a_status_is_the_same_for_as_long_as_nothing_changed():
    view = a_view()

    assert judge(again(view), LATER) == judge(view, NOW)


def test_a_transition_is_dated_and_what_did_not_change_keeps_its_date():
    before = a_view(observed=holding(a_pod()))
    after = judge(again(before, observed=ALL), LATER)

    assert after.last_transition == LATER
    assert after.condition(ConditionType.READY).last_transition_time == LATER
    assert after.condition(ConditionType.ROUTE_READY).last_transition_time == NOW


def test_the_same_readiness_at_a_new_revision_is_a_transition():
    view = a_view()
    regional = again(view).regional
    newer = regional.model_copy(update={"spec": regional.spec.model_copy(update={"revision": 2})})

    assert judge(dataclasses.replace(view, regional=newer), LATER).last_transition == LATER


def test_what_another_endpoint_of_that_name_said_is_not_built_upon():
    view = again(a_view())
    other = view.regional.spec.model_copy(update={"uid": "another"})
    regional = view.regional.model_copy(update={"spec": other})

    assert judge(dataclasses.replace(view, regional=regional), LATER).last_transition == LATER


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        (DriftKind.REPAIRED, "False"),
        (DriftKind.FOUGHT_OVER, "True"),
        (DriftKind.MUTATED, "True"),
    ],
)
def test_drift_is_told_until_the_next_revision(kind, status):
    found = again(a_view(), drift=Drift(kind, "Deployment web: spec.replicas, changed by kubectl"))
    told = judge(found, LATER)
    quiet = dataclasses.replace(
        found, drift=None, regional=found.regional.model_copy(update={"status": told})
    )

    condition = told.condition(ConditionType.DRIFTED)
    assert (condition.status, condition.reason) == (status, kind.value)
    assert condition.last_transition_time == LATER
    assert judge(quiet, LATER) == told
    newer = quiet.regional.spec.model_copy(update={"revision": 2})
    moved = quiet.regional.model_copy(update={"spec": newer})
    reset = judge(dataclasses.replace(quiet, regional=moved), LATER)
    assert reset.condition(ConditionType.DRIFTED).reason == "InSync"


def test_a_custom_resource_that_was_made_again_says_so():
    view = a_view()
    recreated = view.regional.model_copy(update={"recreated_at": "2026-01-01T00:00:00Z"})

    told = judge(dataclasses.replace(view, regional=recreated), NOW)

    condition = told.condition(ConditionType.DRIFTED)
    assert condition.reason == "DeletedOutsideGCO"
    assert "2026-01-01T00:00:00Z" in condition.message
    assert told.ready == "1/1"


def test_a_lower_revision_is_refused_and_the_rest_of_the_status_stands():
    newer = judge(a_view(revision=5), NOW)
    regional = a_regional(revision=4, status=newer)

    refused = outdated(regional, LATER)

    assert refused is not None
    assert refused.observed_revision == 5
    assert refused.state is RegionState.RUNNING
    assert refused.condition(ConditionType.STALLED).reason == "RevisionOutdated"
    assert outdated(regional.model_copy(update={"status": refused}), LATER) == refused


@pytest.mark.parametrize("revision", [5, 6])
def test_the_same_or_a_higher_revision_is_not(revision):
    regional = a_regional(revision=revision, status=judge(a_view(revision=5), NOW))

    assert outdated(regional, LATER) is None
