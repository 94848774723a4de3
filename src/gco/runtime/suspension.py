"""How long the machine was suspended, which the event loop's monotonic clock does not count."""

import time


def suspended_seconds() -> float:
    """Return the seconds that the machine spent suspended since it booted.

    Never more than the truth: of the two clocks the one that counts suspension is read first.
    Systems without CLOCK_BOOTTIME report none.
    """
    boot = getattr(time, "CLOCK_BOOTTIME", None)
    if boot is None:
        return 0.0
    counted = time.clock_gettime(boot)
    return counted - time.clock_gettime(time.CLOCK_MONOTONIC)
