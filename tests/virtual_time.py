"""Virtual time for tests: hours of loops in milliseconds, and waiting that never sleeps for real.

How to use it:

* Mark a test, a class or a module (`pytestmark = pytest.mark.looptime`): while the test's body runs,
  `asyncio.sleep`, time-outs and `loop.time()` jump to the next timer as soon as nothing is runnable.
  Time starts at 0. Start loops in the body, never in an async fixture: fixtures run in real time.
* Wait for a state of the world with `await until(lambda: ...)`; let time pass with `asyncio.sleep`.
* Under Hypothesis, call `run(scenario)` from a plain `def test_...`: each example gets its own loop.
* A wall clock that moves with virtual time is the fixture `clock` (tests/conftest.py).
* With no timer pending the loop waits for real (sockets, threads work); `until` always has one.
"""

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


def run(scenario: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """Run one coroutine in a virtual-time loop of its own, from 0, and return its result.

    For loops without sockets and threads: time jumps as soon as nothing is runnable, without the
    idle rounds that looptime otherwise grants them, and a long scenario runs 20 times as fast.
    """
    with asyncio.Runner(loop_factory=_VirtualLoop) as runner:
        return runner.run(scenario())


class _VirtualSelector(selectors.DefaultSelector):
    """Moves virtual time on instead of waiting, and looks at sockets only when nothing is ready."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            return super().select(None)  # no timer: only a thread or a socket can continue
        if timeout <= 0:
            return []
        ready = super().select(0)
        if not ready:
            self.now += timeout
        return ready


class _VirtualLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._virtual = _VirtualSelector()
        super().__init__(self._virtual)

    def time(self) -> float:
        return self._virtual.now


async def until(condition: Callable[[], object], *, within: float = 60.0) -> None:
    """Return once `condition()` is true; raise TimeoutError after `within` seconds of loop time.

    It looks each millisecond at first, and then each twentieth of the time that has passed, so a
    long wait costs few looks and is late by 5 % at the most.
    """
    loop = asyncio.get_running_loop()
    began = loop.time()
    while not condition():
        passed = loop.time() - began
        if passed >= within:
            raise TimeoutError(f"not true within {within} s: {condition}")
        await asyncio.sleep(min(max(0.001, passed / 20), within))
