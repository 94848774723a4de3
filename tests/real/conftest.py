"""A whole installation on real parts, shared by the tests of this folder."""

import asyncio

import pytest

from testbed.world import make_table, store_variables, world

TABLE = "gco-real"


@pytest.fixture(scope="session")
def installation(two_regions, dynamodb, tmp_path_factory):
    """Two regions with two monitors each, over one table."""
    variables = store_variables(dynamodb, TABLE)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in variables.items():  # AWS's own chain of credentials reads these
            patch.setenv(name, value)
        asyncio.run(make_table(variables))
        with world(two_regions, dynamodb, TABLE, tmp_path_factory.mktemp("world")) as made:
            yield made
