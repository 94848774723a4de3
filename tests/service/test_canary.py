"""Canaries at the front door: started, changed, ended, promoted, kept by files and by rollbacks."""

import pytest

from gco.core.model.endpoint import EndpointState
from gco.core.model.status import Condition, ConditionType
from gco.core.model.template_key import template_key
from gco.errors import InvalidSpecError, UnsupportedStateError
from gco.service import Outcome
from gco.service.results import Effect
from gco.store.port import KEPT_REVISIONS
from tests.builders import NOW
from tests.fleet.builders import EAST, SOUTH, WEST
from tests.service.world import IMAGE, WEB, a_world, apply, document

NEWER = "vllm/vllm-openai:v0.8.5"
REGIONS = (EAST, WEST, SOUTH)


async def targets(world):
    return (await world.store.get(WEB)).targets


async def applied_world(*documents):
    world = await a_world()
    await apply(world, *documents)
    return world


async def serving(world, *regions, status="True"):
    """Have the regions say that their canary serves."""
    for region in regions:
        endpoint = await world.store.get(WEB)
        said = Condition(
            type=ConditionType.CANARY_READY,
            status=status,
            reason="CanaryServing" if status == "True" else "ImagePullFailed",
            last_transition_time=NOW,
        )
        await world.say(region, extra=(said,), revision=endpoint.revision)


async def test_a_canary_reaches_every_region_and_restarts_nothing():
    world = await applied_world()
    before = await targets(world)

    applied = await world.service().canary(WEB, image=NEWER, weight=25, replicas=2)

    after = await targets(world)
    assert applied.revision == 2
    assert {region.effect for region in applied.regions} == {Effect.TRIES}
    for region in REGIONS:
        assert after[region].template_key == before[region].template_key
        canary = after[region].canary
        assert (canary.weight, canary.replicas, canary.promoting) == (25, 2, False)
        assert canary.template_key != after[region].template_key


async def test_only_what_is_said_of_the_present_canary_changes():
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER, replicas=3)

    await world.service().canary(WEB, weight=50)

    stated = (await world.store.get(WEB)).spec.canary
    assert (stated.image, stated.weight, stated.replicas) == (NEWER, 50, 3)


async def test_another_image_begins_with_the_small_share_again():
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER, weight=90)

    await world.service().canary(WEB, image="vllm/vllm-openai:v0.9.0")

    assert (await world.store.get(WEB)).spec.canary.weight == 10


@pytest.mark.parametrize(
    ("asked", "path", "allowed"),
    [
        ({}, "spec.canary", "--image or --revision"),
        ({"image": NEWER, "revision": 1}, "spec.canary", "image or revision, and one of them"),
        (
            {"image": NEWER, "weight": 100},
            "spec.canary.weight",
            "1 to 99 (to move all traffic, pro",
        ),
        ({"image": NEWER, "replicas": 0}, "spec.canary.replicas", "a whole number, 1 to 1000"),
        ({"image": "A:"}, "spec.canary.image", "an image such as"),
        ({"revision": 7}, "spec.canary.revision", "a revision that is kept: 1 to 1"),
    ],
    ids=["nothing", "two-sources", "all-traffic", "no-pods", "no-image", "unknown-revision"],
)
async def test_a_bad_canary_is_refused_and_nothing_is_stored(asked, path, allowed):
    world = await applied_world()

    with pytest.raises(InvalidSpecError) as error:
        await world.service().canary(WEB, **asked)

    [problem] = error.value.problems
    assert problem.path == path
    assert problem.allowed.startswith(allowed)
    assert (await world.store.get(WEB)).revision == 1


async def test_a_canary_of_a_revision_runs_all_that_shaped_its_pods():
    world = await applied_world(document(args=["--a"], regions=[EAST]))
    old = (await targets(world))[EAST].template_key
    await apply(world, document(image=NEWER, args=["--b"], regions=[EAST]))

    await world.service().canary(WEB, revision=1)

    target = (await targets(world))[EAST]
    assert target.canary.template_key == old != target.template_key


async def test_the_revision_of_a_canary_outlasts_its_record():
    world = await applied_world(document(regions=[EAST]))
    await world.service().canary(WEB, revision=1)
    for count in range(KEPT_REVISIONS + 2):
        await world.service().scale(WEB, count % 3 + 1)

    await serving(world, EAST)
    await world.service().promote(WEB)

    assert (await world.store.get(WEB)).spec.canary is None


async def test_a_new_endpoint_has_no_revision_to_try():
    world = await a_world()

    with pytest.raises(InvalidSpecError, match="a new endpoint has no revision yet"):
        await apply(world, document(canary={"revision": 1}))


async def test_a_file_that_says_nothing_of_the_canary_keeps_it_and_says_so():
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER)

    applied = await apply(world, document(args=["--x"]))

    assert [kept.path for kept in applied.kept] == ["spec.canary"]
    assert all(target.canary is not None for target in (await targets(world)).values())


async def test_an_abort_takes_the_canary_out_of_every_target():
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER)

    await world.service().abort_canary(WEB)

    assert {target.canary for target in (await targets(world)).values()} == {None}
    again = await world.service().abort_canary(WEB)
    assert again.outcome is Outcome.UNCHANGED


async def test_promoted_the_endpoint_runs_what_the_canary_ran_and_the_canary_serves_on():
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER, weight=25)
    tried = {region: t.canary.template_key for region, t in (await targets(world)).items()}
    await serving(world, *REGIONS)

    await world.service().promote(WEB)

    endpoint = await world.store.get(WEB)
    assert (endpoint.spec.image, endpoint.spec.canary) == (NEWER, None)
    assert endpoint.state is EndpointState.DEPLOYING
    for region, target in endpoint.targets.items():
        assert target.template_key == tried[region] == target.canary.template_key
        assert (target.canary.promoting, target.canary.weight) == (True, 25)


async def test_a_promotion_changes_what_regions_with_images_of_their_own_run():
    mirror = "mirror.example.com/vllm/vllm-openai"
    regions = [EAST, {"name": WEST, "image": f"{mirror}:v0.8.4"}]
    world = await applied_world(document(regions=regions))
    await world.service().canary(WEB, image=NEWER)
    tried = (await targets(world))[WEST].canary.template_key
    await serving(world, EAST, WEST)

    await world.service().promote(WEB)

    endpoint = await world.store.get(WEB)
    west = next(r for r in endpoint.spec.regions if r.name == WEST)
    assert west.image == f"{mirror}:v0.8.5"
    assert endpoint.targets[WEST].template_key == tried


async def test_a_revision_is_promoted_with_what_it_said_of_each_region():
    own = {"name": WEST, "scheduling": {"nodeSelector": {"a": "b"}}}
    world = await applied_world(document(args=["--a"], regions=[EAST, own]))
    first = {region: t.template_key for region, t in (await targets(world)).items()}
    await apply(world, document(image=NEWER, regions=[EAST, WEST]))
    await world.service().canary(WEB, revision=1)
    await serving(world, EAST, WEST)

    await world.service().promote(WEB)

    assert {region: t.template_key for region, t in (await targets(world)).items()} == first


@pytest.mark.parametrize("status", ["False", None], ids=["not-ready", "unheard"])
async def test_what_is_not_known_to_serve_everywhere_is_promoted_by_force_alone(status):
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER)
    await serving(world, EAST, WEST)
    if status is not None:
        await serving(world, SOUTH, status=status)

    with pytest.raises(UnsupportedStateError, match=SOUTH):
        await world.service().promote(WEB)

    await world.service().promote(WEB, force=True)
    assert (await world.store.get(WEB)).spec.image == NEWER


async def test_a_region_that_went_silent_holds_a_promotion_up():
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER)
    await serving(world, *REGIONS)
    world.clock.forward(minutes=10)

    with pytest.raises(UnsupportedStateError, match="RegionSilent"):
        await world.service().promote(WEB)


async def test_without_a_canary_there_is_nothing_to_promote():
    world = await applied_world()

    with pytest.raises(UnsupportedStateError, match="has no canary"):
        await world.service().promote(WEB, force=True)


async def test_a_canary_that_is_promoted_is_neither_promoted_again_nor_aborted():
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER)
    await world.service().promote(WEB, force=True)

    with pytest.raises(UnsupportedStateError, match="being promoted already"):
        await world.service().promote(WEB)
    with pytest.raises(UnsupportedStateError, match="gco rollback web"):
        await world.service().abort_canary(WEB)


async def test_edits_during_a_promotion_leave_the_canary_serving():
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER)
    await world.service().promote(WEB, force=True)

    await world.service().scale(WEB, 3)

    assert all(target.canary.promoting for target in (await targets(world)).values())


async def test_a_stop_ends_a_promotion_and_a_start_runs_the_promoted_version():
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER)
    await world.service().promote(WEB, force=True)

    await world.service().stop(WEB)
    assert {target.canary for target in (await targets(world)).values()} == {None}
    await world.service().start(WEB)

    assert (await world.store.get(WEB)).spec.image == NEWER


async def test_a_rollback_of_a_promotion_has_the_canary_again():
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER, weight=25)
    await world.service().promote(WEB, force=True)

    await world.service().rollback(WEB)

    endpoint = await world.store.get(WEB)
    assert (endpoint.spec.image, endpoint.spec.canary.weight) == (IMAGE, 25)
    assert not any(target.canary.promoting for target in endpoint.targets.values())


async def test_a_rollback_to_before_the_canary_ends_it():
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER)

    await world.service().rollback(WEB)

    endpoint = await world.store.get(WEB)
    assert endpoint.spec.canary is None
    assert {target.canary for target in endpoint.targets.values()} == {None}


async def test_a_new_image_for_the_endpoint_leaves_its_canary():
    world = await applied_world()
    await world.service().canary(WEB, image=NEWER)

    await world.service().update_image(WEB, "vllm/vllm-openai:v0.8.6")

    endpoint = await world.store.get(WEB)
    assert endpoint.spec.canary.image == NEWER


async def test_the_canarys_pods_are_those_of_the_endpoint_but_for_the_image():
    world = await applied_world(document(args=["--x"], regions=[EAST]))
    await world.service().canary(WEB, image=NEWER)

    endpoint = await world.store.get(WEB)
    shall = endpoint.spec.model_copy(update={"image": NEWER, "canary": None, "regions": None})
    assert endpoint.targets[EAST].canary.template_key == template_key(shall, {})
