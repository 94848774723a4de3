"""Any endpoints, on any nodes, rolled out all at once: each ends, and none has fewer pods than it may."""

import asyncio
import dataclasses

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gco.clock import LoopClock
from gco.controllers.sync.surroundings import Surroundings
from gco.kinds.registry import POD
from tests.conftest import START
from tests.kubelet import add_node
from tests.scenario.region_world import GPU_NODE, NS, World
from tests.virtual_time import run, until
from tests.waiting import background

NEW = "vllm/vllm-openai:v2"


@dataclasses.dataclass(frozen=True)
class Crowd:
    """Endpoints by their replicas, accelerators a replica, and what there is beyond those."""

    replicas: tuple[int, ...]
    count: int
    spare: int

    @property
    def nodes(self) -> list[int]:
        """The accelerators of each node: as many as fill it, so that everything has its place."""
        own = [replicas * self.count for replicas in self.replicas]
        return [*own, self.spare] if self.spare else own


crowds = st.builds(
    Crowd,
    st.lists(st.integers(1, 3), min_size=1, max_size=3).map(tuple),
    st.integers(1, 2),
    st.integers(0, 2),
)


def ready(world: World, name: str) -> int:
    """How many pods of the endpoint answer."""
    pods = [p for p in world.all(POD).values() if p["metadata"]["labels"].get("app") == name]
    conditions = [c for p in pods for c in p.get("status", {}).get("conditions", ())]
    return sum(c["type"] == "Ready" and c["status"] == "True" for c in conditions)


async def roll(crowd: Crowd) -> None:
    """Bring all endpoints up, give each a new image at the same moment, and see how they come on."""
    world = World(LoopClock(START))
    await world.install(gpus=0)
    for number, gpus in enumerate(crowd.nodes):
        await add_node(world.person, f"gpu-{number}", gpus=gpus, labels=GPU_NODE)
    counts = {f"e{n}": replicas for n, replicas in enumerate(crowd.replicas)}
    told = {"resources": {"count": crowd.count}}
    surroundings = Surroundings(world.monitor, [NS])

    def ended(name: str) -> bool:
        """A single pod may have to wait: there is no room, and nobody allowed a gap."""
        waits = counts[name] == 1 and world.reason(name=name) == "WaitingForGPU"
        return waits or world.is_ready(name, revision=2)

    async def watch() -> None:
        while True:
            for name, replicas in counts.items():
                assert ready(world, name) >= max(1, replicas - 1), name
            await asyncio.sleep(0.5)

    async with background(surroundings.run(), *world.loops(supply=surroundings)):
        await asyncio.sleep(1)
        for name, replicas in counts.items():
            await world.want(name, replicas=replicas, **told)
            await world.ready(name)
        world.kubelet.ready_after = 3.0
        async with background(watch()) as [watching]:
            for name, replicas in counts.items():
                await world.want(name, revision=2, replicas=replicas, image=NEW, **told)
            await until(lambda: watching.done() or all(map(ended, counts)), within=600)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(crowds)
@example(Crowd((3, 2), 1, 1))
@example(Crowd((1, 3), 2, 2))
def test_rollouts_end_and_leave_enough_pods_serving(crowd):
    run(lambda: roll(crowd))
