"""Canary, stop, delete, autoscaler, hand edits, crashes and long silences, in any order.

Whatever the order: no share ever goes to a canary without ready pods, the endpoint's own pods and
its route never go because of a canary, and in the end everything is as it was asked for last, with
nothing left over.
"""

import asyncio
import contextlib
import datetime as dt

from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from gco.clock import LoopClock
from gco.core.model.endpoint import EndpointState
from gco.errors import AbsentError, InvalidSpecError, NotFoundError, UnsupportedStateError
from gco.kinds.registry import (
    DEPLOYMENT,
    INFERENCE_ENDPOINT,
    INGRESS,
    POD,
    POD_DISRUPTION_BUDGET,
    SERVICE,
)
from tests.builders import WEB
from tests.fleet.builders import EAST
from tests.kubelet import Fate
from tests.scenario.canary_world import (
    CANARY,
    CANARY_KINDS,
    NEW,
    OLD,
    OTHER,
    Desired,
    Watch,
    canary_objects,
    pods,
    weight,
)
from tests.scenario.region_world import NS, ROUTE, World
from tests.service.world import document
from tests.virtual_time import run, until
from tests.waiting import background

REFUSED = (InvalidSpecError, NotFoundError, UnsupportedStateError)
"""What a person is told when there is nothing to stop, promote or abort: as good as nothing asked."""
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)

SCALED = document(image=OLD, autoscaling={"min": 1, "max": 2})
CANARYS = frozenset({"canary", "canary revision", "weight", "abort", "promote"})
STEADY = 10.0
"""Seconds without a touch, after which nothing is on its way that a person asked for before."""
IMAGES = st.sampled_from([NEW, OTHER])
CANARY_STEPS = st.one_of(
    st.tuples(st.just("canary"), IMAGES, st.sampled_from([1, 10, 99])),
    st.tuples(st.just("canary revision"), st.just(1)),
    st.tuples(st.just("weight"), st.sampled_from([5, 60])),
    st.tuples(st.just("abort")),
    st.tuples(st.just("promote")),
)
OTHER_STEPS = st.one_of(
    st.tuples(st.just("stop")),
    st.tuples(st.just("start")),
    st.tuples(st.just("scale"), st.sampled_from([0, 1, 2])),
    st.tuples(st.just("image"), st.sampled_from([OLD, NEW])),
    st.tuples(st.just("rollback")),
    st.tuples(st.just("delete")),
    st.tuples(st.just("apply")),
    st.tuples(st.just("autoscale")),
    st.tuples(st.just("load"), st.sampled_from([30, 300])),
    st.tuples(st.just("break"), st.sampled_from([OLD, NEW, OTHER])),
    st.tuples(st.just("mend")),
    st.tuples(st.just("lose"), st.sampled_from([(DEPLOYMENT, CANARY), (SERVICE, CANARY)])),
    st.tuples(st.just("lose"), st.sampled_from([(DEPLOYMENT, WEB), (INGRESS, ROUTE)])),
    st.tuples(st.just("lose resource")),
    st.tuples(st.just("scale by hand"), st.sampled_from([WEB, CANARY]), st.sampled_from([0, 3])),
    st.tuples(st.just("restart")),
)
WAITS = st.sampled_from([0.0, 0.0, 0.3, 3.0, 12.0, 400.0])
LIVES = st.lists(st.tuples(st.one_of(CANARY_STEPS, OTHER_STEPS), WAITS), min_size=1, max_size=9)


@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)
@given(LIVES)
@example([(("canary", NEW, 10), 12.0), (("promote",), 0.3), (("stop",), 0.3), (("start",), 0.0)])
@example([(("canary", NEW, 99), 12.0), (("break", OLD), 400.0), (("promote",), 12.0)])
@example([(("canary", NEW, 10), 12.0), (("delete",), 0.0), (("apply",), 3.0)])
@example([(("scale", 0), 0.3), (("autoscale",), 0.0)])
def test_in_any_order_requests_find_ready_pods_and_the_end_is_what_was_asked(life):
    run(lambda: lived(life))


async def lived(life):
    story = Story()
    await story.world.install(gpus=5)
    await story.wish.begin()
    others = (*story.world.others(), story.watch.run(), story.wish.fleet(), story.loop())
    async with background(*others):
        await story.do("apply")
        await until(story.world.is_ready, within=120)
        for (what, *told), wait in life:
            await story.do(what, *told)
            await asyncio.sleep(wait)
        await story.ends()
    assert story.watch.wrongs == []


class Story:
    """One endpoint's life, told step by step."""

    def __init__(self) -> None:
        self.world = World(LoopClock(START))
        self.wish = Desired(self.world)
        self.watch = Watch(self.world)
        self._restart = asyncio.Event()
        self._touched = 0.0
        self._broken = False

    async def loop(self):
        while True:
            async with background(self.world.controller().run()):
                await self._restart.wait()
                self._restart.clear()

    async def do(self, what, *told):
        service = self.wish.service
        steps = {
            "canary": lambda: service.canary(WEB, image=told[0], weight=told[1]),
            "canary revision": lambda: service.canary(WEB, revision=told[0]),
            "weight": lambda: service.canary(WEB, weight=told[0]),
            "abort": lambda: service.abort_canary(WEB),
            "promote": lambda: service.promote(WEB, force=True),
            "stop": lambda: service.stop(WEB),
            "start": lambda: service.start(WEB),
            "scale": lambda: service.scale(WEB, told[0]),
            "image": lambda: service.update_image(WEB, told[0]),
            "rollback": lambda: service.rollback(WEB),
            "delete": lambda: service.delete([WEB], confirmed=True),
            "apply": lambda: service.apply([document(image=OLD)], source="web.yaml"),
            "autoscale": lambda: service.apply([SCALED], source="web.yaml"),
            "load": lambda: self._load(told[0]),
            "break": lambda: self._fate(told[0], Fate.CRASH),
            "mend": self._mend,
            "lose": lambda: self._lose(*told[0]),
            "lose resource": lambda: self._lose(INFERENCE_ENDPOINT, WEB),
            "scale by hand": lambda: self._scale(*told),
            "restart": self._begin_anew,
        }
        self._guard(what)
        with contextlib.suppress(*REFUSED):
            await steps[what]()
        await self.wish.sync()

    def _guard(self, what):
        """From a while after the last step that touched the endpoint itself, it serves without a gap."""
        now = asyncio.get_running_loop().time()
        if what in CANARYS:
            endpoint = self.wish.record
            steady = now - self._touched >= STEADY and not self._broken and endpoint is not None
            if steady and self.world.is_ready(revision=endpoint.revision):
                self.watch.guard()
        elif what not in {"restart", "mend"}:
            self._touched = now
            self.watch.guarded = False

    async def ends(self):
        """Mend what is broken, and wait for what was asked last."""
        self.watch.guarded = False
        await self._mend()
        await self.wish.sync()
        await until(self._as_asked, within=900)
        await self.world.quiet(20)
        assert self._as_asked()

    def _as_asked(self):
        endpoint, world = self.wish.record, self.world
        if endpoint is None:
            kinds = (*CANARY_KINDS, INGRESS, POD_DISRUPTION_BUDGET)
            return not any(world.all(kind) for kind in kinds)
        if endpoint.state is EndpointState.STOPPED or not endpoint.targets[EAST].replicas:
            return not world.all(POD) and world.find(INGRESS, ROUTE) is None
        return endpoint.state is EndpointState.RUNNING and self._serves(endpoint)

    def _serves(self, endpoint):
        world, spec, stated = self.world, endpoint.spec, endpoint.spec.canary
        replicas = endpoint.targets[EAST].replicas
        if spec.autoscaling is not None:
            replicas = world.find(DEPLOYMENT, WEB)["spec"]["replicas"]
        own = len(pods(world, WEB, image=spec.image)) == len(pods(world, WEB)) == replicas
        routed = world.find(INGRESS, ROUTE) is not None
        if stated is None:
            return own and routed and not canary_objects(world) and weight(world) == 0
        its = len(pods(world, CANARY, image=stated.image)) == len(pods(world, CANARY))
        return own and routed and its and weight(world) == stated.weight

    async def _fate(self, image, fate):
        self._broken = True
        self.world.kubelet.image(image, fate)

    async def _load(self, percent):
        self.world.server.server.loads.set(NS, WEB, cpu=percent)

    async def _mend(self):
        self._broken = False
        for image in (OLD, NEW, OTHER):
            self.world.kubelet.image(image, Fate.READY)

    async def _lose(self, kind, name):
        with contextlib.suppress(AbsentError):
            await self.world.person.delete(kind, NS, name)

    async def _scale(self, name, replicas):
        change = [{"op": "replace", "path": "/spec/replicas", "value": replicas}]
        with contextlib.suppress(AbsentError):
            await self.world.person.patch(DEPLOYMENT, NS, name, change, manager="kubectl")

    async def _begin_anew(self):
        self._restart.set()
