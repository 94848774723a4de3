"""Supervision: one loop's death is everyone's end, and the order of that end."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable

import pytest
from structlog.testing import capture_logs

from gco.runtime.supervise import LoopEndedError, Stage, Supervisor, stop_on_signals
from tests.virtual_time import until

pytestmark = pytest.mark.looptime


@pytest.fixture(autouse=True)
def logs():
    with capture_logs() as lines:
        yield lines


def lasting(name: str, ends: list[str], *, takes: float = 0.0) -> Callable[[], Awaitable[None]]:
    async def loop() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(takes)
            ends.append(name)

    return loop


def hook(name: str, ends: list[str], *, takes: float = 0.0) -> Callable[[], Awaitable[None]]:
    async def call() -> None:
        await asyncio.sleep(takes)
        ends.append(name)

    return call


def complete(ends: list[str]) -> Supervisor:
    supervisor = Supervisor()
    supervisor.add(Stage.ELECTION, "election", lasting("election", ends, takes=0.1))
    supervisor.add(Stage.CACHES, "informer", lasting("informer", ends))
    supervisor.add(Stage.WORK, "endpoint", lasting("endpoint", ends))
    supervisor.at(Stage.HTTP, "monitor", hook("monitor", ends))
    supervisor.at(Stage.WORK, "drain", hook("drain", ends))
    supervisor.at(Stage.INTAKE, "queue", hook("queue", ends))
    return supervisor


async def test_the_end_goes_intake_work_caches_http_election() -> None:
    ends: list[str] = []
    stop = asyncio.Event()
    running = asyncio.create_task(complete(ends).run(stop))
    await asyncio.sleep(100)
    stop.set()
    await running
    assert ends == ["queue", "drain", "endpoint", "informer", "monitor", "election"]
    assert asyncio.get_running_loop().time() < 101


async def test_a_loop_that_dies_ends_the_process_in_order_and_with_its_cause() -> None:
    ends: list[str] = []
    supervisor = complete(ends)

    async def broken() -> None:
        await asyncio.sleep(30)
        raise ZeroDivisionError("the cause")

    supervisor.add(Stage.CACHES, "broken", broken)
    with pytest.raises(ZeroDivisionError, match="the cause"):
        await supervisor.run(asyncio.Event())
    assert ends[-1] == "election"
    assert len(ends) == 6


async def test_a_loop_that_returns_has_died_too() -> None:
    supervisor = Supervisor()
    supervisor.add(Stage.WORK, "tail", hook("tail", []))
    with pytest.raises(LoopEndedError, match="tail returned"):
        await supervisor.run(asyncio.Event())


async def test_what_does_not_end_holds_up_the_rest_for_a_second_at_most(logs: list[dict]) -> None:
    ends: list[str] = []
    stop = asyncio.Event()
    supervisor = complete(ends)
    supervisor.add(Stage.WORK, "stubborn", lasting("stubborn", ends, takes=3600))
    supervisor.at(Stage.INTAKE, "slow", hook("slow", ends, takes=3600))
    stop.set()
    await supervisor.run(stop)
    assert ends == ["queue", "drain", "endpoint", "informer", "monitor", "election"]
    assert asyncio.get_running_loop().time() < 2
    assert [line["what"] for line in logs] == ["slow", "stubborn"]


async def test_an_error_on_the_way_down_is_told_and_stops_nothing(logs: list[dict]) -> None:
    ends: list[str] = []
    stop = asyncio.Event()
    supervisor = complete(ends)

    async def bad_loser() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            raise ValueError("on the way down")

    supervisor.add(Stage.WORK, "bad loser", bad_loser)
    running = asyncio.create_task(supervisor.run(stop))
    await asyncio.sleep(1)
    stop.set()
    await running
    assert ends[-1] == "election"
    assert [line["cause"] for line in logs] == ["ValueError"]


async def test_being_cancelled_is_an_orderly_end_too() -> None:
    ends: list[str] = []
    running = asyncio.create_task(complete(ends).run(asyncio.Event()))
    await asyncio.sleep(1)
    running.cancel()
    await asyncio.wait([running])
    assert running.cancelled()
    assert ends == ["queue", "drain", "endpoint", "informer", "monitor", "election"]


@pytest.mark.looptime(False)
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_asks_for_the_end(number: signal.Signals) -> None:
    stop = asyncio.Event()
    with stop_on_signals(stop):
        os.kill(os.getpid(), number)
        async with asyncio.timeout(5):
            await stop.wait()


async def test_stopping_before_anything_ran_is_fine() -> None:
    stop = asyncio.Event()
    stop.set()
    await Supervisor().run(stop)
    await until(stop.is_set)
