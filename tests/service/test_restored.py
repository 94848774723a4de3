"""A store that was set back knows less than its regions run: one edit, or one deletion, is enough."""

import pytest

from gco.core.model.endpoint import TargetState
from gco.core.model.ids import EndpointName
from gco.core.model.status import Lost
from gco.service import Outcome
from tests.fleet.builders import EAST, SOUTH, WEST
from tests.service.world import a_world, document

WEB = EndpointName("web")


async def set_back(world):
    """The store has revision 1; a region runs revision 5."""
    await world.service().apply([document(replicas=2)], source="web.yaml")
    await world.say(EAST, revision=5)
    return world.service()


async def test_what_a_set_back_store_does_not_know_is_told_with_the_next_step():
    service = await set_back(await a_world())

    [east] = [region for region in (await service.get(WEB)).regions if region.region == EAST]

    assert (east.done, east.reason) == (False, "RevisionOutdated")
    assert "apply the endpoint again" in east.message


@pytest.mark.parametrize(
    "edit",
    [
        pytest.param(lambda s: s.scale(WEB, 4), id="an-edit"),
        pytest.param(
            lambda s: s.apply([document(replicas=2)], source="web.yaml"), id="the-same-document"
        ),
    ],
)
async def test_the_next_revision_goes_beyond_what_any_region_runs(edit):
    world = await a_world()
    service = await set_back(world)

    await edit(service)

    endpoint = await world.store.get(WEB)
    assert endpoint.revision == 6
    assert {target.revision for target in endpoint.targets.values()} == {6}


async def test_a_deletion_is_not_refused_as_older_either():
    world = await a_world()
    service = await set_back(world)

    await service.delete([WEB], confirmed=True)

    targets = (await world.store.get(WEB)).targets
    assert {t.state for t in targets.values()} == {TargetState.DELETED}
    assert {region: t.revision for region, t in targets.items()} == {EAST: 5, WEST: 5, SOUTH: 5}


async def test_what_regions_say_of_an_endpoint_that_had_the_name_before_counts_for_nothing():
    world = await a_world()
    service = await set_back(world)
    endpoint = await world.store.get(WEB)
    [said] = await world.store.statuses_of({WEB: [EAST]})
    other = said.model_copy(update={"uid": "uid-before", "observed_revision": 9})
    await world.store.write_statuses(EAST, world.epochs[EAST], [other])

    [applied] = await service.apply([document(replicas=2)], source="web.yaml")

    assert (applied.outcome, applied.revision) == (Outcome.UNCHANGED, endpoint.revision)


async def lost(world, **by_region):
    """Regions run `web`, of which the store knows nothing."""
    for name, told in by_region.items():
        where = {"east": EAST, "west": WEST}[name]
        [known] = [r for r in await world.store.regions() if r.name == where]
        update = {"lost": {f"gco-inference/{WEB}": told}}
        await world.store.update_region(known.model_copy(update=update))


async def test_an_endpoint_whose_record_is_lost_is_made_again_as_the_one_that_runs():
    world = await a_world()
    await lost(world, east=Lost(uid="uid-1", revision=4), west=Lost(uid="uid-1", revision=5))

    [applied] = await world.service().apply([document()], source="web.yaml")

    endpoint = await world.store.get(WEB)
    assert (endpoint.uid, endpoint.revision, applied.revision) == ("uid-1", 6, 6)


async def test_where_regions_run_different_ones_it_is_none_of_them():
    world = await a_world()
    await lost(world, east=Lost(uid="uid-1", revision=4), west=Lost(uid="uid-2", revision=5))

    await world.service().apply([document()], source="web.yaml")

    endpoint = await world.store.get(WEB)
    assert endpoint.uid not in {"uid-1", "uid-2"}
    assert endpoint.revision == 1
