"""What is done about a canary, and what share of the requests it may have; a table of situations."""

import dataclasses
import datetime as dt

import pytest

from gco.core.model.canary import canary_name
from gco.core.model.regional import RegionalStatus
from gco.core.model.status import Condition, ConditionType, RegionState
from gco.core.region.canary import SETTLE, Step, Trial, settles_in, trial_of
from gco.core.region.observed import NO_CANARY
from gco.core.region.pods import Pods
from gco.core.region.stage import Stage
from tests.builders import NOW, UID, WEB, a_regional
from tests.region.test_stage import ALL

NEW = "vllm/vllm-openai:v9"
TEN = {"image": NEW, "weight": 10}
SPEC = a_regional(canary=TEN).spec


def a_pod(*, ready=True, room=True):
    """Return a pod that is ready, starts, or waits for room."""
    [pod] = ALL.pods.wanted.values()
    waits = {} if room else {"node": "", "unscheduled": "0/1 nodes: Insufficient nvidia.com/gpu"}
    return dataclasses.replace(pod, ready=ready and room, **waits)


def own(*wanted, old=()):
    """Return pods of the wanted template, and those of an older one."""
    return Pods(
        {f"w{n}": pod for n, pod in enumerate(wanted)},
        {f"o{n}": p for n, p in enumerate(old)},
        0,
        "",
    )


def there(*pods, key=None, weighted=False, stable=None, stable_key=None, service=None):
    """Return a canary with `pods`, of the wanted template unless `key` says another."""
    workload = dataclasses.replace(ALL.workload, app=canary_name(WEB))
    canary = SPEC.canary.template_key if key is None else key
    return dataclasses.replace(
        ALL,
        workload=dataclasses.replace(ALL.workload, template_key=stable_key or SPEC.template_key),
        pods=ALL.pods if stable is None else stable,
        routes={ref: dataclasses.replace(r, weighted=weighted) for ref, r in ALL.routes.items()},
        canary=dataclasses.replace(
            NO_CANARY,
            workload=dataclasses.replace(workload, template_key=canary),
            service=service or dataclasses.replace(ALL.service, app=canary_name(WEB)),
            pods=own(*pods),
        ),
    )


def nothing(*, weighted=False):
    return dataclasses.replace(there(weighted=weighted), canary=NO_CANARY)


FOREIGN = dataclasses.replace(ALL.service, endpoint_uid=None, owned_hash=None, labelled=False)
TRIED = a_regional(canary=TEN)
BIGGER = a_regional(canary={**TEN, "replicas": 2})
PLAIN = a_regional()
PROMOTED = a_regional(image=NEW, promotes=TEN)
ARRIVED = PROMOTED.spec.template_key
PROMOTED_OF_TWO = a_regional(image=NEW, promotes=TEN, replicas=2)
UP, DOWN, WAITING = a_pod(), a_pod(ready=False), a_pod(room=False)

TRIALS = [
    pytest.param(PLAIN, nothing(), Trial(Step.ABSENT), id="none-wanted-none-there"),
    pytest.param(TRIED, nothing(), Trial(Step.TRY), id="wanted-and-not-there"),
    pytest.param(TRIED, there(DOWN), Trial(Step.TRY), id="not-ready-yet"),
    pytest.param(TRIED, there(UP), Trial(Step.TRY, 10), id="ready"),
    pytest.param(BIGGER, there(UP, DOWN), Trial(Step.TRY), id="one-of-two-is-not-enough-to-begin"),
    pytest.param(
        BIGGER, there(UP, DOWN, weighted=True), Trial(Step.TRY, 10), id="one-of-two-goes-on-serving"
    ),
    pytest.param(TRIED, there(DOWN, weighted=True), Trial(Step.TRY), id="none-is-ready-any-more"),
    pytest.param(
        TRIED, there(UP, service=FOREIGN), Trial(Step.TRY), id="its-service-is-someone-elses"
    ),
    pytest.param(
        TRIED, there(UP, key="other", weighted=True), Trial(Step.WITHDRAW), id="another-one-serves"
    ),
    pytest.param(
        TRIED, there(UP, key="other"), Trial(Step.TRY, replaced=True), id="another-one-is-replaced"
    ),
    pytest.param(PLAIN, there(UP, weighted=True), Trial(Step.WITHDRAW), id="ended-and-serving"),
    pytest.param(PLAIN, there(UP), Trial(Step.REMOVE), id="ended-and-without-a-share"),
    pytest.param(PROMOTED, nothing(), Trial(Step.ABSENT), id="promoted-where-it-never-was"),
    pytest.param(
        PROMOTED, there(UP, weighted=True), Trial(Step.TRY, 10), id="promoted-and-serving"
    ),
    pytest.param(
        PROMOTED,
        there(UP, weighted=True, stable=own(UP), stable_key=ARRIVED),
        Trial(Step.WITHDRAW),
        id="promoted-and-no-longer-needed",
    ),
    pytest.param(
        PROMOTED,
        there(UP, weighted=True, stable=own(UP, old=[UP]), stable_key=ARRIVED),
        Trial(Step.TRY, 10),
        id="promoted-while-an-old-pod-is-left",
    ),
    pytest.param(
        PROMOTED,
        there(UP, weighted=True, stable=own(WAITING, old=[UP]), stable_key=ARRIVED),
        Trial(Step.TRY, 100, covers=True),
        id="promoted-and-the-successor-waits-for-room",
    ),
    pytest.param(
        PROMOTED_OF_TWO,
        there(UP, weighted=True, stable=own(WAITING, old=[UP]), stable_key=ARRIVED),
        Trial(Step.TRY, 10),
        id="promoted-and-too-few-to-stand-in",
    ),
    pytest.param(
        PROMOTED,
        there(UP, weighted=True, stable=own(DOWN), stable_key=ARRIVED),
        Trial(Step.TRY, 100, covers=True),
        id="promoted-and-alone-in-answering",
    ),
]


@pytest.mark.parametrize(("regional", "observed", "trial"), TRIALS)
def test_what_is_done_about_a_canary(regional, observed, trial):
    assert trial_of(regional, observed, Stage.SERVE, NOW) == trial


def test_without_requests_a_canary_rests_where_it_is_to_come_back():
    assert trial_of(TRIED, there(UP), Stage.REST, NOW).step is Step.REST
    assert trial_of(PLAIN, there(UP), Stage.REST, NOW).step is Step.REMOVE
    assert trial_of(PROMOTED, there(UP), Stage.REST, NOW).step is Step.REMOVE


@pytest.mark.parametrize(
    ("said", "left"),
    [
        pytest.param(None, dt.timedelta(0), id="it-never-had-a-share"),
        pytest.param(("True", 60), SETTLE, id="it-is-said-to-have-one"),
        pytest.param(("False", 2), SETTLE - dt.timedelta(seconds=2), id="two-seconds-without"),
    ],
)
def test_its_pods_outlast_its_share_by_a_moment(said, left):
    conditions = () if said is None else (ready_condition(*said),)
    status = RegionalStatus(
        uid=UID,
        state=RegionState.RUNNING,
        observed_revision=1,
        last_transition=NOW,
        conditions=conditions,
    )
    assert settles_in(a_regional(status=status), NOW) == left


def ready_condition(status, seconds):
    return Condition(
        type=ConditionType.CANARY_READY,
        status=status,
        reason="Because",
        last_transition_time=NOW - dt.timedelta(seconds=seconds),
    )
