"""Objects that nobody can read stop nothing: every other object is seen, every endpoint served."""

import pytest

from gco.core.region.observe import frozen
from gco.kinds.registry import CONTROLLER_REVISION, DEPLOYMENT
from tests.builders import WEB
from tests.scenario.region_world import NS, World
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)


def a_revision(name, data):
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": {"name": name, "namespace": NS},
        "revision": 1,
        "data": data,
    }


@pytest.mark.parametrize(
    "data",
    [
        pytest.param({"spec": {"terminationGracePeriodSeconds": "soon"}}, id="words-for-seconds"),
        pytest.param({"spec": {"containers": [{"volumeMounts": [{}]}]}}, id="a-nameless-mount"),
        pytest.param({"spec": {"containers": ["a"]}}, id="text-for-a-container"),
        pytest.param({"spec": "any"}, id="text-for-a-spec"),
        pytest.param(["any"], id="a-list"),
    ],
)
async def test_a_controller_revision_with_any_data_stops_no_endpoint(clock, data):
    world = World(clock)
    await world.install()
    await world.person.create(CONTROLLER_REVISION, a_revision("web-0123456789", data))
    async with background(*world.loops()):
        await world.want()
        await world.ready()

        await world.person.create(CONTROLLER_REVISION, a_revision("web-abcdefghij", data))
        await world.want(revision=2, replicas=2)
        await world.ready(revision=2)

    assert world.find(DEPLOYMENT, WEB)["spec"]["replicas"] == 2
    left = world.find(CONTROLLER_REVISION, "web-0123456789")
    assert frozen(left).endpoint_uid is None, "it stays, and stays its maker's"
