"""What is said of many timings of one thing."""

import math
from collections.abc import Sequence
from typing import NamedTuple


class Spread(NamedTuple):
    """The middle and the slow end of some timings, in the unit of the timings."""

    p50: float
    p95: float
    samples: int


def percentile(values: Sequence[float], percent: float) -> float:
    """Return the smallest value that at least `percent` of `values` do not exceed (nearest rank).

    Raises ValueError where there are none.
    """
    if not values:
        raise ValueError("no values")
    rank = math.ceil(len(values) * percent / 100)
    return sorted(values)[max(rank, 1) - 1]


def spread(values: Sequence[float]) -> Spread:
    """Return the spread of `values`; raises ValueError where there are none."""
    return Spread(percentile(values, 50), percentile(values, 95), len(values))
