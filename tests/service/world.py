"""A store with three regions that are heard, and people who use it."""

import datetime as dt

from gco.core.model.ids import Actor, Epoch
from gco.core.model.spec import InferenceEndpoint
from gco.core.model.status import RegionState
from gco.service import Service
from gco.store.memory import MemoryStore
from tests.builders import NOW, WEB
from tests.documents import documents
from tests.fleet.builders import EAST, SOUTH, WEST, region, status

IMAGE = "vllm/vllm-openai:v0.8.4"


class TestClock:
    """Stands still until it is moved."""

    __test__ = False

    def __init__(self) -> None:
        self.moment = NOW

    def now(self) -> dt.datetime:
        return self.moment

    def forward(self, **delta) -> None:
        self.moment += dt.timedelta(**delta)


class World:
    """One store, and a service for each person."""

    def __init__(self, store=None) -> None:
        self.clock = TestClock()
        self.store = store or MemoryStore(clock=self.clock)
        self.epochs: dict[str, Epoch] = {}

    def service(self, actor="ann", store=None) -> Service:
        return Service(store or self.store, self.clock, Actor(actor))

    async def register(self, *names, **fields) -> None:
        for name in names:
            record = region(name, heartbeat=self.clock.now(), **fields)
            self.epochs[name] = await self.store.lead_region(record)

    async def beat(self) -> None:
        for known in await self.store.regions():
            await self.store.update_region(known.model_copy(update={"heartbeat": self.clock.now()}))

    async def say(self, where, name=WEB, **said) -> None:
        """Have a region report on an endpoint, Ready at its target's revision unless said."""
        endpoint = await self.store.get(name)
        told = status(where, **{"revision": endpoint.targets[where].revision, **said})
        told = told.model_copy(update={"name": name, "uid": endpoint.uid})
        await self.store.write_statuses(where, self.epochs[where], [told])

    async def say_deleted(self, where, name=WEB) -> None:
        await self.say(where, name, state=RegionState.DELETED, ready=False)


async def a_world(store=None) -> World:
    world = World(store)
    await world.register(EAST, WEST, SOUTH, free=6)
    return world


def document(name=WEB, *, labels=None, namespace="gco-inference", **spec) -> InferenceEndpoint:
    [read] = documents(
        {
            "apiVersion": "gco.io/v1alpha1",
            "kind": "InferenceEndpoint",
            "metadata": {"name": name, "namespace": namespace, "labels": labels or {}},
            "spec": {"image": IMAGE, **spec},
        }
    )
    return read


async def apply(world, *documents, actor="ann", **options):
    """Apply one document (the default one unless given) and return what became of it."""
    given = documents or (document(),)
    [first, *_] = await world.service(actor).apply(given, source="web.yaml", **options)
    return first


class Overtaken(MemoryStore):
    """A store in which someone is a moment faster than a write, `times` times."""

    def __init__(self, faster, times=1, *, creations=False, **options) -> None:
        super().__init__(**options)
        self.faster = faster
        self.times = times
        self.creations = creations

    async def write(self, writes, *, fleet_epoch=None):
        last = writes[-1]
        wanted = last.expected is None if self.creations else last.expected is not None
        if self.times and wanted and last.name in {"web", "web-059"}:
            self.times -= 1
            await self.faster()
        return await super().write(writes, fleet_epoch=fleet_epoch)
