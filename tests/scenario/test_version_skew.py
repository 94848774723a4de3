"""An older part meets a newer one's work: it refuses that alone, and says which side to upgrade."""

import copy

import pytest

from gco.core.model.crd import crd
from gco.core.model.ids import EndpointName
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION
from tests.model.test_original import row
from tests.scenario.fleet_world import EAST, World
from tests.waiting import eventually

MOVED = EndpointName("web")

pytestmark = pytest.mark.looptime(noop_cycles=0)


def older_definition():
    """The definition of a version that could not adopt yet."""
    older = copy.deepcopy(crd())
    [version] = older["spec"]["versions"]
    del version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["adopts"]
    return older


async def test_an_older_definition_is_told_with_what_to_apply(clock):
    fleet = World(clock, EAST)
    site = fleet.sites[EAST]
    async with fleet.running():
        await site.person.apply(CUSTOM_RESOURCE_DEFINITION, older_definition(), manager="kubectl")
        await fleet.apply("plain")
        await fleet.service().move([row()], source="old-table", write=True)
        await fleet.settled("running", "plain")

        async def told():
            [row] = (await fleet.service().get(MOVED)).regions
            return row.reason == "Rejected" and row

        assert "crd.yaml" in (await eventually(told)).message
        await site.person.apply(CUSTOM_RESOURCE_DEFINITION, crd(), manager="kubectl")

        async def runs():
            return await fleet.state(MOVED) == "running"

        await eventually(runs, within=1200)
