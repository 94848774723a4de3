"""A proxy before the store that passes everything on and takes note of what passed."""

from collections.abc import Sequence

import aiohttp
from aiohttp import web

from bench.counting import StoreRequest, store_request

_HOP_BY_HOP = {"host", "connection", "content-length", "transfer-encoding", "keep-alive"}


class StoreProxy:
    """Stands before a DynamoDB API; its own requests are those that came in, one for one."""

    def __init__(self, upstream: str) -> None:
        self._upstream = upstream
        self._session: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._seen: list[StoreRequest] = []
        self.url = ""
        """Where it listens, once started."""

    async def start(self) -> None:
        """Listen on a free port of the loopback address."""
        self._session = aiohttp.ClientSession(auto_decompress=False)
        application = web.Application(client_max_size=1 << 24)
        application.router.add_route("*", "/{path:.*}", self._pass)
        self._runner = web.AppRunner(application, access_log=None)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        _, port = self._runner.addresses[0][:2]
        self.url = f"http://127.0.0.1:{port}"

    async def stop(self) -> None:
        """Close all connections."""
        if self._runner is not None:
            await self._runner.cleanup()
        if self._session is not None:
            await self._session.close()

    def mark(self) -> int:
        """The number of requests so far, to pass as `since` later."""
        return len(self._seen)

    def requests(self, *, since: int = 0) -> Sequence[StoreRequest]:
        """The requests since a mark."""
        return self._seen[since:]

    async def _pass(self, request: web.Request) -> web.Response:
        if self._session is None:
            raise web.HTTPServiceUnavailable
        body = await request.read()
        self._seen.append(store_request(request.headers.get("X-Amz-Target", ""), body))
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        async with self._session.request(
            request.method, self._upstream + request.path_qs, data=body, headers=headers
        ) as answer:
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP}
            return web.Response(status=answer.status, body=await answer.read(), headers=kept)
