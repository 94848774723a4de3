"""A server between a client and a real API server that fails as networks and API servers do.

Requests pass to the API server over TLS; a `Fault` decides what else happens to a share of them.
Watches are passed on as they come, so that a fault can strike in the middle of one.
"""

import asyncio
import contextlib
import dataclasses
import enum
import json
import random
import ssl
from collections.abc import AsyncIterator

import aiohttp
from aiohttp import web

WRITES = frozenset({"POST", "PUT", "PATCH", "DELETE"})
EVERY = frozenset({"GET", *WRITES})
_HOP_BY_HOP = {"host", "connection", "content-length", "transfer-encoding", "keep-alive"}


class Effect(enum.Enum):
    """How a request fails."""

    DELAY = "delay"
    """It is passed on late."""
    RESET = "reset"
    """The connection breaks before anything is carried out."""
    LOST = "lost"
    """It is carried out, and the connection breaks before the answer."""
    BLACK_HOLE = "black hole"
    """Nobody answers, and the connection stays open."""
    REFUSE = "refuse"
    """The server answers with an error and has carried out nothing."""
    TRUNCATE = "truncate"
    """The answer ends half-way, as if it were whole."""
    SILENCE = "silence"
    """A watch brings nothing more, and stays open: the far end is gone without a word."""
    EXPIRE = "expire"
    """A watch ends with 410: the version that it follows was compacted."""


@dataclasses.dataclass(frozen=True)
class Fault:
    """What happens to a share of some requests."""

    effect: Effect
    share: float = 1.0
    """Of the requests that match, 0 to 1."""
    methods: frozenset[str] = EVERY
    resource: str = ""
    """The plural of a kind that the path must contain; empty: any."""
    watches: bool | None = None
    """True: only watches; False: none of them; None: either."""
    seconds: float = 0.0
    """Of a delay."""
    status: int = 500
    reason: str = "InternalError"
    retry_after: int | None = None

    def strikes(self, request: web.Request, dice: random.Random) -> bool:
        """Whether it happens to this request."""
        if self.watches is not None and self.watches is not is_watch(request):
            return False
        if request.method not in self.methods or self.resource not in request.path:
            return False
        return dice.random() < self.share


class ApiProxy:
    """Passes requests on to one API server; `fault` says what goes wrong now."""

    def __init__(self, target: str, authority: str, *, seed: int = 0) -> None:
        self._target = target
        self._tls = ssl.create_default_context(cafile=authority)
        self._dice = random.Random(seed)  # noqa: S311 - a reproducible test
        self._session: aiohttp.ClientSession | None = None
        self._faults: tuple[Fault, ...] = ()
        self.url = ""
        self.seen = 0
        """Requests that came in."""
        self.struck = 0
        """Requests that a fault happened to."""

    def fail(self, *faults: Fault) -> None:
        """Have these faults happen from now on; none: pass everything on. Black holes stay dark."""
        self._faults = faults

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["ApiProxy"]:
        """Serve on a free port of the loopback address while the block runs."""
        connector = aiohttp.TCPConnector(ssl=self._tls, limit=0)
        self._session = aiohttp.ClientSession(connector=connector, auto_decompress=False)
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(
            app, access_log=None, shutdown_timeout=0.1, handler_cancellation=True
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            await runner.cleanup()
            await self._session.close()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self.seen += 1
        fault = next((f for f in self._faults if f.strikes(request, self._dice)), None)
        if fault is None:
            return await self._pass_on(request, None)
        self.struck += 1
        match fault.effect:
            case Effect.DELAY:
                await asyncio.sleep(fault.seconds)
                return await self._pass_on(request, None)
            case Effect.RESET:
                return _broken(request)
            case Effect.BLACK_HOLE:
                await asyncio.Event().wait()
            case Effect.REFUSE:
                return _refusal(fault)
            case _:
                pass
        return await self._pass_on(request, fault)

    async def _pass_on(self, request: web.Request, fault: Fault | None) -> web.StreamResponse:
        assert self._session is not None
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        body = await request.read()
        async with self._session.request(
            request.method,
            self._target + request.raw_path,
            data=body or None,
            headers=headers,
            timeout=aiohttp.ClientTimeout(total=None),
        ) as answer:
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in _HOP_BY_HOP}
            if is_watch(request) and answer.status == web.HTTPOk.status_code:
                return await _stream(request, answer, kept, fault)
            whole = await answer.read()
            if fault is not None and fault.effect is Effect.LOST:
                return _broken(request)
            if fault is not None and fault.effect is Effect.TRUNCATE:
                whole = whole[: len(whole) // 2]
            return web.Response(status=answer.status, body=whole, headers=kept)


async def _stream(
    request: web.Request,
    answer: aiohttp.ClientResponse,
    headers: dict[str, str],
    fault: Fault | None,
) -> web.StreamResponse:
    """Pass a watch on line by line; a fault strikes at its first line."""
    response = web.StreamResponse(status=answer.status, headers=headers)
    await response.prepare(request)
    effect = None if fault is None else fault.effect
    if effect is Effect.EXPIRE:
        await response.write(json.dumps(_EXPIRED).encode() + b"\n")
        return response
    if effect is Effect.SILENCE:
        await asyncio.Event().wait()
    async for line in answer.content:
        if effect is Effect.TRUNCATE:
            await response.write(line[: len(line) // 2])
            return response
        if effect is Effect.LOST:
            return _broken(request)
        await response.write(line)
    return response


def is_watch(request: web.Request) -> bool:
    """Whether the request is for a watch."""
    return request.query.get("watch") in {"1", "true"}


def _refusal(fault: Fault) -> web.Response:
    headers = {} if fault.retry_after is None else {"Retry-After": str(fault.retry_after)}
    body = {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": f"refused on purpose: {fault.reason}",
        "reason": fault.reason,
        "code": fault.status,
    }
    return web.json_response(body, status=fault.status, headers=headers)


def _broken(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


_EXPIRED = {
    "type": "ERROR",
    "object": {
        "kind": "Status",
        "apiVersion": "v1",
        "status": "Failure",
        "message": "too old resource version: 1 (2)",
        "reason": "Expired",
        "code": 410,
    },
}
