"""The work queue's promises."""

import asyncio

import pytest

from gco.errors import ShutDownError
from gco.runtime.backoff import Backoff
from gco.runtime.queue import WorkQueue

pytestmark = pytest.mark.looptime


def now() -> float:
    return asyncio.get_running_loop().time()


def exact() -> WorkQueue[str]:
    return WorkQueue(backoff=Backoff(0.005, 1000.0, jitter=0.0))


async def drain(queue: WorkQueue[str]) -> list[str]:
    keys = []
    while len(queue):
        keys.append(await queue.get())
        queue.done(keys[-1])
    return keys


async def test_a_key_added_many_times_before_its_run_runs_once() -> None:
    queue = exact()
    for key in "abaab":
        queue.add(key)
    assert await drain(queue) == ["a", "b"]


async def test_a_key_added_during_its_run_runs_exactly_once_more() -> None:
    queue = exact()
    queue.add("a")
    assert await queue.get() == "a"
    queue.add("a")
    queue.add("a")
    assert len(queue) == 0, "of one key there is one run at a time"
    queue.done("a")
    assert await drain(queue) == ["a"]


async def test_a_waiting_worker_gets_a_key_at_once() -> None:
    queue = exact()
    getting = asyncio.create_task(queue.get())
    await asyncio.sleep(1)
    queue.add("a")
    assert await getting == "a"
    assert now() == 1


async def test_a_cancelled_worker_takes_no_key_with_it() -> None:
    queue = exact()
    getting = asyncio.create_task(queue.get())
    await asyncio.sleep(0)
    queue.add("a")
    getting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await getting
    assert await drain(queue) == ["a"]


async def test_of_several_delays_the_earliest_counts_and_the_key_comes_once() -> None:
    queue = exact()
    queue.add_after("a", 50)
    queue.add_after("a", 10)
    queue.add_after("a", 30)
    assert await queue.get() == "a"
    assert now() == 10
    queue.done("a")
    await asyncio.sleep(100)
    assert len(queue) == 0


async def test_retries_double_from_five_milliseconds_to_a_thousand_seconds() -> None:
    queue = exact()
    delays = [queue.retry("a") for _ in range(25)]
    assert delays[:4] == [0.005, 0.01, 0.02, 0.04]
    assert delays[17] == pytest.approx(655.36)
    assert delays[18:] == [1000.0] * 7


async def test_forgetting_starts_the_delays_anew() -> None:
    queue = exact()
    for _ in range(5):
        queue.retry("a")
    queue.forget("a")
    assert queue.failures("a") == 0
    assert queue.retry("a") == 0.005


async def test_a_wish_to_wait_comes_on_top_of_the_back_off() -> None:
    assert exact().retry("a", at_least=7.0) == 7.005


async def test_jitter_only_ever_lengthens() -> None:
    delays = {Backoff(1.0, 8.0, jitter=0.5).delay(3) for _ in range(50)}
    assert min(delays) >= 8.0
    assert max(delays) <= 12.0
    assert len(delays) > 1


async def test_shut_down_frees_every_waiting_worker_and_drops_what_waits() -> None:
    queue = exact()
    waiting = [asyncio.create_task(queue.get()) for _ in range(3)]
    await asyncio.sleep(0)
    queue.add_after("later", 5)
    queue.shut_down()
    queue.add("a")
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert [type(result) for result in results] == [ShutDownError] * 3
    await asyncio.sleep(10)
    with pytest.raises(ShutDownError):
        await queue.get()


async def test_a_run_in_flight_at_shut_down_ends_in_peace() -> None:
    queue = exact()
    queue.add("a")
    await queue.get()
    queue.shut_down()
    queue.done("a")
    assert queue.unfinished() == 0


async def test_unfinished_and_oldest_tell_how_long_runs_take_so_far() -> None:
    queue = exact()
    queue.add("a")
    await queue.get()
    await asyncio.sleep(3)
    queue.add("b")
    await queue.get()
    await asyncio.sleep(1)
    assert queue.unfinished() == 5
    assert queue.oldest() == 4
