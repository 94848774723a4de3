"""Fixtures that every test shares. Virtual time is explained in tests/virtual_time.py."""

import datetime as dt

import pytest

from gco.clock import LoopClock

pytest_plugins = ["testbed.fixtures"]

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""When virtual time starts, on the wall clock of the fixture `clock`."""


@pytest.fixture
def clock() -> LoopClock:
    """A wall clock that starts at START and moves with the test's event loop, virtual or not."""
    return LoopClock(START)
