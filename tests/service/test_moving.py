"""Rows of the original's table become endpoints: shown first, written once, never taking anything away."""

import asyncio

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gco.core.model.endpoint import Write
from gco.core.model.ids import EndpointName
from gco.core.model.original import _BOOKKEEPING, _SPEC
from gco.errors import HalfDoneError, NotFoundError, StoreUnavailableError, UnreadableError
from gco.service import Fate
from tests.fleet.builders import EAST, SOUTH, WEST
from tests.model.test_original import row
from tests.service.world import World, a_world, document

WEB = EndpointName("web")
SOURCE = "old-table"


async def move(world, *rows, write=True, **told):
    return await world.service("bob").move(rows, source=SOURCE, write=write, **told)


async def test_a_row_is_shown_and_nothing_is_written():
    world = await a_world()

    [moved] = await move(world, row(gpu_type="g5"), write=False)

    assert (moved.fate, moved.written, moved.regions) == (Fate.CREATED, False, (EAST, WEST))
    assert {change.path for change in moved.changes} >= {"spec.image", "spec.regions[eu-west-1]"}
    assert [problem.path for problem in moved.lost] == ["gpu_type"]
    assert await world.store.head() == 0


async def test_a_row_becomes_an_endpoint_that_takes_over_with_who_and_why_in_its_history():
    world = await a_world()

    [moved] = await move(world, row(replicas=3))

    endpoint = await world.store.get(WEB)
    assert moved.written
    assert endpoint.adopts
    assert {r: t.replicas for r, t in endpoint.targets.items()} == {EAST: 3, WEST: 3}
    [revision] = await world.service().history(WEB)
    assert (revision.actor, revision.reason) == ("bob", f"imported from {SOURCE}")


async def test_asking_again_changes_nothing():
    world = await a_world()
    await move(world, row())
    head = await world.store.head()

    [again] = await move(world, row())

    assert (again.fate, again.written, await world.store.head()) == (Fate.UNCHANGED, False, head)


async def test_regions_are_taken_over_one_after_the_other():
    world = World()
    await world.register(EAST)
    [first] = await move(world, row())
    assert (first.regions, first.waiting) == ((EAST,), (WEST,))

    await world.register(WEST)
    [second] = await move(world, row())

    assert (second.fate, second.waiting) == (Fate.CHANGED, ())
    assert sorted((await world.store.get(WEB)).targets) == [WEST, EAST]


async def test_one_region_can_be_asked_for_and_no_other_is_ever_left():
    world = await a_world()
    await move(world, row(), regions=[EAST])
    assert list((await world.store.get(WEB)).targets) == [EAST]

    await move(world, row(), regions=[WEST])

    assert sorted((await world.store.get(WEB)).targets) == [WEST, EAST]
    only_west = row() | {"target_regions": [WEST]}
    await move(world, only_west)
    assert sorted((await world.store.get(WEB)).targets) == [WEST, EAST]


async def test_a_row_that_was_changed_since_is_followed_until_someone_changes_the_endpoint_here():
    world = await a_world()
    await move(world, row())
    [followed] = await move(world, row(replicas=2))
    assert followed.fate is Fate.CHANGED

    await world.service("ann").scale(WEB, 5)
    [left] = await move(world, row(replicas=3))

    assert (left.fate, left.written) == (Fate.LEFT, False)
    assert "changed here" in left.why
    assert (await world.store.get(WEB)).spec.replicas == 5
    assert (await world.store.get(WEB)).adopts


async def test_a_later_edit_keeps_taking_over():
    world = await a_world()
    await move(world, row())

    await world.service().apply([document(image="vllm/vllm-openai:v2")], source="f.yaml")

    assert (await world.store.get(WEB)).adopts


async def test_an_endpoint_of_that_name_that_was_not_imported_is_left_alone():
    world = await a_world()
    await world.service().apply([document(image="other:1")], source="f.yaml")

    [moved] = await move(world, row())

    assert moved.fate is Fate.LEFT
    assert "not imported" in moved.why
    assert not (await world.store.get(WEB)).adopts


async def test_an_endpoint_that_says_the_same_is_told_to_take_over():
    world = await a_world()
    same = document(image="vllm/vllm-openai:v1", regions=[WEST, EAST])
    await world.service().apply([same], source="f.yaml")

    [moved] = await move(world, row())

    assert moved.written
    endpoint = await world.store.get(WEB)
    assert endpoint.adopts
    assert endpoint.revision == 2


@pytest.mark.parametrize(
    ("given", "fate"),
    [
        pytest.param(row() | {"desired_state": "deleted"}, Fate.LEFT, id="on-its-way-out"),
        pytest.param(row() | {"target_regions": ["mars-1"]}, Fate.WAITING, id="no-region-yet"),
        pytest.param(row(canary={"image": "x"}), Fate.REFUSED, id="a-canary"),
        pytest.param(row() | {"endpoint_name": "x" * 60}, Fate.REFUSED, id="a-name-too-long"),
        pytest.param(
            row() | {"namespace": "elsewhere"}, Fate.REFUSED, id="a-namespace-off-the-list"
        ),
    ],
)
async def test_what_is_not_written_holds_up_no_other(given, fate):
    world = await a_world()
    other = row() | {"endpoint_name": "other"}

    first, second = await move(world, given, other)

    assert (first.fate, first.written) == (fate, False)
    assert (second.fate, second.written) == (Fate.CREATED, True)
    assert first.why or first.problems


async def test_more_rows_than_a_transaction_takes_are_written_and_a_broken_off_import_goes_on():
    world = await a_world()
    rows = [row() | {"endpoint_name": f"web-{number}"} for number in range(60)]

    real, calls = world.store.write, []

    async def write(writes: list[Write], **told):
        calls.append(len(writes))
        if len(calls) == 2:
            raise StoreUnavailableError("the connection was lost")
        return await real(writes, **told)

    world.store.write = write
    with pytest.raises(HalfDoneError, match="the connection was lost") as told:
        await move(world, *rows)
    assert len(told.value.stored) == calls[0]
    world.store.write = real
    moved = await move(world, *rows)

    assert sum(one.written for one in moved) == 60 - calls[0]
    assert {one.fate for one in moved} == {Fate.CREATED, Fate.UNCHANGED}


async def test_without_a_region_nothing_is_made():
    world = World()

    [moved] = await move(world, row())

    assert (moved.fate, moved.waiting) == (Fate.WAITING, (EAST, WEST))
    with pytest.raises(NotFoundError):
        await world.service().get(WEB)
    assert SOUTH not in moved.waiting


async def test_an_odd_row_is_refused_by_name_and_holds_up_no_other():
    """Every row has a fate of its own, whatever stands in any row."""
    world = await a_world()
    odd = {
        "huge": row(replicas=2**70),
        "below": row(port=-(2**64)),
        "maps": row(image={"a": 1}, args={"b": 2}, replicas="many"),
        "lists": row() | {"labels": [1], "namespace": ["x"]},
        "large": row(args=["x" * 395_000]),
        "flat": {"spec": 7, "target_regions": [EAST, {}]},
        "NOT/A-NAME": row(),
    }
    rows = [given | {"endpoint_name": name} for name, given in odd.items()]

    for write in (False, True):
        moved = {one.name: one for one in await move(world, *rows, row(), write=write)}

        assert {name: one.fate for name, one in moved.items()} == {
            **dict.fromkeys(odd, Fate.REFUSED),
            WEB: Fate.CREATED,
        }
        assert all(moved[name].problems and not moved[name].written for name in odd)
        assert moved[WEB].written is write
    assert [endpoint.name async for endpoint in world.store.list()] == [WEB]


async def test_a_record_that_became_unreadable_meanwhile_leaves_its_row_and_the_others_are_written():
    world = await a_world()
    await move(world, row())
    real = world.store.get_many

    async def damaged(names, *, unread=None):
        found = dict(await real(names, unread=unread))
        if len(names) > 1 and found.pop(WEB, None):
            unread(WEB, UnreadableError("web was written by a newer gco"))
        return found

    world.store.get_many = damaged
    other = row() | {"endpoint_name": "other"}

    first, second = await move(world, row(replicas=4), other)

    assert (first.fate, first.written) == (Fate.LEFT, False)
    assert "newer gco" in first.why
    assert (second.fate, second.written) == (Fate.CREATED, True)


ATTRIBUTES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(), inner, max_size=3)
    ),
    max_leaves=6,
)


@settings(max_examples=60, deadline=None)
@given(
    st.dictionaries(st.sampled_from(sorted(_BOOKKEEPING)), ATTRIBUTES, max_size=4),
    st.dictionaries(st.sampled_from(sorted(_SPEC)), ATTRIBUTES, max_size=6),
)
def test_a_row_of_any_content_has_a_fate(attributes, spec):
    async def decide():
        world = await a_world()
        odd = row() | {"endpoint_name": "odd", **attributes}
        return await move(world, odd | {"spec": spec}, row() | {"endpoint_name": "fine"})

    moved = asyncio.run(decide())

    assert all(isinstance(one.fate, Fate) for one in moved)
    assert moved[1].fate is Fate.CREATED or moved[0].name == "fine"
