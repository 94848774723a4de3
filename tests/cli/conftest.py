"""A world with three regions, and one with the endpoint `web` running in them."""

import pytest

from tests.cli.world import EAST, SOUTH, WEST, World, document


@pytest.fixture
def empty(tmp_path):
    """A folder in which there is no store yet."""
    return World(tmp_path)


@pytest.fixture
def world(empty):
    """Three regions, no endpoint."""
    empty.register(EAST, WEST, SOUTH)
    return empty


@pytest.fixture
def running(world):
    """Three regions, and `web` with two replicas ready in two of them."""
    world.applied(document(replicas=2, regions=[EAST, WEST]))
    world.ready(EAST, WEST)
    return world
