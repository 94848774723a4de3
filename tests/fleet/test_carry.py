"""What the sync loop does about one endpoint; nothing here touches a cluster."""

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.core.fleet.carry import Apply, Orphan, Refuse, Remove, Trouble, decide, news
from gco.core.fleet.copies import Copy, Wanted, read_copy
from gco.core.fleet.repair import take_back_spec
from gco.core.fleet.resolve import regional_spec
from gco.core.model.endpoint import TargetState
from gco.core.model.names import SYNC_MANAGER
from gco.core.model.regional import RegionalStatus
from gco.core.model.status import RegionState
from tests.fleet.builders import EAST, NOW, UID, WEB, endpoint, planned, region, spec, status

STORE = "store-1"
GONE = status(state=RegionState.DELETED, ready=False)


def wanted(state=TargetState.RUNNING, *, revision=1, uid=UID, replicas=1):
    stated = spec(replicas=replicas)
    target = planned(stated, [region()], revision=revision)[EAST]
    target = target.model_copy(update={"state": state, "uid": uid})
    return Wanted.of(WEB, "ns", regional_spec(endpoint(stated=stated), target, region()))


def copy(of=None, *, said=None, **odd) -> Copy:
    manifest = (of or wanted()).manifest(store=STORE, resource_uid="resource-1")
    if said is not None:
        manifest["status"] = RegionalStatus.of(said).to_wire()
    return dataclasses.replace(read_copy(manifest), **odd)


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
        pytest.param(
            wanted(),
            copy(store="former"),
            status(),
            Apply("written from another store"),
            id="written-from-another-store",
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
def test_decide(wish, seen, said, move):
    assert decide(wish, seen, said, STORE) == move


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


TROUBLE = Trouble("Rejected", "no", NOW)


@pytest.mark.parametrize(
    ("wish", "seen", "said", "told"),
    [
        pytest.param(wanted(), copy(said=status()), None, "running", id="first-word"),
        pytest.param(wanted(), copy(said=status()), status(), None, id="known-already"),
        pytest.param(wanted(), copy(), status(), None, id="nothing-said-yet"),
        pytest.param(None, copy(said=status()), None, None, id="an-orphan-is-not-reported"),
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
def test_news(wish, seen, said, told):
    found = news(wish, seen, said, None, EAST)

    assert (found and found.state) == told


def test_trouble_is_told_in_place_of_what_an_older_custom_resource_says():
    seen = copy(said=status(replicas=(2, 2)))

    told = news(wanted(revision=2), seen, status(), TROUBLE, EAST)

    assert (told.state, told.observed_revision, told.ready) == (RegionState.ERROR, 2, False)
    assert (told.replicas_ready, told.error) == (2, "no")
    assert news(wanted(revision=2), seen, told, TROUBLE, EAST) is None


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


def applied(manager, fields, operation="Apply", **more):
    return {"manager": manager, "operation": operation, "fieldsV1": fields, **more}


def live(*entries):
    meta = {"resourceVersion": "7", "managedFields": list(entries)}
    return {"apiVersion": "gco.io/v1alpha1", "metadata": meta}


OURS = applied(SYNC_MANAGER, {"f:spec": {"f:revision": {}}})


def test_what_an_editor_holds_of_the_spec_becomes_ours_and_nothing_else():
    edited = applied(
        "kubectl-edit", {"f:spec": {"f:x": {}}, "f:metadata": {"f:labels": {}}}, "Update"
    )
    reported = applied("gco-status", {"f:status": {}}, subresource="status")

    guard, replace = take_back_spec(live(OURS, edited, reported))

    assert guard["value"] == "7"
    assert replace["value"] == [
        {**edited, "fieldsV1": {"f:metadata": {"f:labels": {}}}},
        reported,
        applied(SYNC_MANAGER, {"f:spec": {"f:revision": {}, "f:x": {}}}),
    ]


def test_there_is_nothing_to_take_back_where_the_spec_is_ours():
    assert take_back_spec(live(OURS, applied("gco", {"f:metadata": {}}))) is None


def test_an_object_that_was_never_applied_by_us_is_taken_over():
    [_, replace] = take_back_spec(live(applied("kubectl", {"f:spec": {"f:x": {}}}, "Update")))

    assert [(e["manager"], e["fieldsV1"]) for e in replace["value"]] == [
        (SYNC_MANAGER, {"f:spec": {"f:x": {}}})
    ]
