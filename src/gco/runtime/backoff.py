"""How long to wait before trying again: exponential delays with a cap and jitter."""

import asyncio
import dataclasses
import random
from collections.abc import Callable
from typing import Final

_MOST_DOUBLINGS = 64
"""Beyond this every delay is at its cap; it keeps the power from overflowing."""

system_random: Callable[[], float] = random.SystemRandom().random
"""A number in [0, 1); the default source of jitter."""


@dataclasses.dataclass(frozen=True, slots=True)
class Backoff:
    """Delays of `base`·2ⁿ seconds, at most `cap`, each lengthened by up to the share `jitter`."""

    base: float
    cap: float
    jitter: float = 0.1
    random: Callable[[], float] = system_random

    def delay(self, failures: int) -> float:
        """Return the seconds to wait after `failures` failures in a row before this one."""
        plain = self.base * 2.0 ** min(failures, _MOST_DOUBLINGS)
        return spread(min(plain, self.cap), self.jitter, self.random)


FORBIDDEN_BACKOFF: Final = Backoff(0.5, 300.0)
"""Short at first: an API server that has just started answers 403 until it has read its roles. At most
5 min: a person grants a permission, and no event says so."""
REJECTED_BACKOFF: Final = Backoff(30.0, 300.0)
"""Longer at first, at most 5 min as well: admission policies and definitions change unannounced."""


class Retries:
    """Counts failures in a row, for a loop that must know how long to wait after each.

    A failure that comes `quiet` seconds or more after the one before starts the count anew, as in
    client-go's reflector.
    """

    def __init__(self, backoff: Backoff, *, quiet: float = 120.0) -> None:
        self._backoff = backoff
        self._quiet = quiet
        self._failures = 0
        self._last = 0.0

    def failed(self, *, at_least: float = 0.0) -> float:
        """Count a failure; return the seconds to wait, no fewer than `at_least`."""
        now = asyncio.get_running_loop().time()
        if now - self._last >= self._quiet + self._backoff.cap:
            self._failures = 0
        self._last = now
        self._failures += 1
        asked = spread(at_least, self._backoff.jitter, self._backoff.random)
        return max(asked, self._backoff.delay(self._failures - 1))

    def reset(self) -> None:
        """Something worked: the next failure is a first one."""
        self._failures = 0


def spread(
    seconds: float, share: float = 0.1, random: Callable[[], float] = system_random
) -> float:
    """Return `seconds` lengthened by a random part of up to `share` of it.

    Whatever is periodic goes through here, so that no two replicas fall into step.
    """
    return seconds * (1.0 + share * random())
