"""Waiting for the real world: a condition, a deadline, and no guess in between."""

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
POLL_SECONDS = 0.05


def until(condition: Callable[[], T], *, seconds: float = 30.0, what: str = "the condition") -> T:
    """Poll until a condition gives something true, and return that.

    Raises:
        TimeoutError: it stayed false for `seconds`; the message says what was last seen.
    """
    deadline = time.monotonic() + seconds
    while not (seen := condition()):
        if time.monotonic() > deadline:
            raise TimeoutError(f"waited {seconds:.0f} s for {what}; last seen: {seen!r}")
        time.sleep(POLL_SECONDS)
    return seen
