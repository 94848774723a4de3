"""One region's entrance: an HTTP server, its routing table, and the Ingresses' addresses."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

from gco.cluster.port import Cluster
from gco.errors import AbsentError, ClusterConflictError, SettingsError, TransientError
from gco.kinds import INGRESS
from gco.sandbox.router.proxy import Proxy
from gco.sandbox.router.rules import Rule
from gco.sandbox.router.table import Table

MANAGER = "gco-router"
_RETRY = 0.5
_LARGEST_BODY = 64 * 1024 * 1024


class Router:
    """Serves the Ingresses of one namespace on a local port, and writes that into their status."""

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
        self._unaddressed: asyncio.Queue[str] = asyncio.Queue()
        self._table.ingresses.subscribe(self._look)
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
            tasks.create_task(self._give_addresses())

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
            self._unaddressed.put_nowait(name)

    async def _give_addresses(self) -> None:
        """Write where each new Ingress is reached, as a load balancer's controller does."""
        while True:
            name = await self._unaddressed.get()
            try:
                await self._give_address(name)
            except TransientError:
                await asyncio.sleep(_RETRY)
                self._unaddressed.put_nowait(name)

    async def _give_address(self, name: str) -> None:
        port = {"port": self._port, "protocol": "TCP"}
        body = {
            "apiVersion": INGRESS.api_version,
            "kind": INGRESS.name,
            "metadata": {"name": name, "namespace": self._namespace},
            "status": {"loadBalancer": {"ingress": [{"ip": self._host, "ports": [port]}]}},
        }
        with contextlib.suppress(AbsentError, ClusterConflictError):  # gone again: nothing to tell
            await self._cluster.apply(INGRESS, body, manager=MANAGER, subresource="status")
