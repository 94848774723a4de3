"""Documents become endpoints, all or none, and never over someone else's edit."""

import pytest

from gco.core.model.endpoint import EndpointState, TargetState, Write
from gco.core.model.ids import EndpointName, RevisionNumber
from gco.errors import (
    ConflictError,
    HalfDoneError,
    InvalidSpecError,
    NotFoundError,
    UnsupportedStateError,
)
from gco.service import DeployFlags, Outcome
from gco.service.results import Effect
from gco.store.memory import MemoryStore
from tests.fleet.builders import EAST, SOUTH, WEST
from tests.service.world import IMAGE, WEB, Overtaken, a_world, apply, document

NEWER = "vllm/vllm-openai:v0.8.5"


async def test_a_new_endpoint_runs_in_every_registered_region_and_says_which():
    world = await a_world()

    applied = await apply(world)

    endpoint = await world.store.get(WEB)
    assert (applied.outcome, applied.revision, applied.previous) == (Outcome.CREATED, 1, None)
    assert {r.region: r.effect for r in applied.regions} == dict.fromkeys(
        [SOUTH, WEST, EAST], Effect.JOINS
    )
    assert endpoint.state is EndpointState.DEPLOYING
    assert {t.state for t in endpoint.targets.values()} == {TargetState.RUNNING}
    revision = await world.store.revision(WEB, endpoint.uid, RevisionNumber(1))
    assert (revision.actor, revision.reason) == ("ann", "from web.yaml")


async def test_a_file_that_changes_nothing_makes_no_revision():
    world = await a_world()
    await apply(world)
    head = await world.store.head()

    again = await apply(world)

    assert (again.outcome, again.revision) == (Outcome.UNCHANGED, 1)
    assert await world.store.head() == head


async def test_a_change_says_what_changes_and_where_pods_restart():
    world = await a_world()
    await apply(world, document(args=["--max-model-len=8192"]))

    applied = await apply(world, document(image=NEWER, args=["--max-model-len=16384"]))

    assert [c.text for c in applied.changes] == [
        "spec.image  vllm/vllm-openai:v0.8.4 → v0.8.5",
        "spec.args[0]  --max-model-len=8192 → 16384",
    ]
    assert {(r.effect, r.resource, r.free, r.total) for r in applied.restarts} == {
        (Effect.RESTARTS, "nvidia.com/gpu", 6, 16)
    }


async def test_a_dry_run_tells_the_same_and_stores_nothing():
    world = await a_world()

    [told] = await world.service().diff([document()], source="web.yaml")

    assert (told.outcome, told.dry_run, told.revision) == (Outcome.CREATED, True, 1)
    assert await world.store.head() == 0


async def test_what_a_file_leaves_out_and_commands_set_is_kept_and_told():
    world = await a_world()
    await apply(world, document(regions=[EAST, WEST]))
    service = world.service()
    await service.scale(WEB, 4)
    await service.scale(WEB, 2, region=WEST)
    await service.stop(WEB)

    applied = await apply(world, document(regions=[EAST, WEST], image=NEWER))

    assert [(k.path, k.value) for k in applied.kept] == [
        ("spec.state", "stopped"),
        ("spec.replicas", "4"),
        (f"spec.regions[{WEST}].replicas", "2"),
    ]
    targets = (await world.store.get(WEB)).targets
    assert {r: (t.state, t.replicas) for r, t in targets.items()} == {
        EAST: (TargetState.STOPPED, 4),
        WEST: (TargetState.STOPPED, 2),
    }


async def test_what_a_file_states_overrides_what_commands_set():
    world = await a_world()
    await apply(world)
    await world.service().scale(WEB, 4)

    applied = await apply(world, document(replicas=2))

    assert [c.text for c in applied.changes] == ["spec.replicas  4 → 2"]
    assert not applied.kept


async def test_a_file_without_regions_keeps_what_single_regions_were_scaled_to():
    world = await a_world()
    await apply(world)
    await world.service().scale(WEB, 3, region=WEST)

    applied = await apply(world)

    assert applied.outcome is Outcome.UNCHANGED
    assert (await world.store.get(WEB)).targets[WEST].replicas == 3


async def test_a_region_that_registers_later_is_joined_by_the_next_apply_and_by_nothing_else():
    world = await a_world()
    await apply(world)
    await world.register("eu-north-1")

    await world.service().scale(WEB, 2)
    assert "eu-north-1" not in (await world.store.get(WEB)).targets

    applied = await apply(world)
    assert {r.region: r.effect for r in applied.regions}["eu-north-1"] is Effect.JOINS
    assert "eu-north-1" in (await world.store.get(WEB)).targets


async def test_a_region_that_a_file_no_longer_names_keeps_a_deleted_target():
    world = await a_world()
    await apply(world, document(regions=[EAST, WEST]))

    applied = await apply(world, document(regions=[EAST]))

    assert {r.region: r.effect for r in applied.regions} == {
        EAST: Effect.UPDATES,
        WEST: Effect.LEAVES,
    }
    assert (await world.store.get(WEB)).targets[WEST].state is TargetState.DELETED


@pytest.mark.parametrize(
    ("documents", "path"),
    [
        pytest.param([document(regions=[EAST, "eu-wst-1"])], "spec.regions[1]", id="region"),
        pytest.param([document(namespace="elsewhere")], "metadata.namespace", id="namespace"),
        pytest.param([document(), document()], "documents[1].metadata.name", id="twice"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_path(documents, path):
    world = await a_world()

    with pytest.raises(InvalidSpecError) as refused:
        await world.service().apply(documents, source="web.yaml")

    assert [p.path.startswith(path) for p in refused.value.problems] == [True]
    assert await world.store.head() == 0


async def test_every_problem_of_every_document_is_told_before_anything_is_stored():
    world = await a_world()
    good = document(EndpointName("good"))
    bad = [document(EndpointName(n), regions=["nowhere"]) for n in ("bad-1", "bad-2")]

    with pytest.raises(InvalidSpecError) as refused:
        await world.service().apply([good, *bad], source="many.yaml")

    assert [p.path.split(":")[0] for p in refused.value.problems] == ["bad-1", "bad-2"]
    assert await world.store.head() == 0


async def test_without_any_region_the_refusal_says_what_to_do():
    world = await a_world(MemoryStore())
    for known in await world.store.regions():
        await world.store.remove_region(known.name)

    with pytest.raises(InvalidSpecError, match="gco monitor"):
        await apply(world)


async def test_more_documents_than_fit_one_transaction_are_stored_all_the_same():
    world = await a_world()
    many = [document(EndpointName(f"web-{n:03}")) for n in range(120)]

    applied = await world.service().apply(many, source="many.yaml")

    assert [a.name for a in applied] == [d.metadata.name for d in many]
    assert len([e async for e in world.store.list()]) == 120
    assert await world.store.head() == 3


async def test_an_endpoint_stays_in_its_namespace():
    world = await a_world()
    await world.register(EAST, WEST, SOUTH, namespaces=("gco-inference", "other"))
    await apply(world)

    with pytest.raises(InvalidSpecError, match="delete it and apply anew"):
        await apply(world, document(namespace="other"))


@pytest.mark.parametrize(
    ("present", "expected", "right"),
    [
        pytest.param(True, 1, True, id="as-it-is"),
        pytest.param(True, 7, False, id="another"),
        pytest.param(True, 0, False, id="exists-already"),
        pytest.param(False, 0, True, id="new-as-expected"),
        pytest.param(False, 1, False, id="not-there"),
    ],
)
async def test_if_revision(present, expected, right):
    world = await a_world()
    if present:
        await apply(world)
    changed = document(image=NEWER)

    if right:
        assert (await apply(world, changed, if_revision=expected)).outcome is not Outcome.UNCHANGED
    else:
        with pytest.raises(ConflictError):
            await apply(world, changed, if_revision=expected)


async def test_a_tombstone_refuses_its_name_and_says_what_it_waits_for():
    world = await a_world()
    await apply(world, document(regions=[EAST]))
    await world.service().delete([WEB], confirmed=True)

    with pytest.raises(UnsupportedStateError, match=f"being deleted.*{EAST}.*gco wait web"):
        await apply(world)


async def test_of_two_writers_the_second_hears_who_changed_what_and_nothing_is_lost():
    async def faster():
        await world.service("bob").scale(WEB, 5)

    world = await a_world(store := Overtaken(faster))
    await apply(world)

    with pytest.raises(ConflictError, match=r"by bob: revision 1 → 2 \(replicas \+ 5\)"):
        await apply(world, document(image=NEWER))

    endpoint = await store.get(WEB)
    assert (endpoint.spec.replicas, endpoint.spec.image) == (5, IMAGE)


async def test_a_conflict_after_the_first_transaction_names_what_was_stored():
    async def faster():
        await world.service("bob").scale(names[-1], 5)

    world = await a_world(Overtaken(faster, times=0))
    names = [EndpointName(f"web-{n:03}") for n in range(60)]
    await world.service().apply([document(n) for n in names], source="many.yaml")
    world.store.times = 1

    with pytest.raises(HalfDoneError, match=r"web-059 was changed.*Stored: web-000, ") as told:
        await world.service().apply([document(n, image=NEWER) for n in names], source="many.yaml")

    assert isinstance(told.value.error, ConflictError)
    assert (told.value.stored, told.value.not_stored) == (tuple(names[:48]), tuple(names[48:]))


async def test_a_name_that_someone_else_takes_first_is_told():
    async def faster():
        await apply(world, actor="bob")

    world = await a_world(Overtaken(faster, creations=True))

    with pytest.raises(ConflictError, match="web was created meanwhile by bob"):
        await apply(world, document(image=NEWER))


async def test_the_fleets_own_writes_do_not_stand_in_the_way_of_an_apply():
    async def faster():
        endpoint = await world.store.get(WEB)
        update = {"state": EndpointState.RUNNING, "generation": endpoint.generation + 1}
        await MemoryStore.write(
            world.store, [Write(WEB, endpoint.generation, endpoint.model_copy(update=update))]
        )

    world = await a_world(Overtaken(faster))
    await apply(world)

    assert (await apply(world, document(image=NEWER))).revision == 2


async def test_a_scale_is_decided_anew_on_top_of_someone_elses_edit():
    async def faster():
        await world.service("bob").update_image(WEB, NEWER)

    world = await a_world(Overtaken(faster, times=2))
    await apply(world)

    await world.service().scale(WEB, 5)

    endpoint = await world.store.get(WEB)
    assert (endpoint.spec.replicas, endpoint.spec.image) == (5, NEWER)


async def test_a_delete_that_comes_between_wins_over_an_edit():
    async def faster():
        await world.service("bob").delete([WEB], confirmed=True)

    world = await a_world(Overtaken(faster))
    await apply(world)

    with pytest.raises(UnsupportedStateError, match="being deleted"):
        await world.service().scale(WEB, 5)


async def test_deploy_makes_the_endpoint_that_its_flags_say():
    world = await a_world()
    flags = DeployFlags(name="web", image=IMAGE, regions=(EAST,), replicas=2, count=2)

    applied = await world.service().deploy(flags)

    assert applied.outcome is Outcome.CREATED
    endpoint = await world.store.get(WEB)
    assert (endpoint.spec.resources.count, list(endpoint.targets)) == (2, [EAST])


async def test_deploy_refuses_a_name_that_is_taken():
    world = await a_world()
    await apply(world)

    with pytest.raises(ConflictError, match="web is taken"):
        await world.service().deploy(DeployFlags(name="web", image=NEWER))


async def test_deploy_tells_every_bad_flag_at_once():
    world = await a_world()
    flags = DeployFlags(name="Web_1", image=IMAGE, regions=("nowhere",))

    with pytest.raises(InvalidSpecError) as refused:
        await world.service().deploy(flags)

    problems = [p.path for p in refused.value.problems]
    assert problems == ["metadata.name", "spec.regions[0].name"]


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda s: s.update_image(EndpointName("wbe"), NEWER), id="update-image"),
        pytest.param(lambda s: s.scale(EndpointName("wbe"), 2), id="scale"),
        pytest.param(lambda s: s.add_region(EndpointName("wbe"), EAST), id="add-region"),
        pytest.param(lambda s: s.get(EndpointName("wbe")), id="get"),
        pytest.param(lambda s: s.status([EndpointName("wbe")]), id="status"),
        pytest.param(lambda s: s.rollback(EndpointName("wbe")), id="rollback"),
        pytest.param(lambda s: s.delete([EndpointName("wbe")]), id="delete"),
    ],
)
async def test_an_absent_endpoint_is_refused_with_the_nearest_name_and_none_is_made(edit):
    world = await a_world()
    await apply(world)
    head = await world.store.head()

    with pytest.raises(NotFoundError, match="did you mean web"):
        await edit(world.service())
    assert await world.store.head() == head
