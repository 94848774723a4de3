"""When a region is done, and what the fleet loop makes of what regions report."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.core.fleet.progress import Step, advance, region_done
from gco.core.model.endpoint import CanaryTarget, EndpointState, TargetState
from gco.core.model.ids import TemplateKey
from gco.core.model.status import ConditionType, RegionState
from tests.fleet.builders import EAST, NOW, SOUTH, WEST, condition, endpoint, status, target

CANARY = CanaryTarget(template_key=TemplateKey("new"), weight=10, replicas=1)
PROMOTING = CANARY.model_copy(update={"promoting": True})


def canary_ready(verdict="True"):
    return (condition(ConditionType.CANARY_READY, verdict == "True", "Because", ""),)


RUN, STOP, GONE = TargetState.RUNNING, TargetState.STOPPED, TargetState.DELETED


@pytest.mark.parametrize(
    ("wanted", "said", "done"),
    [
        pytest.param(target(), status(), True, id="ready-at-the-revision"),
        pytest.param(target(), None, False, id="nothing-was-said"),
        pytest.param(target(), status(ready=False), False, id="not-ready"),
        pytest.param(target(revision=2), status(), False, id="ready-at-an-older-revision"),
        pytest.param(target(revision=1), status(revision=2), False, id="at-a-later-revision"),
        pytest.param(target(), status(uid="other"), False, id="said-of-a-former-endpoint"),
        pytest.param(
            target(STOP), status(state=RegionState.STOPPED), True, id="stopped-with-no-pod-left"
        ),
        pytest.param(
            target(STOP), status(state=RegionState.STOPPING, ready=False), False, id="stopping"
        ),
        pytest.param(target(GONE), status(), False, id="ready-is-not-deleted"),
        pytest.param(
            target(GONE), status(state=RegionState.DELETING, ready=False), False, id="deleting"
        ),
        pytest.param(
            target(GONE), status(state=RegionState.DELETED, ready=False), True, id="deleted"
        ),
        pytest.param(
            target(GONE, revision=3),
            status(state=RegionState.DELETED, revision=1),
            False,
            id="what-was-deleted-before-it-was-joined-again",
        ),
        pytest.param(target(canary=CANARY), status(), False, id="nothing-said-of-its-canary"),
        pytest.param(
            target(canary=CANARY),
            status(extra=canary_ready("False")),
            False,
            id="its-canary-has-no-share",
        ),
        pytest.param(
            target(canary=CANARY), status(extra=canary_ready()), True, id="its-canary-serves"
        ),
        pytest.param(target(), status(extra=canary_ready()), False, id="a-canary-is-left-over"),
        pytest.param(
            target(canary=PROMOTING),
            status(extra=canary_ready()),
            False,
            id="a-promoted-canary-still-serves",
        ),
        pytest.param(
            target(canary=PROMOTING), status(), True, id="nothing-is-left-of-a-promoted-canary"
        ),
        pytest.param(
            target(STOP, canary=CANARY),
            status(state=RegionState.STOPPED),
            True,
            id="stopped-with-its-canary",
        ),
        pytest.param(
            target(replicas=0, canary=CANARY), status(), True, id="no-pods-are-wanted-at-all"
        ),
    ],
)
def test_region_done(wanted, said, done):
    assert region_done(wanted, said) is done


def test_deploying_becomes_running_when_every_region_is_done():
    before = endpoint(targets={EAST: target(), WEST: target()}, generation=7)

    after = advance(before, {EAST: status(), WEST: status(WEST)}, NOW)

    assert after.steps == (Step.PROMOTE,)
    assert after.endpoint.state is EndpointState.RUNNING
    assert after.endpoint.generation == 8


def test_canaries_that_were_promoted_are_forgotten_once_every_region_is_done():
    targets = {EAST: target(canary=PROMOTING), WEST: target(canary=CANARY)}
    said = {EAST: status(), WEST: status(WEST, extra=canary_ready("False"))}
    assert advance(endpoint(targets=targets), said, NOW) is None

    said[WEST] = status(WEST, extra=canary_ready())
    after = advance(endpoint(targets=targets), said, NOW)

    left = {region: target.canary for region, target in after.endpoint.targets.items()}
    assert left == {EAST: None, WEST: CANARY}


def test_one_region_that_is_not_ready_holds_the_promotion():
    before = endpoint(targets={EAST: target(), WEST: target()})

    assert advance(before, {EAST: status(), WEST: status(WEST, ready=False)}, NOW) is None


def test_a_removed_region_never_blocks_the_promotion():
    before = endpoint(targets={EAST: target(), WEST: target(GONE)})

    after = advance(before, {EAST: status(), WEST: status(WEST, ready=False)}, NOW)

    assert after.endpoint.state is EndpointState.RUNNING
    assert after.endpoint.targets == before.targets


def test_a_removed_region_is_dropped_once_it_reports_its_objects_gone():
    before = endpoint(EndpointState.RUNNING, targets={EAST: target(), WEST: target(GONE)})

    after = advance(before, {WEST: status(WEST, state=RegionState.DELETED, ready=False)}, NOW)

    assert after.steps == (Step.DROP,)
    assert list(after.endpoint.targets) == [EAST]
    assert after.endpoint.state is EndpointState.RUNNING


def test_an_endpoint_without_a_live_target_is_not_promoted():
    before = endpoint(targets={EAST: target(GONE)})
    gone = status(state=RegionState.DELETED, ready=False)

    assert advance(before, {EAST: gone}, NOW).endpoint.state is EndpointState.DEPLOYING


def test_a_tombstone_waits_for_the_last_region():
    before = endpoint(EndpointState.DELETED, targets={EAST: target(GONE), WEST: target(GONE)})

    assert advance(before, {EAST: status(state=RegionState.DELETED)}, NOW) is None


@pytest.mark.parametrize(
    ("targets", "said"),
    [
        pytest.param({}, {}, id="no-region-left"),
        pytest.param(
            {EAST: target(GONE), WEST: target(GONE)},
            {
                EAST: status(state=RegionState.DELETED),
                WEST: status(WEST, state=RegionState.DELETED),
            },
            id="every-region-reports-it-gone",
        ),
    ],
)
def test_a_tombstone_is_purged(targets, said):
    after = advance(endpoint(EndpointState.DELETED, targets=targets), said, NOW)

    assert (after.steps, after.endpoint) == ((Step.PURGE,), None)


REGIONS = (EAST, WEST, SOUTH)
TARGETS = st.dictionaries(
    st.sampled_from(REGIONS),
    st.builds(target, st.sampled_from(TargetState), revision=st.integers(1, 3)),
)
SAID = st.fixed_dictionaries(
    {},
    optional={
        region: st.builds(
            status,
            st.just(region),
            state=st.sampled_from(RegionState),
            ready=st.booleans(),
            revision=st.integers(1, 3),
            uid=st.sampled_from(["uid-1", "former"]),
        )
        for region in REGIONS
    },
)


@given(st.sampled_from(EndpointState), TARGETS, SAID)
def test_the_fleet_loop_settles_and_never_forgets_a_region_that_may_have_objects(
    state, targets, said
):
    now = endpoint(state, targets=targets)
    for _ in range(3):
        step = advance(now, said, NOW)
        if step is None or step.endpoint is None:
            break
        assert step.endpoint.targets.items() <= now.targets.items()
        assert (step.endpoint.state is EndpointState.DELETED) == (
            now.state is EndpointState.DELETED
        )
        now = step.endpoint
    else:
        pytest.fail("the fleet loop writes for ever")
    gone = targets.keys() - now.targets.keys() if step is None else targets.keys()
    assert all(region_done(targets[r], said.get(r)) and targets[r].state is GONE for r in gone)
