"""What a person sees of an endpoint over all its regions."""

import datetime as dt

import pytest

from gco.core.fleet.summary import format_seconds, roll_up, silent_for, view_region
from gco.core.model.endpoint import CanaryTarget, EndpointState, TargetState
from gco.core.model.ids import TemplateKey
from gco.core.model.status import ConditionType, RegionState
from tests.fleet.builders import (
    EAST,
    NOW,
    SOUTH,
    WEST,
    condition,
    endpoint,
    region,
    status,
    target,
)

GONE = TargetState.DELETED


def view(wanted=None, said=None, where=None, name=EAST):
    return view_region(name, wanted or target(), said, where or region(name), NOW, path="/p")


def line(state=EndpointState.DEPLOYING, /, **rows):
    names = {"east": EAST, "west": WEST, "south": SOUTH}
    views = [view(*row, name=names[key]) for key, row in rows.items()]
    return roll_up(endpoint(state), views)


WAITING = status(
    WEST, ready=False, reason="WaitingForGPU", message="4 requested, 1 free; next: free a GPU"
)
LONG_AGO = NOW - dt.timedelta(seconds=200)


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        pytest.param(
            line(east=(None, status()), west=(None, WAITING)),
            "1/2 regions ready; eu-west-1: WaitingForGPU (4 requested, 1 free)",
            id="one-waits",
        ),
        pytest.param(
            line(east=(None, None), west=(None, None)),
            "0/2 regions ready; us-east-1, eu-west-1: Pending (the region has not reported yet)",
            id="regions-with-the-same-cause-share-a-part",
        ),
        pytest.param(line(east=(None, status())), "1/1 regions ready", id="all-ready"),
        pytest.param(
            line(east=(None, None)),
            "0/1 regions ready; us-east-1: Pending (the region has not reported yet)",
            id="nothing-was-said",
        ),
        pytest.param(
            line(east=(target(revision=2), status())),
            "0/1 regions ready; us-east-1: Pending (the region is at revision 1)",
            id="ready-at-an-older-revision-is-not-ready",
        ),
        pytest.param(
            line(east=(None, status()), west=(target(GONE), status(WEST))),
            "1/1 regions ready; eu-west-1: Removing",
            id="a-removed-region-does-not-count",
        ),
        pytest.param(
            line(
                EndpointState.STOPPED,
                east=(target(TargetState.STOPPED), status(state=RegionState.STOPPED)),
            ),
            "1/1 regions stopped",
            id="stopped",
        ),
        pytest.param(
            line(
                EndpointState.DELETED,
                east=(target(GONE), status(state=RegionState.DELETED)),
                west=(target(GONE), status(WEST)),
            ),
            "deleting: gone from 1/2 regions; eu-west-1: Removing",
            id="deleting",
        ),
        pytest.param(
            line(
                east=(None, status()),
                west=(None, status(WEST, replicas=(2, 2)), region(WEST, heartbeat=LONG_AGO)),
            ),
            "1/2 regions ready; eu-west-1: RegionSilent (no heartbeat for 3m 20s)",
            id="a-silent-region-is-not-ready-whatever-it-said",
        ),
    ],
)
def test_roll_up(told, expected):
    assert told == expected


def test_a_silent_region_shows_what_it_said_as_what_it_said_then():
    seen = view(None, status(replicas=(2, 2)), region(heartbeat=LONG_AGO))

    assert (seen.state, seen.replicas_ready, seen.done) == (None, None, False)
    assert seen.silent_seconds == 200
    assert seen.message == "no heartbeat for 3m 20s; last said: running 2/2 at revision 1"


@pytest.mark.parametrize(
    ("seconds", "silent"),
    [pytest.param(90, False, id="three-periods"), pytest.param(91, True, id="more")],
)
def test_a_region_is_silent_after_three_heartbeat_periods(seconds, silent):
    heard = region(heartbeat=NOW - dt.timedelta(seconds=seconds), heartbeat_seconds=30)

    assert (silent_for(heard, NOW) is not None) is silent


def test_a_region_that_is_not_registered_any_more_is_unknown():
    seen = view_region(EAST, target(), status(), None, NOW, path="/p")

    assert (seen.reason, seen.done) == ("RegionUnknown", False)


def test_what_a_former_endpoint_of_that_name_said_is_not_shown():
    assert view(None, status(uid="former")).reason == "Pending"


@pytest.mark.parametrize(
    ("said", "failed"),
    [
        pytest.param(status(ready=False, state=RegionState.ERROR), True, id="error"),
        pytest.param(status(ready=False, stalled=True), True, id="stalled"),
        pytest.param(status(ready=False), False, id="on-its-way"),
        pytest.param(
            status(ready=False, state=RegionState.ERROR, revision=0), False, id="older-revision"
        ),
    ],
)
def test_failed_means_that_it_will_not_get_there_by_itself(said, failed):
    assert view(None, said).failed is failed


def test_a_canary_that_does_not_serve_is_told_though_the_endpoint_is_ready():
    canary = CanaryTarget(template_key=TemplateKey("new"), weight=10, replicas=1)
    said = condition(ConditionType.CANARY_READY, False, "ImagePullFailed", "a:1 cannot be pulled")

    found = view(target(canary=canary), status(extra=(said,)))

    assert (found.done, found.reason) == (False, "ImagePullFailed")
    assert found.message == "its canary: a:1 cannot be pulled"


def test_the_url_is_the_regions_address_and_the_route():
    assert view(where=region(address="http://127.0.0.1:8080/")).url == "http://127.0.0.1:8080/p"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0s"), (41.9, "41s"), (72, "1m 12s"), (7500, "2h 5m"), (273_600, "3d 4h"), (60, "1m")],
)
def test_format_seconds(seconds, text):
    assert format_seconds(seconds) == text


@pytest.mark.parametrize(
    ("revision", "scaled", "expected"),
    [
        pytest.param(1, True, 5, id="an-autoscaler-set-it"),
        pytest.param(1, False, 1, id="nobody-but-us-sets-it"),
        pytest.param(2, True, 1, id="said-of-another-revision"),
    ],
)
def test_how_many_replicas_are_wanted_is_what_an_autoscaler_says_where_there_is_one(
    revision, scaled, expected
):
    said = status(replicas=(5, 5))
    more = (condition(ConditionType.AUTOSCALER_READY, True, "AutoscalerReady"),) if scaled else ()
    said = said.model_copy(update={"conditions": (*said.conditions, *more)})

    view = view_region(EAST, target(revision=revision), said, region(), NOW, path="/inference/web")

    assert view.replicas_desired == expected
