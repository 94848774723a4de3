"""Whatever order a person does things in, the count ends with its right owner and is never too low."""

import asyncio
import contextlib

import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gco.clock import LoopClock
from gco.core.model.endpoint import TargetState
from gco.core.model.names import MANAGER
from gco.core.model.status import RegionState
from gco.kinds.registry import DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER
from tests.builders import NOW, WEB
from tests.scenario.region_world import NS, World
from tests.scenario.scaling_world import NAME, autoscaler, live, scale_by_hand, states
from tests.virtual_time import run, until
from tests.waiting import background

MIN, MAX = 2, 6
BOUNDS = {"min": MIN, "max": MAX, "pollers": {"cooldownSeconds": 10}}
PINNED = {**BOUNDS, "enabled": False}
STEPS = st.sampled_from(
    ["on", "off", "pin", "stop", "start", "busy", "idle", "by hand", "unscaled by hand", "restart"]
)
PAUSES = st.sampled_from([0.0, 0.001, 0.01, 0.1, 1.0, 20.0])


class Story:
    """What a person wants, step by step, and what the Deployment stated meanwhile."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.revision = 1
        self.state = TargetState.RUNNING
        self.scaling = None
        self.replicas = 3
        self.too_low: list[tuple[str, int]] = []
        self.loop: asyncio.Task[None] | None = None
        world.server.admit(self._look)

    def _look(self, kind, manifest):
        """Note each count below what running pods may come to."""
        if kind == DEPLOYMENT and self.state is TargetState.RUNNING:
            count = manifest["spec"].get("replicas", 1)
            if 0 < count < MIN:
                self.too_low.append((manifest["metadata"]["name"], count))

    async def step(self, what: str) -> None:
        """Do one thing."""
        match what:
            case "on" | "off" | "pin" | "stop" | "start":
                await self._want(what)
            case "busy" | "idle":
                load = MAX * 70 if what == "busy" else MIN * 70
                self.world.server.server.loads.set(NS, WEB, cpu=load)
            case "by hand":
                if self.world.find(DEPLOYMENT, WEB):
                    await scale_by_hand(self.world, 4)
            case "unscaled by hand":
                if autoscaler(self.world):
                    await self.world.person.delete(HORIZONTAL_POD_AUTOSCALER, NS, NAME)
            case "restart":
                await self.restart()

    async def _want(self, what: str) -> None:
        self.scaling = {"on": BOUNDS, "off": None, "pin": PINNED}.get(what, self.scaling)
        if what in ("stop", "start"):
            self.state = TargetState.STOPPED if what == "stop" else TargetState.RUNNING
        self.revision += 1
        await self.want()

    async def want(self) -> None:
        """Apply what is wanted by now."""
        await self.world.want(
            revision=self.revision,
            state=self.state,
            replicas=self.replicas,
            **({} if self.scaling is None else {"autoscaling": self.scaling}),
        )

    async def restart(self) -> None:
        """End the loop as a crash does, and begin another."""
        await self.end()
        self.loop = asyncio.create_task(self.world.controller().run())

    async def end(self) -> None:
        """End the loop as a crash does."""
        if self.loop is not None:
            self.loop.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self.loop

    def is_settled(self) -> bool:
        """Whether the count is with its right owner."""
        if self.world.find(DEPLOYMENT, WEB) is None:
            return False
        if self.state is TargetState.STOPPED:
            status = self.world.status()
            stopped = status is not None and status.state is RegionState.STOPPED
            return stopped and live(self.world) == 0 and autoscaler(self.world) is None
        if self.scaling is BOUNDS:
            owned = autoscaler(self.world) is not None and MANAGER not in states(self.world)
            return owned and MIN <= live(self.world) <= MAX
        return autoscaler(self.world) is None and live(self.world) == self.replicas


async def tell(steps) -> None:
    world = World(LoopClock(NOW))
    await world.install(gpus=16)
    story = Story(world)
    async with background(*world.others()):
        await story.restart()
        await story.want()
        for what, pause in steps:
            await story.step(what)
            await asyncio.sleep(pause)
        await until(story.is_settled, within=400)
        await asyncio.sleep(60)
        assert story.is_settled()
        assert story.too_low == []
        await story.end()


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(st.lists(st.tuples(STEPS, PAUSES), max_size=8))
def test_in_any_order_the_count_ends_with_its_owner_and_is_never_below_the_minimum(steps):
    with structlog.testing.capture_logs():
        run(lambda: tell(steps))
