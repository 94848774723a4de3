"""Web applications, served by a thread beside a test that blocks."""

import asyncio
import contextlib
import threading

from aiohttp.test_utils import TestServer


@contextlib.contextmanager
def in_thread(app):
    """Serve `app` on a loopback port while the block runs; yields its URL."""
    server = TestServer(app)
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    try:
        asyncio.run_coroutine_threadsafe(server.start_server(), loop).result()
        yield str(server.make_url("")).rstrip("/")
        asyncio.run_coroutine_threadsafe(server.close(), loop).result()
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
