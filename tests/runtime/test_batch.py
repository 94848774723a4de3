"""Questions asked together: who gets which answer, and whom an error concerns."""

import asyncio

import pytest

from gco.errors import ConflictError, StoreError, StoreUnavailableError
from gco.runtime.batch import Batch
from tests.waiting import background

pytestmark = pytest.mark.looptime


class Doubling:
    """Doubles numbers; some fail their batch, as told."""

    def __init__(self):
        self.batches = []
        self.failing = {}

    async def __call__(self, numbers):
        self.batches.append(list(numbers))
        await asyncio.sleep(1)
        for number in numbers:
            if number in self.failing:
                raise self.failing[number]
        return [2 * number for number in numbers]


@pytest.fixture
def doubling():
    return Doubling()


@pytest.fixture
def batch(doubling):
    def divisible(error):
        return isinstance(error, ConflictError)

    return Batch(doubling, most=4, gather=0.1, divisible=divisible)


async def asked(batch, *numbers):
    return await asyncio.gather(*map(batch.ask, numbers), return_exceptions=True)


async def test_what_is_asked_within_the_gathering_time_is_one_batch(batch, doubling):
    async def later():
        await asyncio.sleep(0.05)
        return await batch.ask(3)

    async with background(batch.run()):
        assert await asyncio.gather(batch.ask(1), batch.ask(2), later()) == [2, 4, 6]
    assert doubling.batches == [[1, 2, 3]]


async def test_what_is_asked_while_a_batch_is_under_way_is_the_next(batch, doubling):
    async def later():
        await asyncio.sleep(0.5)
        return await batch.ask(2)

    async with background(batch.run()):
        assert await asyncio.gather(batch.ask(1), later()) == [2, 4]
    assert doubling.batches == [[1], [2]]


async def test_no_batch_is_larger_than_allowed(batch, doubling):
    async with background(batch.run()):
        assert await asked(batch, *range(10)) == [2 * n for n in range(10)]
    assert list(map(len, doubling.batches)) == [4, 4, 2]


@pytest.mark.parametrize("position", range(4))
async def test_an_error_about_one_question_is_told_to_it_alone(batch, doubling, position):
    conflict = doubling.failing[position] = ConflictError("changed")
    async with background(batch.run()):
        answers = await asked(batch, *range(4))
    assert answers == [conflict if n == position else 2 * n for n in range(4)]


async def test_an_error_about_all_is_told_to_all_at_once(batch, doubling):
    away = doubling.failing[1] = StoreUnavailableError("away")
    async with background(batch.run()):
        assert await asked(batch, 0, 1, 2) == [away] * 3
    assert len(doubling.batches) == 1


@pytest.mark.parametrize(
    "error",
    [pytest.param(StoreError("odd"), id="foreseen"), pytest.param(KeyError(1), id="defect")],
)
async def test_it_goes_on_after_an_error(batch, doubling, error):
    doubling.failing[1] = error
    async with background(batch.run()):
        assert await asked(batch, 1) == [error]
        assert await batch.ask(2) == 4


async def test_who_is_cancelled_takes_no_answer_from_the_others(batch, doubling):
    async with background(batch.run()):
        impatient = asyncio.ensure_future(batch.ask(1))
        patient = asyncio.ensure_future(batch.ask(2))
        gone = asyncio.ensure_future(batch.ask(3))
        await asyncio.sleep(0.05)
        gone.cancel()
        await asyncio.sleep(0.5)
        impatient.cancel()
        assert await patient == 4
    assert doubling.batches == [[1, 2]]
