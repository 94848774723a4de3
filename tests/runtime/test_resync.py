"""The resync: every key once a period, spread over it."""

import asyncio

import pytest

from gco.runtime.resync import resync

pytestmark = pytest.mark.looptime


@pytest.mark.parametrize("number", [0, 1, 7, 250, 1000])
async def test_every_key_comes_once_a_period_and_not_all_at_once(number: int) -> None:
    came: dict[int, list[float]] = {key: [] for key in range(number)}
    loop = asyncio.get_running_loop()
    task = asyncio.create_task(
        resync(lambda: came, lambda key: came[key].append(loop.time()), seconds=15)
    )
    await asyncio.sleep(155)
    task.cancel()
    assert all(9 <= len(times) <= 10 for times in came.values())
    moments = {times[0] for times in came.values()}
    assert len(moments) >= min(number, 80)


async def test_keys_are_taken_anew_each_period() -> None:
    keys = ["a"]
    came = []
    task = asyncio.create_task(resync(lambda: keys, came.append, seconds=15))
    await asyncio.sleep(17)
    keys[:] = ["b"]
    await asyncio.sleep(34)
    task.cancel()
    assert came[0] == "a"
    assert came[-1] == "b"
