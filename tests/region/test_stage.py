"""How far an endpoint is on its way up or out, and which objects are wanted on the way."""

import dataclasses
import datetime as dt

import pytest

from gco.core.model.endpoint import TargetState
from gco.core.model.regional import RegionalStatus
from gco.core.model.status import Condition, ConditionType, RegionState
from gco.core.region.desired import desired
from gco.core.region.freeze import freeze
from gco.core.region.observe import Child, Frozen, Route, Workload
from gco.core.region.observed import (
    Observed,
    budget_ref,
    revision_ref,
    service_ref,
    workload_ref,
)
from gco.core.region.pods import Pods
from gco.core.region.render.template import pod_template
from gco.core.region.routing import main_route
from gco.core.region.stage import Stage, look_again, stage_of
from gco.kinds.packed import pack
from tests.builders import NOW, UID, WEB, a_regional
from tests.region.test_causes import a_pod

COMMON = {
    "uid": "u",
    "app": WEB,
    "endpoint_uid": UID,
    "labelled": True,
    "deleting": False,
    "applied_hash": "h",
    "owned_hash": "o",
}
WORKLOAD = Workload(**COMMON, template="t", template_key=None, blocked="")
SERVICE = BUDGET = Child(**COMMON)
ROUTE = Route(**COMMON, address="lb", taken_up=True, problem="", weighted=False)
ROUTE_REF = main_route(a_regional())
FROZEN = Frozen(
    **COMMON,
    endpoint=WEB,
    template_key="k",
    number=1,
    data=pack({"spec": {}}),
    grace=60,
    created="2026",
)
NOTHING = Observed(None, None, None, {}, {}, Pods({}, {}, 0, ""))
ONE_POD = Pods({"web-1": a_pod(ready=True)}, {}, 0, "")
ALL = Observed(WORKLOAD, SERVICE, BUDGET, {ROUTE_REF: ROUTE}, {"web-1": FROZEN}, ONE_POD)


def closing(reason: str, *, since: dt.timedelta) -> RegionalStatus:
    at = NOW - since
    ready = Condition(
        type=ConditionType.READY, status="False", reason=reason, last_transition_time=at
    )
    return RegionalStatus(
        uid=UID,
        state=RegionState.DELETING,
        observed_revision=1,
        last_transition=at,
        conditions=(ready,),
    )


def but(**changed) -> Observed:
    return dataclasses.replace(ALL, **changed)


RUNNING, STOPPED, DELETED = TargetState.RUNNING, TargetState.STOPPED, TargetState.DELETED
NO_PODS = Pods({}, {}, 0, "")
LEAVING = Pods({}, {}, 1, "")
LATE = dt.timedelta(seconds=181)


@pytest.mark.parametrize(
    ("state", "replicas", "observed", "since", "expected"),
    [
        pytest.param(RUNNING, 1, NOTHING, None, Stage.SERVE, id="begins"),
        pytest.param(RUNNING, 1, ALL, None, Stage.SERVE, id="serves"),
        pytest.param(RUNNING, 0, ALL, None, Stage.CLOSE, id="scaled-to-zero-the-route-goes-first"),
        pytest.param(STOPPED, 1, ALL, None, Stage.CLOSE, id="stopped-the-route-goes-first"),
        pytest.param(STOPPED, 1, but(routes={}), None, Stage.REST, id="then-the-pods"),
        pytest.param(STOPPED, 1, ALL, LATE, Stage.REST, id="a-route-that-stays-is-not-waited-for"),
        pytest.param(DELETED, 1, ALL, None, Stage.CLOSE, id="deleted-the-route-goes-first"),
        pytest.param(DELETED, 1, but(routes={}), None, Stage.DRAIN, id="then-the-workload"),
        pytest.param(
            DELETED,
            1,
            but(routes={}, workload=None, pods=LEAVING),
            None,
            Stage.DRAIN,
            id="pods-on-their-way-out-are-waited-for",
        ),
        pytest.param(
            DELETED,
            1,
            but(routes={}, workload=None, pods=LEAVING),
            LATE,
            Stage.REMOVE,
            id="but-not-for-ever",
        ),
        pytest.param(
            DELETED, 1, but(routes={}, workload=None, pods=NO_PODS), None, Stage.REMOVE, id="rest"
        ),
        pytest.param(
            DELETED,
            1,
            dataclasses.replace(NOTHING, pods=LEAVING),
            LATE,
            Stage.REMOVE,
            id="a-pod-that-is-left-is-not-gone",
        ),
        pytest.param(DELETED, 1, NOTHING, None, Stage.GONE, id="gone"),
    ],
)
def test_stage(state, replicas, observed, since, expected):
    status = None if since is None else closing("Deleting", since=since)
    regional = a_regional(state=state, replicas=replicas, status=status)

    assert stage_of(regional, observed, NOW) is expected


def test_what_is_not_ours_holds_no_deletion_up():
    foreign = dataclasses.replace(SERVICE, endpoint_uid="someone-else")
    regional = a_regional(state=DELETED)

    assert stage_of(regional, dataclasses.replace(NOTHING, service=foreign), NOW) is Stage.GONE


def test_what_is_wanted_in_each_stage():
    regional = a_regional()
    template = freeze(WEB, regional.spec.template_key, 1, pod_template(regional))
    held = revision_ref(template.name)
    wanted = {
        stage: set(desired(regional, ALL, stage, template).objects)
        for stage in (Stage.SERVE, Stage.REST, Stage.CLOSE, Stage.DRAIN, Stage.REMOVE)
    }

    old = revision_ref("web-1")
    always = (workload_ref(WEB), service_ref(WEB), budget_ref(WEB))
    assert wanted == {
        Stage.SERVE: {held, old, *always, ROUTE_REF},
        Stage.REST: {held, old, *always},
        Stage.CLOSE: set(),
        Stage.DRAIN: set(),
        Stage.REMOVE: set(),
    }
    assert desired(regional, ALL, Stage.CLOSE, None).keep == {
        *always,
        old,
    }
    assert desired(regional, ALL, Stage.DRAIN, None).keep == {
        service_ref(WEB),
        budget_ref(WEB),
        old,
    }


@pytest.mark.parametrize(
    ("observed", "routed"),
    [
        pytest.param(NOTHING, False, id="not-before-a-pod-answers"),
        pytest.param(but(pods=NO_PODS, routes={}), False, id="not-for-a-service-alone"),
        pytest.param(dataclasses.replace(NOTHING, pods=ONE_POD), False, id="not-without-a-service"),
        pytest.param(but(pods=ONE_POD, routes={}), True, id="once-one-does"),
        pytest.param(
            but(pods=Pods({}, {"old": a_pod(ready=True)}, 0, ""), routes={}),
            True,
            id="of-whatever-template",
        ),
        pytest.param(but(pods=NO_PODS), True, id="it-stays-through-a-gap"),
    ],
)
def test_when_the_route_is_wanted(observed, routed):
    regional = a_regional()
    template = freeze(WEB, regional.spec.template_key, 1, pod_template(regional))

    assert (ROUTE_REF in desired(regional, observed, Stage.SERVE, template).objects) is routed


NGINX = a_regional(route={"backend": "nginx"})
NGINX_REF = main_route(NGINX)
NOT_TAKEN_UP = dataclasses.replace(ROUTE, address="", taken_up=False)
FOREIGN = dataclasses.replace(ROUTE, endpoint_uid="someone-else")


@pytest.mark.parametrize(
    ("found", "kept"),
    [
        pytest.param({ROUTE_REF: ROUTE}, {ROUTE_REF}, id="the-new-one-is-made-first"),
        pytest.param(
            {ROUTE_REF: ROUTE, NGINX_REF: NOT_TAKEN_UP}, {ROUTE_REF}, id="the-old-one-still-answers"
        ),
        pytest.param({ROUTE_REF: ROUTE, NGINX_REF: FOREIGN}, {ROUTE_REF}, id="the-name-is-taken"),
        pytest.param({ROUTE_REF: ROUTE, NGINX_REF: ROUTE}, set(), id="then-the-old-one-goes"),
    ],
)
def test_a_route_that_moves_to_another_backend_answers_all_the_time(found, kept):
    template = freeze(WEB, NGINX.spec.template_key, 1, pod_template(NGINX))

    wanted = desired(NGINX, but(routes=found), Stage.SERVE, template)

    assert NGINX_REF in wanted.objects
    assert ROUTE_REF not in wanted.objects
    assert wanted.keep == kept


def test_a_route_leaves_whichever_backends_it_is_at():
    found = {ROUTE_REF: ROUTE, NGINX_REF: ROUTE}
    observed = but(routes=found)

    assert stage_of(a_regional(state=STOPPED), observed, NOW) is Stage.CLOSE
    assert not found.keys() & desired(NGINX, observed, Stage.CLOSE, None).keep


def test_a_wait_ends_when_it_is_over():
    status = closing("Deleting", since=dt.timedelta(seconds=20))
    regional = a_regional(state=DELETED, status=status)

    assert look_again(regional, ALL, Stage.CLOSE, NOW) == 40
    assert look_again(regional, ALL, Stage.DRAIN, NOW) == 160
    assert look_again(regional, ALL, Stage.REMOVE, NOW) is None
