"""One region's entrance: an HTTP server, its routing table, and what is said of routes taken up."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
from aiohttp import web

from gco.clock import SystemClock
from gco.cluster.port import Cluster
from gco.errors import AbsentError, ClusterConflictError, SettingsError, TransientError
from gco.kinds.registry import HTTP_ROUTE, INGRESS, Kind
from gco.sandbox.router.http_routes import HttpRoute, accepted
from gco.sandbox.router.proxy import Proxy
from gco.sandbox.router.rules import Rule
from gco.sandbox.router.table import Table

MANAGER = "gco-router"
_RETRY = 0.5
_TIME = "%Y-%m-%dT%H:%M:%SZ"
_LARGEST_BODY = 64 * 1024 * 1024


class Router:
    """Serves the routes of one namespace on a local port, and writes that into their status."""

    def __init__(
        self,
        cluster: Cluster,
        region: str,
        *,
        namespace: str,
        host: str = "127.0.0.1",
        port: int = 0,
    ) -> None:
        self._cluster = cluster
        self._region = region
        self._namespace = namespace
        self._host = host
        self._port = port
        self._table = Table(cluster, namespace)
        self._new: asyncio.Queue[tuple[Kind, str]] = asyncio.Queue()
        self._table.ingresses.subscribe(self._look)
        self._table.http_routes.subscribe(self._look_at_route)
        self._socket: socket.socket | None = None

    @property
    def address(self) -> str:
        """Where requests are taken, once `listen` was called."""
        return f"http://{self._host}:{self._port}"

    def listen(self) -> None:
        """Take the port, so that the address is known; raises SettingsError where it is taken."""
        self._socket = self._take_port()

    async def run(self) -> None:
        """Serve until cancelled, listening first unless that was done."""
        if self._socket is None:
            self._socket = self._take_port()
        taken, self._socket = self._socket, None
        timeout = aiohttp.ClientTimeout(total=None, sock_connect=5)
        # A pod may close an idle connection just as a request goes out on it, and a POST cannot be
        # sent twice: each request gets a connection of its own.
        connector = aiohttp.TCPConnector(limit=0, force_close=True)
        async with (
            aiohttp.ClientSession(timeout=timeout, connector=connector) as http,
            self._serving(http, taken),
            asyncio.TaskGroup() as tasks,
        ):
            tasks.create_task(self._table.run())
            tasks.create_task(self._take_up())

    @contextlib.asynccontextmanager
    async def _serving(
        self, http: aiohttp.ClientSession, taken: socket.socket
    ) -> AsyncIterator[None]:
        app = web.Application(client_max_size=_LARGEST_BODY)
        app.router.add_route("*", "/{tail:.*}", Proxy(self._region, self._table, http).handle)
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=1.0
        )
        await runner.setup()
        try:
            await web.SockSite(runner, taken).start()
            yield
        finally:
            await runner.cleanup()

    def _take_port(self) -> socket.socket:
        try:
            taken = socket.create_server((self._host, self._port))
        except OSError as error:
            where = f"{self._host}:{self._port}"
            raise SettingsError(
                f"the router of {self._region} cannot listen on {where}: {error.strerror}"
            ) from error
        self._port = taken.getsockname()[1]
        return taken

    def _look(self, name: str, old: tuple[Rule, ...] | None, new: tuple[Rule, ...] | None) -> None:
        if old is None and new is not None:
            self._new.put_nowait((INGRESS, name))

    def _look_at_route(self, name: str, old: HttpRoute | None, new: HttpRoute | None) -> None:
        if new is not None and (old is None or old.generation != new.generation):
            self._new.put_nowait((HTTP_ROUTE, name))

    async def _take_up(self) -> None:
        """Say of each new route that it is served, as a load balancer's controller does."""
        while True:
            kind, name = await self._new.get()
            try:
                await self._tell(kind, name, self._status(kind, name))
            except TransientError:
                await asyncio.sleep(_RETRY)
                self._new.put_nowait((kind, name))

    def _status(self, kind: Kind, name: str) -> dict[str, Any] | None:
        if kind == INGRESS:
            port = {"port": self._port, "protocol": "TCP"}
            return {"loadBalancer": {"ingress": [{"ip": self._host, "ports": [port]}]}}
        route = self._table.http_routes.get(name)
        return None if route is None else accepted(route, now=SystemClock().now().strftime(_TIME))

    async def _tell(self, kind: Kind, name: str, status: dict[str, Any] | None) -> None:
        if status is None:
            return
        body = {
            "apiVersion": kind.api_version,
            "kind": kind.name,
            "metadata": {"name": name, "namespace": self._namespace},
            "status": status,
        }
        with contextlib.suppress(AbsentError, ClusterConflictError):  # gone again: nothing to tell
            await self._cluster.apply(kind, body, manager=MANAGER, subresource="status")
