"""A world with three regions, and one with the endpoint `web` running in them."""

import contextlib

import pytest
from aiohttp import web

from tests.cli.serving import in_thread
from tests.cli.world import EAST, SOUTH, WEST, World, document


@pytest.fixture
def empty(tmp_path):
    """A store in which there is nothing yet."""
    world = World(tmp_path)
    world.create()
    return world


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


@pytest.fixture
def api_server():
    """Starts API servers, by a thread, that answer every request with one object: their URLs."""
    with contextlib.ExitStack() as stack:

        def start(answer):
            return stack.enter_context(served(answer))

        yield start


@contextlib.contextmanager
def served(answer):
    async def handle(_):
        return web.json_response(answer)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handle)
    with in_thread(app) as url:
        yield url
