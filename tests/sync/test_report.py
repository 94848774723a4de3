"""What the store is told of one endpoint."""

import pytest

from gco.core.model.status import ConditionType, RegionState
from gco.core.sync.report import Trouble, news
from tests.fleet.builders import EAST, NOW, status
from tests.sync.copies import copy, wanted

TROUBLE = Trouble("Rejected", "no", NOW)


@pytest.mark.parametrize(
    ("wish", "seen", "said", "told"),
    [
        pytest.param(wanted(), copy(said=status()), None, "running", id="first-word"),
        pytest.param(wanted(), copy(said=status()), status(), None, id="known-already"),
        pytest.param(wanted(), copy(), status(), None, id="nothing-said-yet"),
        pytest.param(
            wanted(), copy(said=status(uid="former")), None, None, id="said-of-a-former-endpoint"
        ),
        pytest.param(
            wanted(revision=2),
            copy(said=status(revision=1)),
            status(revision=2),
            None,
            id="older-than-what-the-store-holds",
        ),
    ],
)
def test_only_what_the_store_does_not_know_is_told(wish, seen, said, told):
    found = news(wish, seen, said, None, EAST)

    assert (found and found.state) == told


def test_trouble_is_told_in_place_of_what_an_older_custom_resource_says():
    seen = copy(said=status(replicas=(2, 2)))

    told = news(wanted(revision=2), seen, status(), TROUBLE, EAST)

    assert (told.state, told.observed_revision, told.ready) == (RegionState.ERROR, 2, False)
    assert (told.replicas_ready, told.error) == (2, "no")
    assert news(wanted(revision=2), seen, told, TROUBLE, EAST) is None


def test_trouble_that_may_pass_is_told_without_giving_up():
    passing = Trouble("ApplyFailed", "a webhook is down", NOW, final=False)

    before = news(wanted(), None, None, passing, EAST)
    running = news(wanted(revision=2), copy(said=status()), status(), passing, EAST)

    assert [told.state for told in (before, running)] == [RegionState.PENDING, RegionState.UPDATING]
    assert {told.condition(ConditionType.STALLED).status for told in (before, running)} == {"False"}
    assert before.condition(ConditionType.READY).message == "a webhook is down"
