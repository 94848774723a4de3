"""Every write to an object that is known names it by uid, so that another one of that name is spared."""

import pytest

from gco.core.model.endpoint import TargetState
from gco.core.model.status import RegionState
from gco.errors import AbsentError
from gco.kinds.registry import DEPLOYMENT, INFERENCE_ENDPOINT
from tests.builders import WEB
from tests.scenario import fleet_world
from tests.scenario.region_world import NS, World
from tests.virtual_time import until
from tests.waiting import background

pytestmark = pytest.mark.looptime(noop_cycles=0)


class Witness:
    """Passes requests on, and notes applies and deletes that do not say which object they mean."""

    def __init__(self, cluster, server) -> None:
        self._cluster = cluster
        self._server = server
        self.seen: set[str] = set()
        self.nameless: list[str] = []

    def __getattr__(self, name):
        return getattr(self._cluster, name)

    async def apply(self, kind, manifest, **told):
        meta = manifest["metadata"]
        if self._uid(kind, meta) not in (None, meta.get("uid")):
            self.nameless.append(f"apply {kind.name} {meta['name']}")
        self.seen.add(f"apply {kind.name}")
        return await self._cluster.apply(kind, manifest, **told)

    async def delete(self, kind, namespace, name, *, uid=None, **told):
        if uid is None:
            self.nameless.append(f"delete {kind.name} {name}")
        self.seen.add(f"delete {kind.name}")
        await self._cluster.delete(kind, namespace, name, uid=uid, **told)

    def _uid(self, kind, meta):
        try:
            return self._server.get(kind, meta["namespace"], meta["name"])["metadata"]["uid"]
        except AbsentError:
            return None


async def test_the_endpoint_loop_says_which_object_it_means(clock):
    world = World(clock)
    await world.install()
    witness = Witness(world.monitor, world.server.server)
    async with background(*world.others(), world.controller(writer=witness).run()):
        await world.want()
        await world.ready()
        await world.want(revision=2, replicas=2, image="vllm/vllm-openai:v2")
        await world.ready(revision=2)
        edits = [{"op": "replace", "path": "/spec/replicas", "value": 9}]
        await world.person.patch(DEPLOYMENT, NS, WEB, edits, manager="kubectl-edit")
        await until(lambda: world.find(DEPLOYMENT, WEB)["spec"]["replicas"] == 2)
        await world.want(revision=3, state=TargetState.DELETED)
        await until(lambda: world.status().state is RegionState.DELETED, within=300)

    assert witness.nameless == []
    assert {"apply Deployment", "apply InferenceEndpoint", "delete Deployment"} <= witness.seen


async def test_the_sync_loop_says_which_object_it_means(clock):
    world = fleet_world.World(clock, fleet_world.EAST)
    site = world.sites[fleet_world.EAST]
    async with world.running(sync=False):
        witness = Witness(site.monitor, site.server.server)
        sync = await site.sync(world.store, writer=witness)
        async with background(*fleet_world.both(sync)):
            await until(sync.follower.complete.is_set)
            await world.apply()
            await world.settled("running")
            await world.apply(replicas=2)
            await world.settled("running")
            edits = [{"op": "replace", "path": "/spec/replicas", "value": 9}]
            await site.person.patch(
                INFERENCE_ENDPOINT, fleet_world.NS, WEB, edits, manager="kubectl-edit"
            )
            await until(lambda: site.asked() == ("running", 2, 2))
            await world.service().delete([WEB], confirmed=True)
            await world.settled(None)

    assert witness.nameless == []
    assert witness.seen == {"apply InferenceEndpoint", "delete InferenceEndpoint"}
