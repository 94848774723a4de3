"""Edits of one thing about an endpoint: replicas, state, image, regions, an older revision."""

import pytest

from gco.core.model.endpoint import EndpointState, TargetState
from gco.errors import InvalidSpecError, NotFoundError, UnsupportedStateError
from gco.service import Outcome
from gco.service.results import Effect
from tests.fleet.builders import EAST, SOUTH, WEST
from tests.service.world import IMAGE, WEB, a_world, apply, document

NEWER = "vllm/vllm-openai:v0.8.5"


async def targets(world):
    return (await world.store.get(WEB)).targets


async def applied_world(*documents):
    world = await a_world()
    await apply(world, *documents)
    return world


async def test_scaling_reaches_every_region_and_restarts_nothing():
    world = await applied_world()
    before = await targets(world)

    applied = await world.service().scale(WEB, 4)

    after = await targets(world)
    assert {t.replicas for t in after.values()} == {4}
    assert {t.revision for t in after.values()} == {2}
    assert [t.template_key for t in after.values()] == [t.template_key for t in before.values()]
    assert {r.effect for r in applied.regions} == {Effect.UPDATES}


async def test_scaling_one_region_leaves_the_others():
    world = await applied_world()

    await world.service().scale(WEB, 0, region=WEST)

    assert {r: t.replicas for r, t in (await targets(world)).items()} == {
        EAST: 1,
        WEST: 0,
        SOUTH: 1,
    }


async def test_scaling_all_regions_overrides_what_single_ones_were_scaled_to():
    world = await applied_world(document(regions=[EAST, {"name": WEST, "replicas": 3}]))

    applied = await world.service().scale(WEB, 2)

    assert {t.replicas for t in (await targets(world)).values()} == {2}
    assert [c.text for c in applied.changes] == [
        "spec.replicas  + 2",
        f"spec.regions[{WEST}].replicas  - 3",
    ]


async def test_scaling_to_what_it_is_makes_no_revision():
    world = await applied_world(document(replicas=2))

    assert (await world.service().scale(WEB, 2)).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize("replicas", [-1, 10_001])
async def test_an_impossible_count_is_refused(replicas):
    world = await applied_world()

    with pytest.raises(InvalidSpecError) as refused:
        await world.service().scale(WEB, replicas)
    assert [p.path for p in refused.value.problems] == ["spec.replicas"]


async def test_scaling_a_region_that_it_does_not_run_in_names_those_it_does():
    world = await applied_world(document(regions=[EAST]))

    with pytest.raises(InvalidSpecError, match=EAST):
        await world.service().scale(WEB, 2, region=WEST)


async def test_stop_then_start_runs_again_with_the_replicas_it_had():
    world = await applied_world(document(replicas=3))
    service = world.service()

    stopped = await service.stop(WEB)
    assert {r.effect for r in stopped.regions} == {Effect.STOPS}
    assert (await world.store.get(WEB)).state is EndpointState.STOPPED

    started = await service.start(WEB)
    assert {r.effect for r in started.regions} == {Effect.STARTS}
    assert (await world.store.get(WEB)).state is EndpointState.DEPLOYING
    assert {(t.state, t.replicas) for t in (await targets(world)).values()} == {
        (TargetState.RUNNING, 3)
    }


async def test_stopping_twice_and_starting_what_runs_changes_nothing():
    world = await applied_world()
    service = world.service()

    assert (await service.start(WEB)).outcome is Outcome.UNCHANGED
    await service.stop(WEB)
    assert (await service.stop(WEB)).outcome is Outcome.UNCHANGED


@pytest.mark.parametrize(
    ("own", "new", "expected"),
    [
        pytest.param(None, NEWER, NEWER, id="the-endpoints-own"),
        pytest.param(
            "mirror.eu/vllm:v0.8.4", NEWER, "mirror.eu/vllm:v0.8.5", id="a-mirror-takes-the-tag"
        ),
        pytest.param(
            "mirror.eu/vllm:v0.8.4", "sgl/sglang:v1", "sgl/sglang:v1", id="another-server"
        ),
    ],
)
async def test_update_image_changes_what_every_region_runs(own, new, expected):
    region = {"name": WEST, **({"image": own} if own else {})}
    world = await applied_world(document(regions=[EAST, region]))

    applied = await world.service().update_image(WEB, new)

    assert {r.region: r.effect for r in applied.regions} == {
        EAST: Effect.RESTARTS,
        WEST: Effect.RESTARTS,
    }
    spec = (await world.store.get(WEB)).spec
    own = next(r.image for r in spec.regions if r.name == WEST)
    assert (own or spec.image) == expected


async def test_add_region_joins_it_and_keeps_the_others():
    world = await applied_world(document(regions=[EAST]))

    await world.service().add_region(WEB, WEST, replicas=2)

    assert {r: t.replicas for r, t in (await targets(world)).items()} == {EAST: 1, WEST: 2}


async def test_adding_a_region_that_it_runs_in_changes_nothing():
    world = await applied_world()

    assert (await world.service().add_region(WEB, WEST)).outcome is Outcome.UNCHANGED


async def test_an_unknown_region_is_refused_and_makes_no_half_row():
    world = await applied_world(document(regions=[EAST]))
    head = await world.store.head()

    with pytest.raises(InvalidSpecError, match="did you mean eu-west-1"):
        await world.service().add_region(WEB, "eu-wst-1")
    assert await world.store.head() == head


async def test_remove_region_cleans_it_up():
    world = await applied_world()

    applied = await world.service().remove_region(WEB, SOUTH)

    assert {r.region: r.effect for r in applied.regions}[SOUTH] is Effect.LEAVES
    assert (await targets(world))[SOUTH].state is TargetState.DELETED
    assert (await world.store.get(WEB)).state is EndpointState.DEPLOYING


async def test_the_last_region_goes_by_delete():
    world = await applied_world(document(regions=[EAST]))

    with pytest.raises(UnsupportedStateError, match="gco delete web"):
        await world.service().remove_region(WEB, EAST)


async def test_a_rollback_is_a_new_revision_with_the_old_spec():
    world = await applied_world()
    service = world.service()
    await service.update_image(WEB, NEWER)

    applied = await service.rollback(WEB)

    endpoint = await world.store.get(WEB)
    assert (applied.revision, endpoint.spec.image) == (3, IMAGE)
    assert [h.what for h in await service.history(WEB)] == [
        "image v0.8.5 → v0.8.4",
        "image v0.8.4 → v0.8.5",
        "created",
    ]


async def test_a_rollback_does_not_start_what_was_stopped_since():
    world = await applied_world()
    service = world.service()
    await service.stop(WEB)

    await service.rollback(WEB, to=1)

    assert (await world.store.get(WEB)).state is EndpointState.STOPPED


async def test_a_rollback_to_what_is_not_kept_says_what_is():
    world = await applied_world()

    with pytest.raises(NotFoundError, match="no revision 7; kept are 1 to 1"):
        await world.service().rollback(WEB, to=7)


async def test_the_history_says_who_changed_what_newest_first():
    world = await applied_world()
    await world.service("bob").scale(WEB, 4)

    assert [(h.number, h.actor, h.what, h.current) for h in await world.service().history(WEB)] == [
        (2, "bob", "replicas + 4", True),
        (1, "ann", "created", False),
    ]


async def test_a_count_that_an_autoscaler_owns_is_set_by_pinning_alone():
    world = await applied_world(document(autoscaling={"min": 2, "max": 8}))

    with pytest.raises(UnsupportedStateError, match=r"between 2 and 8; .* or pass --pin"):
        await world.service().scale(WEB, 6)
    applied = await world.service().scale(WEB, 6, pin=True)

    assert {t.replicas for t in (await targets(world)).values()} == {6}
    assert [c.text for c in applied.changes] == [
        "spec.replicas  + 6",
        "spec.autoscaling.enabled  + false",
    ]


async def test_pinning_one_region_leaves_the_autoscalers_of_the_others():
    world = await applied_world(document(autoscaling={"min": 2, "max": 8}))

    await world.service().scale(WEB, 0, region=WEST, pin=True)

    assert {r: t.replicas for r, t in (await targets(world)).items()} == {
        EAST: 2,
        WEST: 0,
        SOUTH: 2,
    }
    with pytest.raises(UnsupportedStateError):
        await world.service().scale(WEB, 3, region=EAST)
    assert (await world.service().scale(WEB, 1, region=WEST)).outcome is Outcome.CHANGED


async def test_pinning_everywhere_reaches_the_autoscaler_that_one_region_has_for_itself():
    own = {"name": WEST, "autoscaling": {"enabled": True, "max": 3}}
    world = await applied_world(document(regions=[EAST, own]))

    await world.service().scale(WEB, 5, pin=True)

    assert {t.replicas for t in (await targets(world)).values()} == {5}
    assert (await world.service().scale(WEB, 4)).outcome is Outcome.CHANGED
