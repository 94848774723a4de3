"""A listing of the store that is interrupted continues where it stopped, and loses no change.

Invariants, for every reader that lists and then follows the change log:

* No record is read twice because another could not be read, as while the store is throttled: the
  work of a listing is bounded by the number of endpoints, not by the number of interruptions.
* Whatever is written while the listing lasts shows at its end: the head of the log is read before the
  first record, and the log from there is read before anything of the listing shows.
* Nothing of a part shows: neither a record that was listed and has changed since, nor the absence of
  one that is yet to come.
* A change counts as read once its records are: what failed in between is read again.
* It begins again only where the log no longer reaches back to that head, or the store is another.
"""

import asyncio
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gco.controllers.fleet.tail import Tail
from gco.controllers.sync.follower import Follower
from gco.core.model.endpoint import EndpointState
from gco.core.model.ids import EndpointName
from gco.errors import StoreError, StoreUnavailableError
from gco.store.memory import MemoryStore
from tests.store.builders import a_region, creating, promoting, purging, revising
from tests.virtual_time import run, until
from tests.waiting import background

NAMES = [EndpointName(f"e-{number}") for number in range(8)]


class Throttled(MemoryStore):
    """A store that yields a few records of a listing and then fails; `between` runs at each failure."""

    def __init__(self, *, page=3):
        super().__init__()
        self.page = page
        self.listed = Counter()
        self.between = None
        self.failures = 0
        self.unanswered = 0
        """How many reads of records are still to fail."""

    async def get_many(self, names, *, unread=None):
        if self.unanswered:
            self.unanswered -= 1
            raise StoreUnavailableError("throttled")
        return await super().get_many(names, unread=unread)

    async def list(self, *, after=None, unread=None):
        left = self.page
        async for endpoint in super().list(after=after, unread=unread):
            if not left:
                self.failures += 1
                if self.between is not None:
                    await self.between(self.failures)
                raise StoreUnavailableError("throttled")
            left -= 1
            self.listed[endpoint.name] += 1
            yield endpoint


async def filled(store):
    for name in NAMES:
        await store.write([creating(name)])
    return store


def follower_of(store, changed=lambda _: None):
    return Follower(store, a_region(), store.identity, changed)


def desired(follower):
    return {name: follower.get(name) for name in follower.names()}


async def as_read_at_once(store):
    """Return what a reader of the undisturbed store knows."""
    store.page = len(NAMES) + 1
    follower = follower_of(store)
    async with background(follower.run()):
        await follower.complete.wait()
    return desired(follower)


@pytest.mark.looptime
async def test_a_listing_that_is_interrupted_reads_each_record_once():
    store = await filled(Throttled(page=1))
    follower = follower_of(store)

    async with background(follower.run()):
        await until(follower.complete.is_set, within=30)

    assert store.listed == dict.fromkeys(NAMES, 1)
    assert follower.names() == NAMES


@pytest.mark.looptime
async def test_the_fleets_listing_reads_each_record_once():
    store = await filled(Throttled(page=1))
    touched = []

    async with background(Tail(store, touched.append).run()):
        await until(lambda: len(touched) == len(NAMES), within=30)
        await store.write([revising(await store.get(NAMES[2]))])
        await until(lambda: len(touched) > len(NAMES))

    assert store.listed == dict.fromkeys(NAMES, 1)
    assert touched == [*NAMES, NAMES[2]]


@pytest.mark.looptime
async def test_a_record_that_was_listed_and_then_purged_never_shows():
    store = await filled(Throttled())
    shown = []
    follower = follower_of(store, shown.append)

    async def purge(failures):
        if failures == 1:
            first = promoting(await store.get(NAMES[0]), EndpointState.DELETED)
            await store.write([first])
            await store.write([purging(first.endpoint)])

    store.between = purge
    async with background(follower.run()):
        await until(lambda: shown)

    assert shown == NAMES[1:]


@pytest.mark.looptime
async def test_a_record_that_cannot_be_read_is_passed_by_once():
    store = await filled(Throttled())
    store._endpoints[NAMES[3]] = store._endpoints[NAMES[3]].__class__(1, b'{"warp": 9}')
    follower = follower_of(store)

    async with background(follower.run()):
        await until(follower.complete.is_set)

    assert follower.unknown(NAMES[3])
    assert store.listed == dict.fromkeys([n for n in NAMES if n != NAMES[3]], 1)


async def expire(store):
    store._changes.head += 1
    store._changes._entries.clear()


async def replace(store):
    store._uid = "another"


@pytest.mark.looptime
@pytest.mark.parametrize(
    "event",
    [
        pytest.param(expire, id="the-log-no-longer-reaches-back"),
        pytest.param(replace, id="another-store-is-in-its-place"),
    ],
)
async def test_a_listing_begins_again_only_where_its_parts_do_not_belong_together(event):
    store = await filled(Throttled())
    follower = follower_of(store)

    async def disturb(failures):
        if failures == 1:
            await event(store)

    store.between = disturb
    async with background(follower.run()):
        await until(follower.complete.is_set)

    assert store.listed[NAMES[0]] == 2
    assert follower.store_uid == await store.identity()
    assert desired(follower) == await as_read_at_once(store)


@pytest.mark.looptime
async def test_an_interrupted_relisting_keeps_what_is_known_of_unreadable_records():
    store = await filled(Throttled(page=len(NAMES) + 1))
    follower = follower_of(store)
    async with background(follower.run()):
        await until(follower.complete.is_set)
        known = follower.get(NAMES[7])
        store._endpoints[NAMES[7]] = store._endpoints[NAMES[7]].__class__(1, b'{"warp": 9}')
        store.page = 1
        await expire(store)
        store._written()
        await until(lambda: store.failures > 3)

        assert follower.get(NAMES[7]) == known
        await until(lambda: store.failures >= len(NAMES) - 2)
        await asyncio.sleep(5)
        assert follower.get(NAMES[7]) == known
        assert not follower.unknown(NAMES[7])


@pytest.mark.looptime
async def test_a_change_whose_records_could_not_be_read_is_read_again():
    store = await filled(Throttled(page=len(NAMES) + 1))
    follower = follower_of(store)
    async with background(follower.run()):
        await until(follower.complete.is_set)
        store.unanswered = 3
        await store.write([creating(EndpointName("e-10"))])
        await until(lambda: follower.get(EndpointName("e-10")), within=120)

    assert not store.unanswered


ACTS = st.lists(
    st.tuples(st.sampled_from(["write", "purge"]), st.sampled_from([*NAMES, EndpointName("e-10")])),
    max_size=4,
)


@settings(max_examples=60, deadline=None)
@given(acts=st.lists(ACTS, max_size=6), page=st.integers(1, 4))
def test_whatever_is_written_while_a_listing_lasts_shows_at_its_end(acts, page):
    async def scenario():
        store = await filled(Throttled(page=page))
        pending = list(acts)

        async def between(_):
            for act, name in pending.pop() if pending else ():
                await act_on(store, act, name)

        store.between = between
        follower = follower_of(store)
        async with background(follower.run()):
            await until(follower.complete.is_set)
        assert desired(follower) == await as_read_at_once(store)

    run(scenario)


async def act_on(store, act, name):
    """Create or revise the endpoint, or purge it: a later creation has another uid."""
    try:
        read = await store.get(name)
    except StoreError:
        head = await store.head()
        await store.write([creating(name, uid=f"uid-{head}")])
    else:
        await store.write([revising(read) if act == "write" else purging(read)])
