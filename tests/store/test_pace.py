"""How often DynamoDB's logs are read, in virtual time."""

import asyncio

import pytest

from gco.store.dynamodb.pace import SLOWING_SECONDS, Pace
from gco.store.port import Version

pytestmark = pytest.mark.looptime


async def waits(pace, seconds):
    """Return how long each wait of a reader takes that begins within `seconds`."""
    loop = asyncio.get_running_loop()
    end, seen, found = loop.time() + seconds, await pace.wait(Version(0)), []
    while (began := loop.time()) < end:
        seen = await pace.wait(seen)
        found.append(loop.time() - began)
    return found


async def test_the_pause_is_short_after_activity_and_grows_to_its_bound_at_rest():
    pace = Pace(0.3, 2.0)

    assert max(await waits(pace, 9)) <= 0.3
    growing = await waits(pace, SLOWING_SECONDS - 9)
    assert 0.24 <= min(growing) <= max(growing) <= 2.0
    resting = await waits(pace, 300)
    assert 1.6 <= min(resting) <= max(resting) <= 2.0

    for news in (pace.wrote, pace.read):
        news()
        assert max(await waits(pace, 9)) <= 0.3
        await asyncio.sleep(SLOWING_SECONDS)


async def test_a_shortest_pause_above_the_longest_counts():
    pace = Pace(10.0, 2.0)
    await asyncio.sleep(SLOWING_SECONDS)

    assert min(await waits(pace, 60)) >= 8.0


@pytest.mark.parametrize("news", ["wrote", "read"])
async def test_news_after_a_rest_wake_every_reader_of_the_process(news):
    pace = Pace(0.3, 2.0)
    seen = await pace.wait(Version(0))
    await asyncio.sleep(SLOWING_SECONDS)
    readers = [asyncio.create_task(pace.wait(seen)) for _ in range(3)]
    await asyncio.sleep(0.01)
    getattr(pace, news)()

    async with asyncio.timeout(0.001):
        await asyncio.gather(*readers)


async def test_a_burst_of_own_writes_wakes_readers_once():
    pace = Pace(0.3, 2.0)
    seen = await pace.wait(Version(0))
    for _ in range(100):
        pace.wrote()

    seen = await pace.wait(seen)
    began = asyncio.get_running_loop().time()
    await pace.wait(seen)
    assert asyncio.get_running_loop().time() - began >= 0.24
