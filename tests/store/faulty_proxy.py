"""A server between the store and DynamoDB Local that fails on request, as the service may.

DynamoDB Local shows neither throttling nor conflicts nor lost answers; this adds them to the wire.
"""

import asyncio
import contextlib
import dataclasses
import json
import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
from aiohttp import web

Change = Callable[[dict[str, Any]], None]


@dataclasses.dataclass(frozen=True)
class Lost:
    """The request is carried out, and the connection breaks before the answer."""


@dataclasses.dataclass(frozen=True)
class Dropped:
    """The connection breaks before anything is carried out."""


@dataclasses.dataclass(frozen=True)
class Hung:
    """Nobody answers."""


@dataclasses.dataclass(frozen=True)
class Failed:
    """The service answers with an error and has carried out nothing."""

    code: str
    status: int = 400
    more: dict[str, Any] = dataclasses.field(default_factory=dict)


def cancelled(*codes: str) -> Failed:
    """A transaction cancelled for these reasons, one an action."""
    reasons = {"CancellationReasons": [{"Code": code} for code in codes]}
    return Failed("TransactionCanceledException", more=reasons)


Fault = Lost | Dropped | Hung | Failed


class FaultyProxy:
    """Passes requests on to `target`, but for what it is told."""

    def __init__(self, target: str) -> None:
        self._target = target
        self.url = ""
        self.seen: list[str] = []
        """The operations that were asked for, in order."""
        self._coming: dict[str, list[Fault]] = {}
        self._always: dict[str, Fault] = {}
        self._changes: dict[str, Change] = {}
        self._storm: tuple[Fault, ...] = ()
        self._share = 0.0
        self._dice = random.Random(0)  # noqa: S311 - a reproducible test

    def next(self, operation: str, *faults: Fault) -> None:
        """Fail the next requests for `operation`, one each."""
        self._coming.setdefault(operation, []).extend(faults)

    def always(self, operation: str, fault: Fault) -> None:
        """Fail every request for `operation`."""
        self._always[operation] = fault

    def storm(self, *faults: Fault, share: float = 1.0) -> None:
        """Fail a share (0 to 1) of all requests, whatever they ask for, each by one of `faults`."""
        self._storm, self._share = faults, share

    def change(self, operation: str, change: Change) -> None:
        """Change every answer to `operation`."""
        self._changes[operation] = change

    def heal(self) -> None:
        """Pass everything on again."""
        self._coming, self._always, self._changes = {}, {}, {}
        self._storm = ()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator["FaultyProxy"]:
        app = web.Application(client_max_size=2**24)
        app.router.add_post("/", self._handle)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            host, port = runner.addresses[0][:2]
            self.url = f"http://{host}:{port}"
            yield self
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        operation = request.headers["X-Amz-Target"].partition(".")[2]
        self.seen.append(operation)
        match self._fault(operation):
            case Failed() as failed:
                body = {"__type": f"com.amazonaws.dynamodb.v20120810#{failed.code}", **failed.more}
                return web.json_response(body, status=failed.status)
            case Dropped():
                return _broken(request)
            case Hung():
                await asyncio.Event().wait()
            case Lost():
                await self._pass_on(request, operation)
                return _broken(request)
            case None:
                pass
        return await self._pass_on(request, operation)

    def _fault(self, operation: str) -> Fault | None:
        if coming := self._coming.get(operation):
            return coming.pop(0)
        if self._storm and self._dice.random() < self._share:
            return self._dice.choice(self._storm)
        return self._always.get(operation)

    async def _pass_on(self, request: web.Request, operation: str) -> web.Response:
        passed = {k: v for k, v in request.headers.items() if k.lower() != "host"}
        async with (
            aiohttp.ClientSession(auto_decompress=False) as session,
            session.post(self._target, data=await request.text(), headers=passed) as answer,
        ):
            body = await answer.json(content_type=None)
            if change := self._changes.get(operation):
                change(body)
            return web.json_response(
                body, status=answer.status, content_type="application/x-amz-json-1.0"
            )


def _broken(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def bodies(changes: dict[str, Any]) -> Change:
    """Return a change that sets fields of the table's description."""

    def change(body: dict[str, Any]) -> None:
        body["Table"] |= json.loads(json.dumps(changes))

    return change
