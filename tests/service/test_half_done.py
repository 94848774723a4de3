"""A request for many endpoints that fails half-way says truly what was stored.

The invariant: `stored`, `unknown` and `not_stored` together are the endpoints of the request, and the
store holds exactly what they say. What cannot be stored is refused before anything is written.
"""

import asyncio

import pytest

from gco.core.model.ids import EndpointName
from gco.errors import HalfDoneError, InvalidSpecError, StoreUnavailableError
from gco.service import InterruptedBatchError
from gco.store.memory import MemoryStore
from tests.fleet.builders import EAST
from tests.service.world import IMAGE, TestClock, a_world, document

NAMES = [EndpointName(f"web-{n:03}") for n in range(100)]


class Failing(MemoryStore):
    """Fails at a write, before it is carried out or after, and perhaps at reads from then on."""

    def __init__(self, *, at=1_000, carried_out=False, silent=False):
        super().__init__(clock=TestClock())
        self.left = at
        self.carried_out = carried_out
        self.silent = silent

    async def write(self, writes):
        self.left -= 1
        if self.left == 0 and not self.carried_out:
            raise StoreUnavailableError("disk is full")
        await super().write(writes)
        if self.left == 0:
            raise StoreUnavailableError("no answer")

    async def get_many(self, names, *, unread=None):
        if self.silent and self.left <= 0:
            raise StoreUnavailableError("no answer")
        return await super().get_many(names, unread=unread)


async def stored(store):
    return [endpoint.name async for endpoint in store.list()]


@pytest.mark.parametrize(
    ("failing", "done", "unknown"),
    [
        pytest.param({"at": 2}, 48, 0, id="refused"),
        pytest.param({"at": 2, "carried_out": True}, 96, 0, id="answer lost"),
        pytest.param({"at": 1, "carried_out": True}, 48, 0, id="first answer lost"),
        pytest.param({"at": 2, "silent": True}, 48, 48, id="store gone"),
    ],
)
async def test_an_apply_that_fails_names_what_was_stored(failing, done, unknown):
    world = await a_world(Failing(**failing))
    with pytest.raises(HalfDoneError) as raised:
        await world.service().apply([document(name) for name in NAMES], source="many.yaml")

    error = raised.value
    assert error.stored == tuple(NAMES[:done])
    assert error.unknown == tuple(NAMES[done : done + unknown])
    assert error.not_stored == tuple(NAMES[done + unknown :])
    assert await stored(world.store) == NAMES[:done]


async def test_nothing_is_called_half_done_when_nothing_was_stored():
    world = await a_world(Failing(at=1))
    with pytest.raises(StoreUnavailableError, match="disk is full"):
        await world.service().apply([document(name) for name in NAMES], source="many.yaml")
    assert await stored(world.store) == []


async def test_a_delete_that_fails_names_what_is_deleted():
    world = await a_world(store := Failing())
    await world.service().apply([document(name) for name in NAMES], source="many.yaml")
    store.left = 2
    with pytest.raises(HalfDoneError) as raised:
        await world.service().delete(NAMES, confirmed=True, missing_ok=False)
    assert raised.value.stored == tuple(NAMES[:48])
    deleted = [e.name async for e in store.list() if e.deleted_at is not None]
    assert deleted == NAMES[:48]


@pytest.mark.parametrize("dry_run", [True, False], ids=["dry run", "apply"])
async def test_what_is_too_large_is_refused_before_anything_is_written(dry_run):
    world = await a_world()
    large = document(NAMES[-1], args=["x" * 450_000])
    with pytest.raises(InvalidSpecError, match=r"web-099: spec.*bytes given; at most 380,000"):
        await world.service().apply(
            [*(document(name) for name in NAMES[:-1]), large], source="x", dry_run=dry_run
        )
    assert await stored(world.store) == []


@pytest.mark.parametrize("letter", ["a", "好"], ids=["ASCII", "Chinese"])
async def test_sizes_count_bytes(letter):
    world = await a_world()
    words = [letter * (100_000 // len(letter.encode()))]
    await world.service().apply([document(n, args=words) for n in NAMES[:60]], source="many.yaml")
    assert len(await stored(world.store)) == 60


async def test_a_canary_of_a_revision_that_does_not_fit_beside_the_present_one_is_a_wrong_request():
    world = await a_world()
    service = world.service()
    name = NAMES[0]
    await service.apply([document(name, args=["x" * 250_000])], source="x")
    await world.say(EAST, name)
    await service.apply([document(name, args=["y" * 250_000], image=IMAGE)], source="x")
    with pytest.raises(InvalidSpecError, match="at most 380,000 bytes in a record"):
        await service.canary(name, revision=1, weight=10)


class Slow(MemoryStore):
    """Cancels the request in the middle of its second write, which takes `seconds` more."""

    def __init__(self, seconds):
        super().__init__(clock=TestClock())
        self.seconds = seconds
        self.request = None
        self.writes = 0

    async def write(self, writes):
        self.writes += 1
        if self.writes == 2:
            self.request.cancel()
            await asyncio.sleep(self.seconds)
        return await super().write(writes)


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("seconds", "done", "unknown"),
    [
        pytest.param(3, 96, 0, id="the batch under way ends"),
        pytest.param(60, 48, 48, id="the batch under way hangs"),
    ],
)
async def test_a_request_that_is_cancelled_ends_its_batch_and_begins_no_other(
    seconds, done, unknown
):
    store = Slow(seconds)
    world = await a_world(store)
    documents = [document(name) for name in NAMES]
    store.request = asyncio.ensure_future(world.service().apply(documents, source="many.yaml"))
    with pytest.raises(InterruptedBatchError) as raised:
        await store.request

    half_done = raised.value.half_done
    assert half_done.stored == tuple(NAMES[:done])
    assert half_done.unknown == tuple(NAMES[done : done + unknown])
    assert half_done.not_stored == tuple(NAMES[done + unknown :])
    assert await stored(world.store) == NAMES[:done]
    assert store.request.cancelled()
