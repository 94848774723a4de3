"""Streams as one: each item as it comes, a failure at once, and nothing left running."""

import asyncio

import pytest

from gco.reach.merging import merged

pytestmark = pytest.mark.looptime


class Source:
    """Yields an item after each pause, then ends or fails; notes that it was closed."""

    def __init__(self, name, pauses, failure=None):
        self.name = name
        self.pauses = pauses
        self.failure = failure
        self.given = 0
        self.closed = False

    async def items(self):
        try:
            for pause in self.pauses:
                await asyncio.sleep(pause)
                self.given += 1
                yield self.name
            if self.failure is not None:
                raise self.failure
        finally:
            self.closed = True


async def test_items_come_when_they_are_there_whatever_the_others_do():
    slow, quick = Source("slow", [10, 10]), Source("quick", [1, 1, 1])

    assert [item async for item in merged([slow.items(), quick.items()])] == [
        *(["quick"] * 3),
        *(["slow"] * 2),
    ]


async def test_of_no_source_there_is_nothing():
    assert [item async for item in merged([])] == []


async def test_a_source_that_fails_ends_all_of_them_at_once():
    endless = Source("endless", [1] * 1000)
    failing = Source("failing", [5], ValueError("a defect"))

    with pytest.raises(ValueError, match="a defect"):
        [item async for item in merged([endless.items(), failing.items()])]

    assert (endless.closed, failing.closed) == (True, True)
    assert endless.given < 10


async def test_who_stops_reading_leaves_nothing_running():
    sources = [Source("a", [1] * 100), Source("b", [2] * 100)]
    stream = merged([source.items() for source in sources])
    assert await anext(stream) == "a"

    await stream.aclose()

    assert all(source.closed for source in sources)


async def test_who_reads_slowly_slows_the_sources_down():
    eager = Source("eager", [0] * 5000)
    stream = merged([eager.items()])
    await anext(stream)

    await asyncio.sleep(60)

    assert eager.given < 1100
    await stream.aclose()
