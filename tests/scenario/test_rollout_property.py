"""Any endpoints, on any nodes, rolled out all at once: each ends, and none has fewer pods than it may."""

import asyncio
import dataclasses
import enum
from typing import Any

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gco.clock import LoopClock
from gco.controllers.sync.surroundings import Surroundings
from gco.kinds.registry import DEPLOYMENT, POD
from tests.builders import WEB
from tests.conftest import START
from tests.kubelet import add_node
from tests.scenario.canary_world import pods
from tests.scenario.region_world import GPU_NODE, NS, World
from tests.scenario.scaling_world import scale_by_hand
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


class Act(enum.Enum):
    """What someone else does while our last write stands."""

    VERSION = "a new image"
    RESTART = "kubectl rollout restart"
    SCALE = "a count, by kubectl or an autoscaler"
    EVICT = "an eviction"


@dataclasses.dataclass(frozen=True)
class Life:
    """An endpoint, the accelerators beyond its replicas, and what happens to it after how long."""

    replicas: int
    spare: int
    fewest: int
    """The minimum of its autoscaler; 0 where it has none."""
    acts: tuple[tuple[float, Act, int], ...]

    @property
    def stated(self) -> dict[str, Any]:
        scaled = {"autoscaling": {"min": self.fewest, "max": 6}} if self.fewest else {}
        return {"replicas": max(self.replicas, self.fewest), **scaled}

    @property
    def gpus(self) -> int:
        return max(1, self.stated["replicas"] + self.spare)


lives = st.builds(
    Life,
    st.integers(1, 4),
    st.integers(-2, 2),
    st.integers(0, 2),
    st.lists(
        st.tuples(st.sampled_from([0.0, 0.3, 4.0, 40.0]), st.sampled_from(Act), st.integers(1, 6)),
        min_size=2,
        max_size=6,
    ).map(tuple),
)


async def interfere(world: World, life: Life, revision: int, act: Act, number: int) -> None:
    """Do as someone else does, within what Kubernetes lets us cover (docs/decisions/0016)."""
    deployment = world.find(DEPLOYMENT, WEB)
    match act:
        case Act.VERSION:
            image = f"vllm/vllm-openai:v{revision}"
            await world.want(revision=revision, image=image, **life.stated)
        case Act.RESTART:
            path = "/spec/template/metadata/annotations/kubectl.kubernetes.io~1restartedAt"
            edit = [{"op": "add", "path": path, "value": str(revision)}]
            await world.person.patch(DEPLOYMENT, NS, WEB, edit, manager="kubectl-rollout")
        case Act.SCALE:
            limits = deployment["spec"]["strategy"]["rollingUpdate"]
            by_hand = life.fewest == 0 and (limits["maxSurge"] > 0 or life.replicas == 1)
            one_may_do = life.fewest == 1 or by_hand
            half = -(-deployment["spec"]["replicas"] // 2)
            await scale_by_hand(world, max(number, half, 1 if one_may_do else 2))
        case Act.EVICT:
            healthy = sorted(pods(world, WEB))
            if len(healthy) >= max(2, deployment["spec"]["replicas"]):  # as its budget allows
                await world.person.delete(POD, NS, healthy[number % len(healthy)])


async def live(life: Life) -> None:
    """Bring the endpoint up, interfere, and see that a pod answers at every moment."""
    world = World(LoopClock(START))
    await world.install(gpus=life.gpus)
    surroundings = Surroundings(world.monitor, [NS])
    enough = min(life.gpus, life.stated["replicas"])

    async def watch() -> None:
        while True:
            assert ready(world, WEB) >= 1
            await asyncio.sleep(0.1)

    def ended() -> bool:
        return world.is_ready() or world.reason() == "WaitingForGPU"

    async with background(surroundings.run(), *world.loops(supply=surroundings)):
        await asyncio.sleep(1)
        await world.want(**life.stated)
        await until(lambda: ready(world, WEB) == enough)
        await asyncio.sleep(1)
        world.kubelet.ready_after = 3.0
        async with background(watch()) as [watching]:
            for revision, (wait, act, number) in enumerate(life.acts, 2):
                await asyncio.sleep(wait)
                await interfere(world, life, revision, act, number)
            await asyncio.sleep(10)
            await until(lambda: watching.done() or ended(), within=900)


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(lives)
@example(Life(4, 0, 0, ((0, Act.VERSION, 1), (4, Act.SCALE, 2), (0.3, Act.RESTART, 2))))
@example(Life(4, -2, 0, ((0, Act.VERSION, 1), (40, Act.SCALE, 2), (4, Act.EVICT, 0))))
@example(
    Life(
        3,
        0,
        1,
        ((0, Act.VERSION, 1), (0.3, Act.SCALE, 1), (0.3, Act.SCALE, 1), (9, Act.RESTART, 2)),
    )
)
def test_whatever_others_do_to_count_and_pods_one_answers(life):
    """No write of anybody else, while our last write stands, lets the last ready pod go."""
    run(lambda: live(life))
