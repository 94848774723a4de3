"""Percentiles by the nearest rank: a value that was measured, never one between two."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.samples import percentile, spread

VALUES = st.lists(st.floats(0, 1e6), min_size=1)


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [
        pytest.param([5.0], 50, 5.0, id="one"),
        pytest.param([1.0, 2.0], 50, 1.0, id="of-two-the-lower"),
        pytest.param([3.0, 1.0, 2.0], 50, 2.0, id="unsorted"),
        pytest.param([float(n) for n in range(1, 101)], 95, 95.0, id="hundred"),
        pytest.param([1.0, 2.0], 0, 1.0, id="the-least"),
        pytest.param([1.0, 2.0], 100, 2.0, id="the-most"),
    ],
)
def test_a_percentile_is_the_nearest_rank(values, percent, expected):
    assert percentile(values, percent) == expected


@given(VALUES, st.integers(1, 100))
def test_at_least_so_many_are_no_greater(values, percent):
    found = percentile(values, percent)
    assert found in values
    assert 100 * sum(value <= found for value in values) >= percent * len(values)


@given(VALUES)
def test_a_spread_tells_how_many_it_is_of(values):
    found = spread(values)
    assert found.samples == len(values)
    assert found.p50 <= found.p95


def test_nothing_has_no_percentile():
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)
