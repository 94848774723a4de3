"""The one way in which a test of the real parts is skipped."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from testbed.errors import Unavailable
from testbed.requirement import skipping_is_forbidden


@contextmanager
def skipping() -> Iterator[None]:
    """Turn a missing tool into a skipped test, unless this machine may skip nothing."""
    try:
        yield
    except Unavailable as missing:
        if skipping_is_forbidden():
            raise
        pytest.skip(f"no test bed: {missing}")
