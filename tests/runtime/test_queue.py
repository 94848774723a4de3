"""The work queue's promises."""

import asyncio

import pytest

from gco.errors import ShutDownError
from gco.runtime.backoff import Backoff
from gco.runtime.queue import QUEUE_BACKOFF, WorkQueue

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


async def test_retries_double_from_five_milliseconds_to_the_cap() -> None:
    queue = exact()
    delays = [queue.retry("a") for _ in range(25)]
    assert delays[:4] == [0.005, 0.01, 0.02, 0.04]
    assert delays[17] == pytest.approx(655.36)
    assert delays[18:] == [1000.0] * 7


def test_by_default_no_change_waits_for_a_retry_longer_than_a_minute() -> None:
    assert max(QUEUE_BACKOFF.delay(failures) for failures in range(100)) < 50


async def test_changes_run_before_routine_keys() -> None:
    queue = exact()
    for key in "abc":
        queue.add(key, routine=True)
    for key in "xy":
        queue.add(key)
    assert await drain(queue) == ["x", "y", "a", "b", "c"]


async def test_a_routine_key_that_changes_moves_up_and_runs_once() -> None:
    queue = exact()
    for key in "abc":
        queue.add(key, routine=True)
    queue.add("x")
    queue.add("c")
    queue.add("c", routine=True)
    assert await drain(queue) == ["x", "c", "a", "b"]


async def test_routine_keys_do_not_starve_while_changes_never_end() -> None:
    """Invariant: every key that waits runs after a bounded number of other runs."""
    queue = exact()
    for key in ("r1", "r2", "r3"):
        queue.add(key, routine=True)
    ran = []
    for number in range(60):
        queue.add(f"c{number}")
        queue.add(f"d{number}")
        ran.append(await queue.get())
        queue.done(ran[-1])
    assert [key for key in ran if key.startswith("r")] == ["r1", "r2", "r3"]


async def test_a_key_added_during_its_run_keeps_the_priority_of_what_was_added() -> None:
    queue = exact()
    queue.add("a")
    await queue.get()
    queue.add("a", routine=True)
    queue.add("x")
    queue.done("a")
    assert await drain(queue) == ["x", "a"]


async def test_a_retry_of_routine_work_is_routine_work() -> None:
    """After an outage thousands of keys come back at once: a change still runs before them."""
    queue = exact()
    queue.add("a", routine=True)
    await queue.get()
    queue.retry("a")
    queue.done("a")
    await asyncio.sleep(1)
    queue.add("x")
    assert await drain(queue) == ["x", "a"]


@pytest.mark.parametrize("when", ["before", "during", "after"])
async def test_nothing_runs_a_key_before_the_time_that_its_server_asked_for(when: str) -> None:
    """Invariant: a wait that the server asks for is a minimum, for events, timers and routine work."""

    def disturb() -> None:
        queue.add("a")
        queue.add_after("a", 5)
        queue.add_routinely("a")

    queue = exact()
    queue.add("a")
    if when == "before":
        queue.add_after("a", 5)
    assert await queue.get() == "a"
    if when == "during":
        disturb()
    queue.retry("a", at_least=120)
    queue.done("a")
    if when == "after":
        await asyncio.sleep(1)
        disturb()
    await queue.get()
    assert 120 <= now() < 121
    queue.done("a")
    queue.forget("a")
    queue.add("a")
    await queue.get()
    assert now() < 121, "what was asked for holds once"


async def test_routine_work_leaves_a_key_to_its_back_off_and_to_a_timer_that_is_due_soon() -> None:
    queue = exact()
    queue.add("failed")
    await queue.get()
    for _ in range(12):
        queue.retry("failed")
    queue.done("failed")
    queue.add_after("soon", 30)
    queue.add_after("late", 86_400)
    for key in ("failed", "soon", "late"):
        queue.add_routinely(key, within=600)
    assert await drain(queue) == ["late"]


async def test_cleared_it_holds_nothing_and_takes_keys_again() -> None:
    queue = exact()
    queue.add("a")
    queue.add("b", routine=True)
    queue.add_after("c", 5)
    queue.add("d")
    assert await queue.get() == "a"
    queue.retry("a", at_least=60)
    queue.add("a")
    queue.clear()
    queue.done("a")
    assert len(queue) == 0
    await asyncio.sleep(100)
    assert len(queue) == 0, "no timer is left"
    queue.add("a")
    assert await drain(queue) == ["a"]


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
