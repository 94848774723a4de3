"""When a route leaves because nothing behind it answers, and what is no outage."""

import dataclasses
import datetime as dt

import pytest

from gco.core.region.desired import desired
from gco.core.region.freeze import freeze
from gco.core.region.pods import Pods
from gco.core.region.render.template import pod_template
from gco.core.region.stage import Stage
from gco.core.region.watchdog import Watchdog
from tests.builders import NOW, UID, WEB, a_regional
from tests.region.test_causes import a_pod, ago, unscheduled
from tests.region.test_stage import ALL, NOTHING, ROUTE_REF, but, closing

WATCHDOG = Watchdog(threshold=dt.timedelta(seconds=300), startup=dt.timedelta(seconds=600))
READY = a_pod(ready=True, started=True)


def pods(*wanted, old=()):
    return Pods(
        {f"web-{n}": p for n, p in enumerate(wanted)},
        {f"old-{n}": p for n, p in enumerate(old)},
        0,
        "",
    )


def regional(*, silent_for=None, **spec):
    """An endpoint whose status says that it has been silent for so many seconds."""
    status = closing("Ready", since=dt.timedelta(hours=1))
    since = None if silent_for is None else ago(silent_for)
    return a_regional(status=status.model_copy(update={"silent_since": since}), **spec)


@pytest.mark.parametrize(
    ("observed", "silent"),
    [
        pytest.param(but(pods=pods(a_pod())), True, id="a-pod-that-does-not-answer"),
        pytest.param(but(pods=pods()), True, id="no-pod-at-all"),
        pytest.param(but(pods=pods(a_pod(), READY)), False, id="one-of-two-answers"),
        pytest.param(but(pods=pods(a_pod(), old=[READY])), False, id="an-old-pod-answers"),
        pytest.param(dataclasses.replace(NOTHING, pods=pods(a_pod())), False, id="no-route-yet"),
    ],
)
def test_what_is_silence(observed, silent):
    since = WATCHDOG.silent_since(regional(), observed, Stage.SERVE, NOW)

    assert since == (NOW if silent else None)


def test_silence_is_counted_from_its_first_moment_also_once_the_route_is_away():
    before = regional(silent_for=900)
    without = dataclasses.replace(NOTHING, pods=pods(a_pod()))

    assert WATCHDOG.silent_since(before, but(pods=pods()), Stage.SERVE, NOW) == ago(900)
    assert WATCHDOG.silent_since(before, without, Stage.SERVE, NOW) == ago(900)
    assert WATCHDOG.silent_since(before, but(pods=pods(READY)), Stage.SERVE, NOW) is None
    assert WATCHDOG.silent_since(before, but(pods=pods()), Stage.CLOSE, NOW) is None


def test_what_another_endpoint_of_the_name_was_silent_for_does_not_count():
    status = closing("Ready", since=dt.timedelta(hours=1))
    other = status.model_copy(update={"silent_since": ago(900), "uid": f"{UID}-before"})

    since = WATCHDOG.silent_since(a_regional(status=other), but(pods=pods()), Stage.SERVE, NOW)

    assert since == NOW


LOADING = a_pod(running_since=ago(400), unready_since=ago(420))
PULLING = a_pod(waiting="ContainerCreating", unready_since=ago(400))
HUNG = a_pod(started=True, running_since=ago(9000), unready_since=ago(400))
RELOADS = a_pod(restarts=1, running_since=ago(10), unready_since=ago(400))
LOADS_AGAIN = a_pod(restarts=9, running_since=ago(10), unready_since=ago(9000))
CRASHES = a_pod(restarts=9, waiting="CrashLoopBackOff", unready_since=ago(100))
NO_IMAGE = a_pod(waiting="ImagePullBackOff", unready_since=ago(100))


@pytest.mark.parametrize(
    ("found", "in_seconds"),
    [
        pytest.param(pods(), -100, id="nothing-there"),
        pytest.param(pods(HUNG), -100, id="a-server-that-hangs"),
        pytest.param(pods(unscheduled("no room")), -100, id="no-node-takes-it"),
        pytest.param(pods(NO_IMAGE), -100, id="no-image"),
        pytest.param(pods(CRASHES), -100, id="a-crash-loop"),
        pytest.param(pods(LOADS_AGAIN), -100, id="a-budget-is-given-once"),
        pytest.param(pods(LOADING), 500, id="a-load-that-is-longer-than-the-threshold"),
        pytest.param(pods(HUNG, LOADING), 500, id="one-of-two-loads"),
        pytest.param(pods(old=[LOADING]), 500, id="an-old-pod-loads"),
        pytest.param(pods(PULLING), 500, id="an-image-on-its-way"),
        pytest.param(pods(RELOADS), 500, id="a-restart-after-it-answered"),
    ],
)
def test_when_the_route_leaves(found, in_seconds):
    silent, observed = regional(silent_for=400), but(pods=found)

    assert WATCHDOG.ends(silent, observed) == NOW + dt.timedelta(seconds=in_seconds)
    assert WATCHDOG.bites(silent, observed, Stage.SERVE, NOW) is (in_seconds <= 0)
    assert WATCHDOG.left(silent, observed, NOW) == (in_seconds if in_seconds > 0 else None)


def test_a_pod_that_answers_ends_it_before_the_status_says_so():
    assert not WATCHDOG.bites(regional(silent_for=9000), ALL, Stage.SERVE, NOW)
    assert WATCHDOG.left(regional(silent_for=9000), ALL, NOW) is None


@pytest.mark.parametrize(("minimum", "due"), [(0, False), (1, True)])
def test_an_endpoint_that_may_scale_to_zero_is_idle_without_pods(minimum, due):
    idle = regional(silent_for=9000, autoscaling={"min": minimum})

    assert WATCHDOG.bites(idle, but(pods=pods()), Stage.SERVE, NOW) is due
    assert WATCHDOG.bites(idle, but(pods=pods(HUNG)), Stage.SERVE, NOW)


def test_silent_the_routes_go_and_are_not_made_again_until_a_pod_answers():
    web = regional(silent_for=9000)
    template = freeze(WEB, web.spec.template_key, 1, pod_template(web))
    away = desired(web, but(pods=pods()), Stage.SERVE, template, silent=True)
    gone = dataclasses.replace(ALL, routes={}, pods=pods())

    assert ROUTE_REF not in away.objects
    assert ROUTE_REF not in away.keep
    assert ROUTE_REF in away.why
    assert ROUTE_REF not in desired(web, gone, Stage.SERVE, template).objects
    assert ROUTE_REF in desired(web, but(routes={}), Stage.SERVE, template).objects
