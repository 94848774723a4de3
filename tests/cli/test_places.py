"""What is said while clusters are asked: nothing at first, and what is waited for once it takes long."""

import asyncio
import io

import pytest

from gco.cli.actions.places import told_when_slow
from gco.cli.screen import Screen


@pytest.mark.looptime
@pytest.mark.parametrize(
    ("seconds", "told"),
    [pytest.param(1.9, "", id="quick"), pytest.param(30, "asking us-east-1 …\n", id="slow")],
)
async def test_a_wait_of_more_than_two_seconds_is_explained_once(seconds, told):
    said = io.StringIO()

    async with told_when_slow(Screen(io.StringIO(), said), "asking us-east-1 …"):
        await asyncio.sleep(seconds)

    assert said.getvalue() == told
