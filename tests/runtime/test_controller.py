"""The controller's promises: isolation, classification of errors, shut-down."""

import asyncio
import itertools
from collections import Counter

import pytest
from structlog.testing import capture_logs

from gco.errors import (
    ForbiddenError,
    InvalidSpecError,
    NotLeadingError,
    Problem,
    RejectedError,
    ThrottledError,
    TransientError,
)
from gco.runtime.controller import Controller
from tests.virtual_time import until

pytestmark = pytest.mark.looptime


def now() -> float:
    return asyncio.get_running_loop().time()


class Recorder:
    """A reconcile that notes when each key ran, and does as its script says."""

    def __init__(self, *script: Exception | float | None) -> None:
        self.runs: list[tuple[str, float]] = []
        self._script = list(script)

    async def __call__(self, key: str) -> float | None:
        self.runs.append((key, now()))
        step = self._script.pop(0) if self._script else None
        if isinstance(step, Exception):
            raise step
        return step

    @property
    def times(self) -> list[float]:
        return [round(at, 1) for _, at in self.runs]


async def test_a_key_that_asks_for_another_look_gets_it() -> None:
    reconcile = Recorder(30.0, 5.0, None)
    controller = Controller("test", reconcile)
    running = asyncio.create_task(controller.run())
    controller.enqueue("a")
    await asyncio.sleep(1000)
    assert reconcile.times == [0, 30, 35]
    running.cancel()


@pytest.mark.parametrize(
    ("error", "earliest", "latest"),
    [
        pytest.param(TransientError("gone away"), 0.005, 0.006, id="transient"),
        pytest.param(ThrottledError("easy", 7.0), 7.005, 7.01, id="throttled-waits-as-asked"),
        pytest.param(RejectedError("no such field"), 30, 33, id="rejected-is-long"),
        pytest.param(ForbiddenError("no"), 0.5, 0.56, id="forbidden-may-pass"),
        pytest.param(InvalidSpecError([Problem("a", "b", "c")]), 30, 33, id="invalid-is-long"),
        pytest.param(ZeroDivisionError("ours"), 0.005, 0.006, id="defect"),
        pytest.param(NotLeadingError("stopped"), 0.005, 0.006, id="not-leading"),
        pytest.param(
            ExceptionGroup("two", [RejectedError("x"), ForbiddenError("y")]),
            0.5,
            0.56,
            id="group-may-pass",
        ),
        pytest.param(
            ExceptionGroup("two", [RejectedError("x"), ThrottledError("y", 3.0)]),
            3.005,
            3.01,
            id="group-heals-first",
        ),
    ],
)
async def test_the_delay_fits_the_error(error: Exception, earliest: float, latest: float) -> None:
    reconcile = Recorder(error)
    controller = Controller("test", reconcile)
    running = asyncio.create_task(controller.run())
    with capture_logs():
        controller.enqueue("a")
        await until(lambda: len(reconcile.runs) == 2)
    assert earliest <= reconcile.runs[1][1] <= latest
    running.cancel()


@pytest.mark.parametrize(
    ("error", "soonest"),
    [
        pytest.param(ForbiddenError("no"), 6, id="forbidden"),
        pytest.param(RejectedError("a policy denies it"), 2, id="rejected"),
    ],
)
async def test_what_a_person_has_to_fix_is_asked_for_seldom_and_at_least_each_five_minutes(
    error: Exception, soonest: int
) -> None:
    reconcile = Recorder(*[error] * 60)
    controller = Controller("test", reconcile)
    running = asyncio.create_task(controller.run())
    with capture_logs():
        controller.enqueue("a")
        await asyncio.sleep(60)
        assert len(reconcile.runs) >= soonest
        await asyncio.sleep(3600)
        assert len(reconcile.runs) <= 26
    gaps = [later - earlier for (_, earlier), (_, later) in itertools.pairwise(reconcile.runs)]
    assert 270 <= max(gaps) <= 330
    running.cancel()


@pytest.mark.parametrize(
    ("error", "level", "traceback"),
    [
        pytest.param(TransientError("gone away"), "warning", False, id="expected"),
        pytest.param(ZeroDivisionError("ours"), "error", True, id="defect"),
        pytest.param(NotLeadingError("stopped"), "info", False, id="not-leading"),
    ],
)
async def test_a_failure_is_one_line_with_cause_and_duration(
    error: Exception, level: str, traceback: bool
) -> None:
    controller = Controller("test", Recorder(error), noun="endpoint")
    running = asyncio.create_task(controller.run())
    with capture_logs() as logs:
        controller.enqueue("llama")
        await asyncio.sleep(1)
    (line,) = logs
    assert line["log_level"] == level
    assert line["cause"] == type(error).__name__
    assert line["error"] == str(error)
    assert line["seconds"] == 0
    assert ("exc_info" in line) is traceback
    running.cancel()


async def test_success_after_failures_starts_the_back_off_anew() -> None:
    down = TransientError("down")
    reconcile = Recorder(*[down] * 6, None)
    controller = Controller("test", reconcile)
    running = asyncio.create_task(controller.run())
    with capture_logs():
        controller.enqueue("a")
        await until(lambda: len(reconcile.runs) == 7)
    assert controller.queue.failures("a") == 0
    running.cancel()


async def test_slow_keys_hold_up_no_other() -> None:
    finished = Counter[str]()

    async def reconcile(key: str) -> None:
        await asyncio.sleep(50 if key.startswith("slow") else 0.01)
        finished[key] += 1

    controller = Controller("test", reconcile, workers=4)
    running = asyncio.create_task(controller.run())
    for number in range(40):
        controller.enqueue(f"slow-{number}")
    controller.enqueue("quick")
    await until(lambda: finished["quick"])
    assert now() < 12, "40 slow keys in front, 4 prompt runs a second pass on"
    await until(lambda: len(finished) == 41, within=200)
    running.cancel()


async def test_a_run_that_hangs_is_cancelled_and_retried() -> None:
    starts = []

    async def reconcile(_: str) -> None:
        starts.append(now())
        await asyncio.Event().wait()

    controller = Controller("test", reconcile, timeout=20)
    running = asyncio.create_task(controller.run())
    with capture_logs() as logs:
        controller.enqueue("a")
        await until(lambda: len(starts) == 2)
    assert starts[1] == pytest.approx(20.005, abs=0.01)
    assert logs[0]["cause"] == "TimeoutError"
    running.cancel()


async def test_a_run_that_does_not_yield_to_its_time_out_is_complained_of() -> None:
    release = asyncio.Event()

    async def reconcile(_: str) -> None:
        while not release.is_set():
            try:
                await release.wait()
            except asyncio.CancelledError:
                continue

    controller = Controller("test", reconcile, timeout=10)
    running = asyncio.create_task(controller.run())
    controller.enqueue("a")
    await asyncio.sleep(15)
    assert controller.complaint() is None
    await asyncio.sleep(10)
    assert controller.complaint() == "test: a run has taken 25 s of 10 s"
    release.set()
    running.cancel()


async def test_a_foreign_cancellation_is_a_failure_and_not_a_hot_loop() -> None:
    starts = []

    async def reconcile(_: str) -> None:
        starts.append(now())
        shared = asyncio.create_task(asyncio.sleep(100))
        shared.cancel()
        await shared

    controller = Controller("test", reconcile)
    running = asyncio.create_task(controller.run())
    with capture_logs() as logs:
        controller.enqueue("a")
        await asyncio.sleep(10)
    assert 5 < len(starts) < 20
    assert logs[0]["log_level"] == "error"
    running.cancel()


async def test_shut_down_lets_the_run_in_flight_end_and_starts_no_other() -> None:
    finished = []

    async def reconcile(key: str) -> None:
        await asyncio.sleep(0.3)
        finished.append(key)

    controller = Controller("test", reconcile, workers=1)
    running = asyncio.create_task(controller.run())
    controller.enqueue("a")
    controller.enqueue("b")
    await asyncio.sleep(0.1)
    controller.shut_down()
    await running
    assert finished == ["a"]
    assert now() == pytest.approx(0.3)


async def test_a_cancelled_controller_starts_again_with_what_it_left_unfinished() -> None:
    finished = []

    async def reconcile(key: str) -> None:
        await asyncio.sleep(5)
        finished.append(key)

    controller = Controller("test", reconcile, workers=2)
    for key in "abcd":
        controller.enqueue(key)
    running = asyncio.create_task(controller.run())
    await asyncio.sleep(0.5)
    running.cancel()
    await asyncio.wait([running])
    again = asyncio.create_task(controller.run())
    await until(lambda: len(finished) == 4)
    assert sorted(finished) == ["a", "b", "c", "d"]
    again.cancel()
