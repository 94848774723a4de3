"""Fixtures that every test shares. Virtual time is explained in tests/virtual_time.py."""

import asyncio
import datetime as dt

import pytest

from gco.clock import LoopClock

pytest_plugins = ["testbed.fixtures"]

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""When virtual time starts, on the wall clock of the fixture `clock`."""


def pytest_sessionstart():
    """Say that no loop is wanted outside async tests.

    looptime's plugin asks for the current loop before each test, and asyncio would make one for a
    plain test that nobody ever closes.
    """
    asyncio.set_event_loop(None)


@pytest.fixture
def clock() -> LoopClock:
    """A wall clock that starts at START and moves with the test's event loop, virtual or not."""
    return LoopClock(START)
