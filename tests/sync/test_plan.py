"""What the sync loop does to one custom resource; nothing here touches a cluster."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.core.model.endpoint import TargetState
from gco.core.model.names import CREATED_ANNOTATION
from gco.core.model.status import RegionState
from gco.core.sync.copies import read_copy
from gco.core.sync.plan import Apply, Orphan, Refuse, Remove, decide
from tests.fleet.builders import UID, status
from tests.sync.copies import STORE, copy, wanted

GONE = status(state=RegionState.DELETED, ready=False)
DELETED = wanted(TargetState.DELETED)


@pytest.mark.parametrize(
    ("wish", "seen", "said", "move"),
    [
        pytest.param(wanted(), copy(), status(), None, id="in-step"),
        pytest.param(wanted(), None, None, Apply("new"), id="new"),
        pytest.param(
            wanted(),
            None,
            status(),
            Apply("deleted outside GCO", recreated=True),
            id="missing-though-the-region-had-reported",
        ),
        pytest.param(wanted(), None, GONE, Apply("new"), id="joined-again"),
        pytest.param(
            wanted(), None, status(uid="former"), Apply("new"), id="the-name-had-another-endpoint"
        ),
        pytest.param(
            wanted(), copy(deleting=True), status(), None, id="on-its-way-out-is-waited-for"
        ),
        pytest.param(wanted(revision=2), copy(), status(), Apply("changed"), id="a-new-revision"),
        pytest.param(
            wanted(),
            copy(spec_hash="other"),
            status(),
            Apply("edited by hand", take_back=True),
            id="edited",
        ),
        pytest.param(
            wanted(),
            copy(wanted(revision=9), spec_hash="other"),
            status(),
            Apply("edited by hand", take_back=True),
            id="edited-to-a-later-revision",
        ),
        pytest.param(
            wanted(),
            copy(wanted(revision=2)),
            status(),
            Refuse("revision 1 is older than 2"),
            id="a-lower-revision",
        ),
        pytest.param(
            wanted(),
            copy(wanted(revision=2, uid="former")),
            status(),
            Apply("changed"),
            id="a-lower-revision-of-another-endpoint",
        ),
        pytest.param(
            wanted(),
            copy(held=False),
            status(),
            Apply("labels or finalizer edited by hand"),
            id="without-our-finalizer",
        ),
        pytest.param(DELETED, copy(), status(), Apply("changed"), id="to-be-deleted"),
        pytest.param(DELETED, copy(DELETED), status(), None, id="being-deleted"),
        pytest.param(
            DELETED, copy(DELETED, said=GONE), status(), None, id="gone-and-the-store-not-told"
        ),
        pytest.param(
            DELETED,
            copy(DELETED, said=GONE),
            GONE,
            Remove("its objects are gone, and the store knows"),
            id="gone-and-the-store-told",
        ),
        pytest.param(
            DELETED, None, status(), Apply("to remove what is left"), id="deleted-by-hand-meanwhile"
        ),
        pytest.param(DELETED, None, GONE, None, id="waiting-for-the-purge"),
        pytest.param(None, None, GONE, None, id="purged"),
        pytest.param(None, copy(), None, Orphan(), id="the-store-knows-nothing-of-it"),
        pytest.param(None, copy(DELETED), None, None, id="purged-while-objects-are-going"),
        pytest.param(
            None,
            copy(DELETED, said=GONE),
            None,
            Remove("the endpoint is purged"),
            id="purged-and-gone",
        ),
    ],
)
def test_what_is_done_about_the_custom_resource(wish, seen, said, move):
    assert decide(wish, seen, said, STORE) == move


@pytest.mark.parametrize(
    "seen",
    [
        pytest.param(copy(store="other"), id="sound"),
        pytest.param(copy(store="other", spec_hash="odd"), id="edited"),
        pytest.param(copy(wanted(uid="former"), store="other"), id="of-another-uid"),
        pytest.param(copy(store="other", deleting=True), id="on-its-way-out"),
        pytest.param(copy(DELETED, said=GONE, store="other"), id="deleted-and-gone"),
    ],
)
@pytest.mark.parametrize("wish", [wanted(), wanted(revision=9), DELETED, None])
def test_a_custom_resource_of_another_store_is_changed_only_by_who_accepts(wish, seen):
    """A resource that carries another store's uid is never applied over and never deleted."""
    move = decide(wish, seen, None, STORE)
    assert isinstance(move, Orphan if wish is None else Refuse)
    assert move == Orphan() or move.reason == "OtherStore"


def test_a_store_that_is_accepted_takes_every_custom_resource_over():
    seen = copy(store="former")
    assert decide(wanted(), seen, None, STORE, accept=True) == Apply("written from another store")
    assert decide(None, seen, None, STORE, accept=True) == Orphan()


NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)
EARLIER, LATER = NOON - dt.timedelta(hours=1), NOON + dt.timedelta(hours=1)


@pytest.mark.parametrize(
    ("wish", "seen", "refused"),
    [
        pytest.param(wanted(created=EARLIER), {}, True, id="an-older-endpoint"),
        pytest.param(wanted(TargetState.DELETED, created=EARLIER), {}, True, id="deleting-it"),
        pytest.param(wanted(created=EARLIER), {"spec_hash": "odd"}, True, id="over-an-edit"),
        pytest.param(wanted(created=EARLIER), {"state": "deleted"}, False, id="over-a-deleted-one"),
        pytest.param(wanted(created=EARLIER), {"created": None}, False, id="unknown-when"),
        pytest.param(wanted(created=EARLIER), {"uid": ""}, False, id="of-no-endpoint"),
        pytest.param(wanted(created=NOON), {}, False, id="created-at-the-same-time"),
        pytest.param(wanted(created=LATER), {}, False, id="a-newer-endpoint"),
        pytest.param(wanted(), {}, False, id="a-record-without-a-time"),
        pytest.param(wanted(created=EARLIER, uid="new"), {}, False, id="the-same-endpoint"),
    ],
)
def test_an_older_endpoint_is_not_applied_over_a_newer_one_of_its_name(wish, seen, refused):
    """No other uid after a newer one: going back in time never happens without a person."""
    live = copy(wanted(uid="new", created=NOON), **seen)
    move = decide(wish, live, None, STORE)
    assert (isinstance(move, Refuse) and move.reason == "EndpointOutdated") is refused


@pytest.mark.parametrize("stated", [None, "yesterday", 5, "2026-01-01T00:00:00"])
def test_a_custom_resource_that_does_not_say_when_is_as_old_as_the_object(stated):
    manifest = wanted(uid="new").manifest(store=STORE, resource_uid="resource-1")
    manifest["metadata"]["annotations"][CREATED_ANNOTATION] = stated
    manifest["metadata"]["creationTimestamp"] = "2026-01-01T12:00:00Z"
    assert read_copy(manifest).created == NOON

    manifest["spec"]["uid"] = "made-up"  # by hand: to be repaired, whenever the object was made
    assert read_copy(manifest).created is None


WISHES = st.none() | st.builds(
    wanted,
    st.sampled_from(TargetState),
    revision=st.integers(1, 2),
    uid=st.sampled_from([UID, "b"]),
)
SAID = st.none() | st.builds(
    status,
    state=st.sampled_from(RegionState),
    revision=st.integers(1, 2),
    uid=st.sampled_from([UID, "b"]),
)
COPIES = st.none() | st.builds(
    copy,
    WISHES.filter(bool),
    said=SAID,
    deleting=st.booleans(),
    held=st.booleans(),
    spec_hash=st.sampled_from(["edited", wanted().spec_hash]),
)


@given(WISHES, COPIES, SAID)
def test_only_a_wish_to_delete_takes_anything_away(wish, seen, said):
    move = decide(wish, seen, said, STORE)

    if isinstance(move, Remove):
        assert seen.status.state is RegionState.DELETED
        assert (seen if wish is None else wish).state == TargetState.DELETED
    if wish is not None and wish.state is not TargetState.DELETED:
        assert not isinstance(move, Remove | Orphan)


@given(WISHES.filter(bool), COPIES, SAID)
def test_what_was_applied_is_in_step(wish, seen, said):
    move = decide(wish, seen, said, STORE)

    if isinstance(move, Apply):
        after = decide(wish, copy(wish), said, STORE)
        assert not isinstance(after, Apply)


@pytest.mark.parametrize(
    "manifest",
    [
        pytest.param({}, id="no-spec"),
        pytest.param({"spec": None}, id="null"),
        pytest.param({"spec": []}, id="a-list"),
        pytest.param({"spec": {"revision": "9", "uid": 3}}, id="other-types"),
        pytest.param({"spec": {}, "status": {"state": "?"}}, id="an-unreadable-status"),
    ],
)
def test_a_custom_resource_is_read_whatever_a_person_made_of_it(manifest):
    meta = {"name": "web", "namespace": "ns", "uid": "u", "resourceVersion": "1"}

    seen = read_copy({"metadata": meta, **manifest})

    assert seen.edited
    assert isinstance(decide(wanted(), seen, None, STORE), Apply)
