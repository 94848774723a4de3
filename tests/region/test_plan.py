"""From rendered and seen objects to actions; nothing here touches a cluster."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gco.core.region.actions import (
    Apply,
    Delete,
    ObjectRef,
    Owner,
    Refuse,
    Rendered,
    Seen,
    Wait,
    Why,
)
from gco.core.region.plan import plan

WEB = ObjectRef("Deployment", "web")
SVC = ObjectRef("Service", "web")
ROUTE = ObjectRef("Ingress", "inference-web")
FROZEN = ObjectRef("ControllerRevision", "web-1")
WANTED = Rendered(manifest={"spec": {"image": "v2"}}, hash="h2", owned_hash="o2")


def seen(*, owner=Owner.OURS, applied="h2", owned="o2", deleting=False) -> Seen:
    return Seen(uid="u", owner=owner, deleting=deleting, applied_hash=applied, owned_hash=owned)


@pytest.mark.parametrize(
    ("desired", "observed", "expected"),
    [
        pytest.param({WEB: WANTED}, {WEB: seen()}, (), id="in-sync"),
        pytest.param(
            {WEB: WANTED}, {}, (Apply(WEB, WANTED, Why.MISSING),), id="missing-is-applied"
        ),
        pytest.param(
            {WEB: WANTED},
            {WEB: seen(applied="h1")},
            (Apply(WEB, WANTED, Why.CHANGED, uid="u"),),
            id="a-new-revision-is-applied",
        ),
        pytest.param(
            {WEB: WANTED},
            {WEB: seen(owned="o1")},
            (Apply(WEB, WANTED, Why.DRIFTED, uid="u", owned_hash="o1"),),
            id="a-field-taken-by-someone-else-is-taken-back",
        ),
        pytest.param(
            {WEB: WANTED},
            {WEB: seen(deleting=True)},
            (Wait(WEB, Why.LEAVING),),
            id="an-object-on-its-way-out-is-waited-for",
        ),
        pytest.param(
            {WEB: WANTED},
            {WEB: seen(owner=Owner.FOREIGN, applied=None, owned=None)},
            (Refuse(WEB, Why.TAKEN),),
            id="a-name-already-taken-is-refused",
        ),
        pytest.param(
            {WEB: WANTED},
            {WEB: seen(owner=Owner.FOREIGN, applied=None, owned=None, deleting=True)},
            (Wait(WEB, Why.LEAVING),),
            id="a-name-that-is-about-to-be-free-is-waited-for",
        ),
        pytest.param(
            {ROUTE: WANTED},
            {ROUTE: seen(applied="h1", deleting=True)},
            (Apply(ROUTE, WANTED, Why.CHANGED, uid="u"),),
            id="requests-follow-a-route-until-it-is-gone",
        ),
        pytest.param(
            {WEB: WANTED},
            {WEB: seen(owner=Owner.ADOPTABLE, applied=None, owned=None)},
            (Refuse(WEB, Why.NOT_ADOPTED),),
            id="what-another-client-made-is-left-alone",
        ),
        pytest.param(
            {},
            {FROZEN: seen(), WEB: seen(), SVC: seen(), ROUTE: seen()},
            tuple(Delete(ref, "u", Why.UNWANTED) for ref in (ROUTE, SVC, WEB, FROZEN)),
            id="the-route-goes-before-its-pods",
        ),
        pytest.param(
            {}, {WEB: seen(owner=Owner.FOREIGN)}, (), id="what-is-not-ours-is-never-deleted"
        ),
        pytest.param({}, {WEB: seen(deleting=True)}, (), id="nothing-is-deleted-twice"),
    ],
)
def test_plan(desired, observed, expected):
    assert plan(desired, observed) == expected


def test_what_admission_made_of_our_object_is_expected_from_then_on():
    left = Rendered(WANTED.manifest, WANTED.hash, "mutated")

    assert plan({WEB: WANTED}, {WEB: seen(owned="mutated")}, accepted={WEB: left}) == ()


def test_what_admission_made_of_an_older_rendering_is_not_expected():
    left = Rendered({}, "h1", "mutated")

    (action,) = plan({WEB: WANTED}, {WEB: seen(owned="mutated")}, accepted={WEB: left})

    assert action.why is Why.DRIFTED


def test_what_is_kept_is_neither_applied_nor_deleted():
    assert plan({}, {WEB: seen(owned="o1")}, keep={WEB}) == ()


@pytest.mark.parametrize(
    ("desired", "observed", "expected"),
    [
        pytest.param(
            {WEB: WANTED},
            {WEB: seen(owner=Owner.ADOPTABLE, applied=None, owned=None)},
            (Apply(WEB, WANTED, Why.ADOPTED, uid="u"),),
            id="the-originals-is-taken-over",
        ),
        pytest.param(
            {WEB: WANTED},
            {WEB: seen(owner=Owner.ADOPTABLE, applied=None, owned=None, deleting=True)},
            (Wait(WEB, Why.LEAVING),),
            id="what-leaves-is-waited-for",
        ),
        pytest.param(
            {},
            {WEB: seen(owner=Owner.ADOPTABLE, applied=None, owned=None)},
            (Delete(WEB, "u", Why.UNWANTED),),
            id="what-is-not-wanted-goes",
        ),
        pytest.param(
            {WEB: WANTED},
            {WEB: seen(owner=Owner.FOREIGN, applied=None, owned=None)},
            (Refuse(WEB, Why.TAKEN),),
            id="anyone-elses-is-left-alone-all-the-same",
        ),
    ],
)
def test_where_the_originals_objects_are_to_be_taken_over(desired, observed, expected):
    assert plan(desired, observed, adopt=True) == expected


SEEN = st.builds(
    Seen,
    uid=st.just("u"),
    owner=st.sampled_from(Owner),
    deleting=st.booleans(),
    applied_hash=st.sampled_from([None, "h1", "h2"]),
    owned_hash=st.sampled_from([None, "o1", "o2"]),
)
REFS = st.sampled_from([WEB, SVC, ROUTE, FROZEN])


@given(st.sets(REFS), st.dictionaries(REFS, SEEN))
def test_only_objects_of_ours_are_ever_written_and_every_object_at_most_once(wanted, observed):
    actions = plan(dict.fromkeys(wanted, WANTED), observed)

    refs = [action.ref for action in actions]
    assert len(refs) == len(set(refs))
    for action in actions:
        if isinstance(action, (Apply, Delete)):
            there = observed.get(action.ref)
            steers = isinstance(action, Apply) and action.ref == ROUTE
            ours = there is None or there.owner is Owner.OURS
            assert ours
            assert there is None or not there.deleting or steers


@given(st.sets(REFS), st.dictionaries(REFS, SEEN))
def test_a_plan_carried_out_leaves_nothing_to_plan(wanted, observed):
    desired = dict.fromkeys(wanted, WANTED)
    after = dict(observed)
    for action in plan(desired, observed):
        if isinstance(action, Apply):
            after[action.ref] = seen()
        elif isinstance(action, Delete):
            del after[action.ref]

    assert not any(isinstance(a, (Apply, Delete)) for a in plan(desired, after))
