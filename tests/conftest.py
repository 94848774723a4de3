"""Fixtures that every test shares. Virtual time is explained in tests/virtual_time.py."""

import asyncio
import datetime as dt
import logging
from collections.abc import Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import HealthCheck, settings

from gco.clock import LoopClock

pytest_plugins = ["testbed.fixtures"]

# How long an example takes says how busy the machine is, and nothing about the code.
settings.register_profile("any-load", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-load")

_TESTS = Path(__file__).parent
_SANDBOXES = ("docs", "sandbox", "wiring")

START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
"""When virtual time starts, on the wall clock of the fixture `clock`."""


def pytest_sessionstart():
    """Say that no loop is wanted outside async tests.

    looptime's plugin asks for the current loop before each test, and asyncio would make one for a
    plain test that nobody ever closes.
    """
    asyncio.set_event_loop(None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep a file's tests in one worker, and everything that starts a sandbox in the same one.

    A file shares the world that it has made; sandboxes share the machine's loopback addresses.
    """
    for item in items:
        folder = item.path.relative_to(_TESTS).parts[0]
        group = "sandbox" if folder in _SANDBOXES else str(item.path.relative_to(_TESTS))
        item.add_marker(pytest.mark.xdist_group(group))


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """What a test configures of the log, by starting a whole program for example, ends with it."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)
    structlog.reset_defaults()


@pytest.fixture
def clock() -> LoopClock:
    """A wall clock that starts at START and moves with the test's event loop, virtual or not."""
    return LoopClock(START)
