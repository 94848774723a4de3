"""The test suite's own virtual time: what every scenario relies on."""

import asyncio
import time

import pytest

from gco.clock import LoopClock
from tests.conftest import START
from tests.virtual_time import run, until


@pytest.mark.looptime
async def test_an_hour_passes_at_once_and_moves_the_clock(clock: LoopClock) -> None:
    began = time.monotonic()
    assert clock.now() == START
    await asyncio.sleep(3600)
    assert (clock.now() - START).total_seconds() == 3600
    assert time.monotonic() - began < 5


@pytest.mark.looptime
async def test_until_gives_up_in_virtual_time() -> None:
    with pytest.raises(TimeoutError, match="not true within 500 s"):
        await until(lambda: False, within=500)
    assert asyncio.get_running_loop().time() >= 500


@pytest.mark.parametrize("example", [1, 2])
def test_each_run_starts_at_zero(example: int) -> None:
    async def scenario() -> float:
        before = asyncio.get_running_loop().time()
        await asyncio.sleep(example * 100)
        return before

    assert run(scenario) == 0
