"""Equal values of several readers are one object, for as long as any of them has it."""

import datetime as dt
import gc

from gco.core.model.ids import EndpointUid, RevisionNumber
from gco.core.model.regional import RegionalStatus
from gco.core.model.sharing import Shared
from gco.core.model.status import Condition, ConditionType, RegionState

NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def a_condition(message: str = "so") -> Condition:
    return Condition(
        type=ConditionType.READY,
        status="False",
        reason="StillLoading",
        message=message,
        last_transition_time=NOW,
    )


def a_status(message: str) -> dict:
    made = RegionalStatus(
        uid=EndpointUid("u"),
        state=RegionState.RUNNING,
        replicas_ready=1,
        replicas_desired=1,
        observed_revision=RevisionNumber(1),
        last_transition=NOW,
        conditions=(a_condition(message),),
    )
    return made.to_wire()


def test_what_two_caches_read_of_one_status_is_kept_once():
    first, second = (RegionalStatus.model_validate(a_status("so")) for _ in range(2))
    other = RegionalStatus.model_validate(a_status("another"))

    assert first.conditions[0] is second.conditions[0]
    assert other.conditions[0].message == "another"


def test_nothing_is_kept_that_nobody_has():
    shared = Shared()
    kept = shared.one(a_condition("kept"))
    shared.one(a_condition("dropped"))
    gc.collect()

    assert list(shared._known.values()) == [kept]
