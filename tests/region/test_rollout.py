"""How a rollout replaces pods: chosen by what is free, planned anew when it is stuck, safe at rest."""

import dataclasses
import datetime as dt

import pytest

from gco.core.model.ids import TemplateKey
from gco.core.model.spec import Rollout
from gco.core.region.capacity import PodCounts
from gco.core.region.notes import Note, NoteKind
from gco.core.region.pods import Pods
from gco.core.region.render.deployment import strategy
from gco.core.region.replacing import Replacing
from gco.core.region.rollout import NODE_WAIT, PENDING_WAIT, Rolling
from gco.core.region.room import room_of
from tests.builders import NOW
from tests.region.test_causes import a_pod, ago
from tests.region.test_room import need, node, pod
from tests.region.test_stage import WORKLOAD

NEW, OLD = TemplateKey("new"), TemplateKey("old")
FREE = room_of({"a": node(8)}, PodCounts(), elastic=False)
FULL = room_of({"a": node(8)}, PodCounts([pod(8, "a")]), elastic=False)
SPLIT = room_of({"a": node(2), "b": node(2)}, PodCounts([pod(1, "a"), pod(1, "b")]), elastic=False)
MADE = dataclasses.replace(FULL, elastic=True)
AUTO, GAPS = Rollout(), Rollout(allow_downtime=True)
ONE_GPU = need(1)
READY = a_pod(ready=True, started=True)


def rolling(replicas=2, *, runs=OLD, step=None, rollout=AUTO, pods=None, fewest=None):
    found = Pods({}, {"old": READY}, 0, "") if pods is None else pods
    workload = dataclasses.replace(WORKLOAD, template_key=runs, replacing=step)
    least = replicas if fewest is None else fewest
    return Rolling(rollout, replicas, NEW, workload, found, least)


def pending(seconds, *notes):
    stuck = a_pod(node="", unscheduled="no room", unscheduled_since=ago(seconds))
    return Pods({"new": stuck}, {"old": READY}, 0, "", {"new": notes})


@pytest.mark.parametrize(
    ("replicas", "rollout", "room", "asked", "step"),
    [
        pytest.param(2, AUTO, FREE, ONE_GPU, Replacing.SURGE, id="one-more-fits"),
        pytest.param(
            1, AUTO, FREE, ONE_GPU, Replacing.SURGE, id="one-more-fits-beside-a-single-one"
        ),
        pytest.param(2, AUTO, FULL, ONE_GPU, Replacing.IN_PLACE, id="nothing-free"),
        pytest.param(2, AUTO, SPLIT, need(2), Replacing.IN_PLACE, id="free-on-two-nodes"),
        pytest.param(1, AUTO, FULL, ONE_GPU, Replacing.SURGE, id="a-single-one-waits"),
        pytest.param(1, GAPS, FULL, ONE_GPU, Replacing.IN_PLACE, id="a-single-one-may-go"),
        pytest.param(2, AUTO, MADE, ONE_GPU, Replacing.SURGE, id="nodes-are-made"),
        pytest.param(2, AUTO, None, ONE_GPU, None, id="not-known"),
        pytest.param(2, AUTO, FULL, need(0), None, id="no-accelerator"),
        pytest.param(2, Rollout(strategy="surge"), FULL, ONE_GPU, None, id="stated"),
    ],
)
def test_what_is_chosen_when_a_template_is_due(replicas, rollout, room, asked, step):
    found = rolling(replicas, rollout=rollout)

    assert found.due
    assert found.replacing(lambda: room, asked, NOW) is step


@pytest.mark.parametrize("step", [None, *Replacing])
@pytest.mark.parametrize("replicas", [1, 2, 9])
@pytest.mark.parametrize("room", [None, FREE, FULL, MADE])
def test_at_rest_no_pod_may_go_before_another_is_ready_whatever_is_free(step, replicas, room):
    """Whoever restarts the Deployment and sets its count does so while this stands."""
    calm = Pods({"new": READY}, {}, 0, "")

    found = rolling(replicas, runs=NEW, step=step, pods=calm)
    assert found.replacing(lambda: room, ONE_GPU, NOW) is Replacing.SURGE


@pytest.mark.parametrize("runs", [NEW, OLD])
@pytest.mark.parametrize("step", [None, *Replacing])
def test_with_several_pods_now_and_one_at_the_least_none_goes_first(step, runs):
    """The strategy follows the smallest count that can occur, not that of the moment."""
    found = rolling(4, runs=runs, step=step, fewest=1).replacing(lambda: FULL, ONE_GPU, NOW)

    assert found is not Replacing.IN_PLACE
    assert strategy(AUTO, 1, replacing=step)["rollingUpdate"]["maxUnavailable"] == 0


def test_a_gap_that_is_allowed_keeps_a_single_replica_in_place():
    found = rolling(1, runs=NEW, step=Replacing.IN_PLACE, rollout=GAPS)

    assert found.replacing(lambda: FULL, ONE_GPU, NOW) is Replacing.IN_PLACE
    assert strategy(GAPS, 1, replacing=Replacing.IN_PLACE)["rollingUpdate"]["maxUnavailable"] == 1


@pytest.mark.parametrize(
    ("replicas", "rollout", "room", "step"),
    [
        pytest.param(2, AUTO, FULL, Replacing.SURGE, id="several"),
        pytest.param(1, GAPS, FULL, Replacing.SURGE, id="a-single-one-that-may-go"),
        pytest.param(1, GAPS, None, None, id="though-nothing-was-counted"),
    ],
)
def test_a_pod_that_stays_pending_has_the_rollout_go_on_in_place(replicas, rollout, room, step):
    def after(seconds):
        stuck = rolling(replicas, runs=NEW, step=step, rollout=rollout, pods=pending(seconds))
        return stuck.replacing(lambda: room, ONE_GPU, NOW), stuck.replan_in(lambda: room, NOW)

    assert after(29) == (step, 1)
    assert after(30) == (Replacing.IN_PLACE, 0)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(
            rolling(1, runs=NEW, step=Replacing.SURGE, pods=pending(9999)), id="the-last-pod-stays"
        ),
        pytest.param(
            rolling(2, runs=NEW, step=Replacing.IN_PLACE, pods=pending(9999)), id="in-place-already"
        ),
        pytest.param(
            rolling(2, runs=NEW, step=None, pods=pending(9999)), id="one-out-one-in-already"
        ),
        pytest.param(
            rolling(2, runs=NEW, rollout=Rollout(strategy="surge"), step=None, pods=pending(9999)),
            id="stated",
        ),
        pytest.param(
            rolling(
                2,
                runs=NEW,
                step=Replacing.SURGE,
                pods=dataclasses.replace(pending(9999), old={}),
            ),
            id="no-old-pod-left-to-go",
        ),
    ],
)
def test_else_a_pending_pod_changes_nothing(found):
    assert found.replacing(lambda: FULL, ONE_GPU, NOW) is found.workload.replacing
    assert found.replan_in(lambda: FULL, NOW) is None


NO_NODE = Note("new", "p", NoteKind.NO_NODE, "all exceed limits", "2")
COMES = Note("new", "p", NoteKind.NODE_COMES, "gpu-1", "1")


@pytest.mark.parametrize(
    ("notes", "wait"),
    [
        pytest.param([], NODE_WAIT, id="nothing-said"),
        pytest.param([COMES], NODE_WAIT, id="a-node-comes"),
        pytest.param([COMES, NO_NODE], PENDING_WAIT, id="no-node-can-be-made"),
    ],
)
def test_where_nodes_are_made_their_coming_is_waited_for(notes, wait):
    stuck = rolling(2, runs=NEW, step=Replacing.SURGE, pods=pending(0, *notes))

    assert stuck.replan_in(lambda: MADE, NOW) == wait.total_seconds()
    assert stuck.replacing(lambda: MADE, ONE_GPU, NOW + wait) is Replacing.IN_PLACE
    assert (
        stuck.replacing(lambda: MADE, ONE_GPU, NOW + wait - dt.timedelta(seconds=1))
        is Replacing.SURGE
    )


def test_a_new_endpoint_and_one_that_runs_its_template_have_no_rollout():
    new = Rolling(AUTO, 1, NEW, None, Pods({}, {}, 0, ""), 1)

    assert (new.due, new.under_way, new.held) == (False, False, False)
    assert rolling(1).held
    assert not rolling(2).held
    assert not rolling(1, runs=NEW, pods=Pods({"new": READY}, {}, 0, "")).held


@pytest.mark.parametrize(
    ("step", "surge", "unavailable"),
    [(Replacing.SURGE, 1, 0), (Replacing.IN_PLACE, 0, 1), (None, 1, "50%")],
)
def test_what_the_deployment_is_told(step, surge, unavailable):
    told = strategy(AUTO, 2, replacing=step)["rollingUpdate"]

    assert told == {"maxSurge": surge, "maxUnavailable": unavailable}
    assert strategy(Rollout(strategy="recreate"), 2, replacing=step) == {"type": "Recreate"}


@pytest.mark.parametrize(
    ("running", "raised", "share"),
    [
        pytest.param(2, 0, "50%", id="two"),
        pytest.param(3, 0, "34%", id="three"),
        pytest.param(8, 0, "13%", id="eight"),
        pytest.param(8, 38, "38%", id="three-of-eight-for-want-of-room"),
        pytest.param(2, 38, "50%", id="scaled-down-meanwhile"),
        pytest.param(3, 100, "99%", id="never-all"),
        pytest.param(500, 0, "1%", id="many"),
    ],
)
def test_where_nothing_was_counted_one_pod_is_a_share_of_those_that_run(running, raised, share):
    """A share of a single pod is none: a scale to 1 by someone else ends no last pod."""
    told = strategy(AUTO, 2, running=running, unavailable=raised)["rollingUpdate"]

    assert told == {"maxSurge": 1, "maxUnavailable": share}
