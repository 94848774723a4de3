"""What a region says: states, conditions, and when a status counts as moved."""

import dataclasses
import datetime as dt

import pytest

from gco.core.model.endpoint import TargetState
from gco.core.model.status import ConditionType, RegionState
from gco.core.region.actions import ObjectRef, Wait, Why
from gco.core.region.causes import Ask, Cause
from gco.core.region.drift import Drift, DriftKind
from gco.core.region.held import not_understood, outdated
from gco.core.region.observed import (
    budget_ref,
    job_ref,
    revision_ref,
    service_ref,
    workload_ref,
)
from gco.core.region.pods import Ended, Pods
from gco.core.region.stage import Stage
from gco.core.region.status import DRIFT_SHOWN, View, drift_shown_for, judge
from gco.core.region.unsettled import Problem, Unsettled, affects_ready, leaving
from tests.builders import NOW, a_regional
from tests.region.test_causes import BAD_IMAGE, CRASHED, NO_GPU, a_pod, unscheduled
from tests.region.test_stage import ALL, NOT_TAKEN_UP, NOTHING, ROUTE_REF, but

LATER = NOW + dt.timedelta(minutes=5)
DEPLOYMENT_REF, SERVICE_REF = workload_ref("web"), service_ref("web")
BUDGET_REF, REVISION_REF = budget_ref("web"), revision_ref("web-1a2b")
HTTP_ROUTE_REF = ObjectRef("HTTPRoute", "inference-web")
HPA_REF, SCALED_REF = (ObjectRef(k, "web") for k in ("HorizontalPodAutoscaler", "ScaledObject"))
MODEL_JOB_REF = job_ref("model-1a2b")
READY = a_pod(ready=True, started=True)
ASK = Ask(replicas=1, device="nvidia.com/gpu", count=1, startup_seconds=600)
REJECTED = Cause("Rejected", "Service web: spec.ports: Invalid value; correct the spec", final=True)
KILLED = a_pod(restarts=1, ended=Ended("Error", 137, ""))
BY_KEDA = {"metrics": [{"type": "waiting", "target": 4}]}
RUNNING, STOPPED, DELETED = TargetState.RUNNING, TargetState.STOPPED, TargetState.DELETED


def a_view(stage=Stage.SERVE, observed=ALL, *, unsettled=(), drift=None, **regional):
    return View(a_regional(**regional), stage, observed, ASK, unsettled, drift)


def refused(ref, cause=REJECTED):
    return Unsettled(ref, Problem.REFUSED, cause)


def fought_over(ref, *fields):
    cause = Cause("FoughtOver", f"{fields} of {ref}, changed by policy, 4 times in a row")
    return Unsettled(ref, Problem.FOUGHT_OVER, cause, fields)


def pending(ref):
    wait = Wait(ref, Why.LEAVING, ("example.com/slow",))
    return Unsettled(ref, Problem.PENDING, leaving(wait, "gco-inference"))


def holding(*wanted, old=(), leaving=0, **other):
    by_name = {f"web-{n}": p for n, p in enumerate(wanted)}
    return but(pods=Pods(by_name, {f"old-{n}": p for n, p in enumerate(old)}, leaving, ""), **other)


@pytest.mark.parametrize(
    ("view", "state", "ready", "reason"),
    [
        pytest.param(a_view(), "running", "True", "Ready", id="ready"),
        pytest.param(a_view(observed=NOTHING), "creating", "False", "StillLoading", id="begins"),
        pytest.param(
            a_view(observed=holding(unscheduled(NO_GPU), routes={})),
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
            a_view(unsettled=[pending(DEPLOYMENT_REF)]),
            "updating",
            "False",
            "Terminating",
            id="not-applied-yet",
        ),
        pytest.param(
            a_view(unsettled=[refused(SERVICE_REF)], observed=NOTHING),
            "error",
            "False",
            "Rejected",
            id="rejected",
        ),
        pytest.param(
            a_view(observed=but(routes={ROUTE_REF: NOT_TAKEN_UP})),
            "updating",
            "False",
            "RouteNotReady",
            id="no-load-balancer-yet",
        ),
        pytest.param(
            a_view(observed=NOTHING, autoscaling=BY_KEDA),
            "error",
            "False",
            "KedaNotInstalled",
            id="what-a-person-has-to-mend-wins-over-what-time-does",
        ),
        pytest.param(
            a_view(observed=holding(unscheduled(NO_GPU)), autoscaling=BY_KEDA),
            "error",
            "False",
            "WaitingForGPU",
            id="but-not-over-what-stands-in-the-way-of-pods",
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
            a_view(Stage.REST, holding(), state=STOPPED, unsettled=[refused(DEPLOYMENT_REF)]),
            "error",
            "False",
            "Rejected",
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


EVERY_KIND = {
    "Deployment": DEPLOYMENT_REF,
    "Service": SERVICE_REF,
    "Ingress": ROUTE_REF,
    "HTTPRoute": HTTP_ROUTE_REF,
    "PodDisruptionBudget": BUDGET_REF,
    "ControllerRevision": REVISION_REF,
    "HorizontalPodAutoscaler": HPA_REF,
    "ScaledObject": SCALED_REF,
    "Job": MODEL_JOB_REF,
}
SERVES = {"Deployment", "Service", "Ingress", "HTTPRoute", "Job"}
"""Kinds without which the wanted pods do not run, or no request reaches them."""


@pytest.mark.parametrize("problem", [refused, pending])
@pytest.mark.parametrize("kind", EVERY_KIND)
def test_an_object_that_is_missing_affects_ready_where_serving_needs_it(kind, problem):
    """Invariant: what keeps no request from its answer keeps Ready from nothing."""
    unsettled = problem(EVERY_KIND[kind])
    status = judge(a_view(unsettled=[unsettled]), NOW)
    drifted = status.condition(ConditionType.DRIFTED)

    if kind in SERVES:
        assert status.condition(ConditionType.READY).status == "False"
        assert (status.reason, status.message) == (unsettled.cause.reason, unsettled.cause.message)
        assert drifted.reason == "InSync"
    else:
        assert (status.state, status.reason) == (RegionState.RUNNING, "Ready")
        assert (drifted.status, drifted.reason) == ("True", unsettled.cause.reason)
        assert status.condition(ConditionType.STALLED).status == "False"


@pytest.mark.parametrize(
    ("kind", "field", "blocks"),
    [
        ("Deployment", "spec.replicas", True),
        ("Deployment", "spec.template.spec.containers[inference].image", True),
        ("Deployment", "spec.selector", True),
        ("Deployment", "spec.strategy.rollingUpdate.maxSurge", False),
        ("Deployment", "metadata.labels.team", False),
        ("Deployment", "metadata.annotations[gco.io/rendered-hash]", False),
        ("Service", "spec.selector", True),
        ("Service", "spec.ports[80/TCP].targetPort", True),
        ("Service", "metadata.labels.team", False),
        ("Ingress", "spec.rules", True),
        ("Ingress", "metadata.annotations[alb.ingress.kubernetes.io/scheme]", True),
        ("Ingress", "metadata.annotations[gco.io/rendered-hash]", False),
        ("Ingress", "metadata.labels.team", False),
        ("HTTPRoute", "spec.parentRefs", True),
        ("HTTPRoute", "metadata.labels.team", False),
        ("PodDisruptionBudget", "spec.minAvailable", False),
        ("ControllerRevision", "metadata.labels.team", False),
        ("HorizontalPodAutoscaler", "spec.maxReplicas", False),
        ("ScaledObject", "spec.triggers", False),
        ("Job", "metadata.labels.team", False),
    ],
)
def test_a_fight_affects_ready_where_it_is_over_what_answers(kind, field, blocks):
    fight = fought_over(EVERY_KIND[kind], field)
    drift = Drift(DriftKind.FOUGHT_OVER, fight.cause.message)
    status = judge(a_view(unsettled=[fight], drift=drift), NOW)

    assert status.reason == ("FoughtOver" if blocks else "Ready")
    assert status.condition(ConditionType.READY).status == ("False" if blocks else "True")
    drifted = status.condition(ConditionType.DRIFTED)
    assert (drifted.status, drifted.reason) == ("True", "FoughtOver")


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_fight_of_which_the_fields_are_unknown_affects_ready_where_it_may_be_over_answers(kind):
    fight = dataclasses.replace(fought_over(EVERY_KIND[kind]), fields=None)

    blocks = kind in SERVES - {"Job"}
    assert (judge(a_view(unsettled=[fight]), NOW).reason == "FoughtOver") is blocks


@pytest.mark.parametrize("kind", EVERY_KIND)
@pytest.mark.parametrize("stage", Stage)
def test_what_is_being_removed_is_not_gone_while_an_object_cannot_be_deleted(stage, kind):
    left = Unsettled(EVERY_KIND[kind], Problem.UNDELETED, REJECTED)
    serves = stage in (Stage.SERVE, Stage.REST)
    route = stage is Stage.REST and kind in ("Ingress", "HTTPRoute")

    assert affects_ready(left, stage) is (route or not serves)


def test_an_object_that_was_refused_leaves_nothing_behind_once_it_is_made():
    refusal = [refused(BUDGET_REF)]
    _, view = told_drift(again(a_view(), unsettled=refusal), NOW)

    over, _ = told_drift(dataclasses.replace(view, unsettled=()), LATER)

    assert (over.status, over.reason) == ("False", "InSync")


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


FIGHT = (fought_over(BUDGET_REF, "spec.minAvailable"),)
TOLD = "spec.replicas of Deployment web, changed by kubectl at 2026-01-01T12:00:00Z"


@pytest.mark.parametrize(
    ("kind", "status", "while_it_lasts"),
    [
        pytest.param(DriftKind.REPAIRED, "False", {}, id="repaired"),
        pytest.param(DriftKind.FOUGHT_OVER, "True", {"unsettled": FIGHT}, id="fought-over"),
        pytest.param(DriftKind.MUTATED, "True", {"mutated": True}, id="mutated"),
    ],
)
def test_drift_is_told_with_its_time_until_the_next_revision(kind, status, while_it_lasts):
    found = again(a_view(), drift=Drift(kind, TOLD), **while_it_lasts)
    told = judge(found, LATER)
    quiet = dataclasses.replace(
        found, drift=None, regional=found.regional.model_copy(update={"status": told})
    )

    condition = told.condition(ConditionType.DRIFTED)
    assert (condition.status, condition.reason, condition.message) == (status, kind.value, TOLD)
    assert condition.last_transition_time == LATER
    assert judge(quiet, LATER) == told
    newer = quiet.regional.spec.model_copy(update={"revision": 2})
    moved = quiet.regional.model_copy(update={"spec": newer})
    reset = judge(dataclasses.replace(quiet, regional=moved), LATER)
    assert reset.condition(ConditionType.DRIFTED).reason == "InSync"


def told_drift(view, now):
    said = judge(view, now)
    return said.condition(ConditionType.DRIFTED), dataclasses.replace(
        view, drift=None, regional=view.regional.model_copy(update={"status": said})
    )


@pytest.mark.parametrize("kind", [DriftKind.FOUGHT_OVER, DriftKind.MUTATED])
def test_a_drift_that_lasted_is_over_once_everything_stands_as_it_should(kind):
    _, view = told_drift(again(a_view(), drift=Drift(kind, TOLD)), NOW)

    over, _ = told_drift(view, LATER)

    assert (over.status, over.reason) == ("False", kind.value)
    assert over.last_transition_time == LATER


def test_a_fight_that_goes_on_writes_no_status():
    lasting = {"drift": Drift(DriftKind.FOUGHT_OVER, TOLD), "unsettled": FIGHT}
    view = again(a_view(), **lasting)

    assert judge(again(view), LATER) == judge(view, NOW)


def test_a_drift_that_is_over_is_told_for_a_day():
    _, view = told_drift(again(a_view(), drift=Drift(DriftKind.REPAIRED, TOLD)), NOW)
    end = NOW + DRIFT_SHOWN

    assert drift_shown_for(view, NOW) == DRIFT_SHOWN.total_seconds()
    assert told_drift(view, end - dt.timedelta(seconds=1))[0].reason == "Repaired"
    forgotten, view = told_drift(view, end)
    assert forgotten.reason == "InSync"
    assert drift_shown_for(view, end) is None


def test_a_replica_that_was_killed_once_is_no_failure():
    status = judge(again(a_view(), observed=holding(KILLED)), LATER)

    assert status.state is RegionState.UPDATING
    assert status.reason == "StillLoading"
    assert "restarted once: exit code 137" in status.message
    assert status.condition(ConditionType.STALLED).status == "False"


def test_what_waiting_will_not_mend_is_told_though_another_cause_ranks_higher():
    status = judge(a_view(observed=holding(CRASHED, unscheduled(NO_GPU))), NOW)

    assert status.reason == "WaitingForGPU"
    assert status.condition(ConditionType.STALLED).reason == "CrashLooping"
    assert status.state is RegionState.ERROR
    assert "exit code 1" in status.error


def test_a_route_that_nobody_takes_up_says_what_to_check():
    status = judge(a_view(observed=but(routes={ROUTE_REF: NOT_TAKEN_UP})), NOW)

    assert "IngressClass alb" in status.message
    assert "kubectl describe ingress inference-web -n gco-inference" in status.message


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


def test_a_spec_of_another_version_is_said_to_be_not_understood():
    before = judge(a_view(), NOW)

    told = not_understood(
        before.uid, 7, "spec.endpoint.warp: unknown", generation=3, previous=before, now=LATER
    )

    assert (told.state, told.reason, told.observed_revision) == ("error", "NotUnderstood", 7)
    assert "upgrade the monitor" in told.message
    assert (told.replicas_ready, told.condition(ConditionType.STALLED).status) == (1, "True")
    assert told == not_understood(
        before.uid,
        7,
        "spec.endpoint.warp: unknown",
        generation=3,
        previous=told,
        now=LATER + dt.timedelta(hours=1),
    )
