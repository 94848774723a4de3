"""Any sequence of operations has the same outcome in the memory store and in the file."""

import asyncio
import shutil
import tempfile
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from gco.core.model.endpoint import Write
from gco.core.model.ids import EndpointName, EndpointUid, Epoch, Generation, RegionName, Seq
from gco.errors import StoreError
from gco.store.memory import MemoryStore
from gco.store.port import StatusRemoval
from gco.store.sqlite import SqliteStore
from tests.store.builders import a_lease, a_region, a_revision, a_status, an_endpoint
from tests.store.conftest import SteppedClock

NAMES = [EndpointName(name) for name in ("a", "b", "c")]
UIDS = [EndpointUid(uid) for uid in ("uid-1", "uid-2")]
REGIONS = [RegionName(name) for name in ("east", "west")]
SMALL = st.integers(1, 4)
EPOCHS = SMALL.map(Epoch)


@st.composite
def some_writes(draw):
    """Writes of some endpoints: fresh, stale, purging, with or without a revision."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    return [draw(a_write(name)) for name in names]


@st.composite
def a_write(draw, name):
    expected = draw(st.none() | SMALL)
    if expected is not None and draw(st.booleans()):
        return Write(name, Generation(expected), None)
    endpoint = an_endpoint(
        name,
        uid=draw(st.sampled_from(UIDS)),
        generation=(expected or 0) + 1,
        revision=draw(st.sampled_from([1, 2, 60])),
    )
    revision = a_revision(endpoint) if draw(st.booleans()) else None
    return Write(name, expected, endpoint, revision)


@st.composite
def some_statuses(draw, region):
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=3, unique=True))
    return [
        StatusRemoval(name, draw(st.sampled_from(UIDS)))
        if draw(st.booleans())
        else a_status(name, uid=draw(st.sampled_from(UIDS)), region=region, revision=draw(SMALL))
        for name in names
    ]


async def gathered(entries):
    return [entry async for entry in entries]


class TwoStores(RuleBasedStateMachine):
    """Does the same to both, and compares what they say."""

    def __init__(self):
        super().__init__()
        self.runner = asyncio.Runner()
        self.folder = Path(tempfile.mkdtemp())
        self.clock = SteppedClock()
        self.memory = MemoryStore(clock=self.clock)
        opening = SqliteStore.open(self.folder / "store.db", clock=self.clock)
        self.sqlite = self.runner.run(opening)

    def teardown(self):
        self.runner.run(self.sqlite.close())
        self.runner.close()
        shutil.rmtree(self.folder)

    def both(self, operation):
        """Carry out `operation` on both stores; both answer the same, or refuse in the same way."""
        answers = [
            self.runner.run(outcome(operation, store)) for store in (self.memory, self.sqlite)
        ]
        assert answers[0] == answers[1]

    @rule(writes=some_writes(), epoch=st.none() | EPOCHS)
    def write(self, writes, epoch):
        self.both(lambda store: store.write(writes, fleet_epoch=epoch))

    @rule(region=st.sampled_from(REGIONS), cluster=st.sampled_from("xy"), replace=st.booleans())
    def lead(self, region, cluster, replace):
        leading = a_region(region, cluster=cluster)
        self.both(lambda store: store.lead_region(leading, replace_cluster=replace))

    @rule(region=st.sampled_from(REGIONS), epoch=EPOCHS)
    def update(self, region, epoch):
        self.both(lambda store: store.update_region(a_region(region, epoch=epoch)))

    @rule(region=st.sampled_from(REGIONS))
    def remove(self, region):
        self.both(lambda store: store.remove_region(region))

    @rule(data=st.data(), region=st.sampled_from(REGIONS), epoch=EPOCHS)
    def say(self, data, region, epoch):
        statuses = data.draw(some_statuses(region))
        self.both(lambda store: store.write_statuses(region, epoch, statuses))

    @rule(epoch=EPOCHS, counter=SMALL, seen=st.none() | st.tuples(EPOCHS, SMALL))
    def lease(self, epoch, counter, seen):
        lease = a_lease(epoch=epoch, counter=counter)
        before = a_lease(epoch=seen[0], counter=seen[1]) if seen else None
        self.both(lambda store: store.write_fleet_lease(lease, seen=before))

    @rule()
    def pass_days(self):
        self.clock.pass_days(4)

    @rule(after=st.integers(0, 6).map(Seq), region=st.sampled_from(REGIONS))
    def follow(self, after, region):
        self.both(lambda store: gathered(store.changes(after)))
        self.both(lambda store: gathered(store.status_changes(region, after)))

    @invariant()
    def they_hold_the_same(self):
        self.both(everything)


async def everything(store):
    """Return all that the store says."""
    return [
        await gathered(store.list()),
        await store.get_many(NAMES),
        await store.head(),
        await store.regions(),
        await store.fleet_lease(),
        await store.statuses_of(dict.fromkeys(NAMES, REGIONS)),
        [await store.revisions(name, uid) for name in NAMES for uid in UIDS],
        [(await store.statuses(region), await store.status_head(region)) for region in REGIONS],
    ]


async def outcome(operation, store):
    try:
        return await operation(store)
    except StoreError as error:
        return type(error), str(error)


TestTwoStores = TwoStores.TestCase
TestTwoStores.settings = settings(max_examples=20, stateful_step_count=15, deadline=None)
