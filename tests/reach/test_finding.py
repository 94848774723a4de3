"""Tasks that find things: read in order, ended with their reader, and never failing in silence."""

import asyncio

import pytest

from gco.reach.finding import Found

pytestmark = pytest.mark.looptime


async def test_a_task_that_fails_is_told_to_whoever_reads():
    found = Found()

    async def fail():
        await found.put("one")
        await asyncio.sleep(5)
        raise ValueError("a defect")

    found.start(fail())
    items = found.items()

    assert await anext(items) == "one"
    with pytest.raises(ValueError, match="a defect"):
        await anext(items)


async def test_a_failure_is_told_though_there_is_no_room_for_it():
    found = Found(ahead=1)

    async def fail():
        raise ValueError("a defect")

    await found.put("one")
    found.start(fail())
    await asyncio.sleep(1)

    with pytest.raises(ValueError, match="a defect"):
        await anext(found.items())


async def test_tasks_end_with_the_reader():
    found, ended = Found(), []

    async def endless():
        try:
            while True:
                await found.put("one")
                await asyncio.sleep(1)
        finally:
            ended.append(1)

    found.start(endless())
    items = found.items()
    await anext(items)
    await items.aclose()

    assert ended == [1]
