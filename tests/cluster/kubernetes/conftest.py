"""A real server on the loopback address that answers as a test wants: well, badly or not at all."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeAlias

import pytest
from aiohttp import web

from gco.cluster.kubernetes import KubernetesCluster
from gco.cluster.kubernetes.auth import Credentials, Fixed
from gco.cluster.kubernetes.transport import Limits, Server, Transport

Handler: TypeAlias = Callable[[web.Request], Awaitable[web.StreamResponse]]
Serve: TypeAlias = Callable[..., Awaitable[str]]
Connect: TypeAlias = Callable[..., KubernetesCluster]


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    """Starts servers that answer every request with `handler`; returns their addresses."""
    async with AsyncExitStack() as stack:

        async def start(handler: Handler, *, tls: ssl.SSLContext | None = None) -> str:
            return await stack.enter_async_context(_served(handler, tls))

        yield start


@pytest.fixture
async def serve_raw() -> AsyncIterator[Serve]:
    """Starts servers that send the given bytes after a request's head, and then hang up or hang."""
    async with AsyncExitStack() as stack:

        async def start(answer: bytes, *, hang: bool = False) -> str:
            return await stack.enter_async_context(_served_raw(answer, hang=hang))

        yield start


@pytest.fixture
async def cluster_at() -> AsyncIterator[Connect]:
    """Makes clusters with short time-outs for an address."""
    async with AsyncExitStack() as stack:

        def connected(
            url: str,
            *,
            credentials: Credentials | None = None,
            limits: Limits | None = None,
            tls: ssl.SSLContext | None = None,
            page_size: int = 500,
        ) -> KubernetesCluster:
            limits = limits or Limits(request=5, connect=5, idle=5)
            transport = Transport(Server(url, tls), credentials or Fixed(), limits=limits)
            cluster = KubernetesCluster(transport, page_size=page_size)
            stack.push_async_callback(cluster.close)
            return cluster

        yield connected


@asynccontextmanager
async def _served(handler: Handler, tls: ssl.SSLContext | None) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0, ssl_context=tls).start()
    host, port = runner.addresses[0]
    try:
        yield f"{'https' if tls else 'http'}://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def _served_raw(answer: bytes, *, hang: bool) -> AsyncIterator[str]:
    over = asyncio.Event()

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        await writer.drain()
        if hang:
            await over.wait()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()
    try:
        yield f"http://{host}:{port}"
    finally:
        over.set()
        server.close()
        await server.wait_closed()
