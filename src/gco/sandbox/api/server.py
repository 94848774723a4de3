"""The server: on a loopback address, for who has the token, and nothing but reading."""

import asyncio
import contextlib
import hmac
import re
import secrets
import socket
from typing import Any, Final

import orjson
from aiohttp import web

from gco.cluster.port import Cluster, LogOptions, Page
from gco.errors import ClusterError, RejectedError
from gco.runtime.streams import closing
from gco.sandbox.api import answers
from gco.sandbox.api.paths import Target, target_of

HOST: Final = "127.0.0.1"
_SHUTDOWN_SECONDS: Final = 1.0
_WATCH_SECONDS: Final = 600
_NUMBER: Final = re.compile(r"[0-9]{1,9}")


class ApiFace:
    """Serves one cluster to whoever bears `token`."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._socket = socket.create_server((HOST, 0))
        self.token = secrets.token_urlsafe(24)
        """Opens this face, and no other; new with each."""

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"http://{HOST}:{self._socket.getsockname()[1]}"

    async def run(self) -> None:
        """Serve until cancelled."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._handle)
        runner = web.AppRunner(
            app, access_log=None, handler_cancellation=True, shutdown_timeout=_SHUTDOWN_SECONDS
        )
        await runner.setup()
        try:
            await web.SockSite(runner, self._socket).start()
            await asyncio.Event().wait()
        finally:
            await runner.cleanup()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self.token}".encode()):
            return _refused(401, "Unauthorized", "Unauthorized")
        if request.method != "GET":
            return _refused(405, "MethodNotAllowed", "a sandbox's API can only be read")
        target = target_of(request.path)
        if target is None:
            return _refused(404, "NotFound", "the server could not find the requested resource")
        try:
            return await self._answer(request, target)
        except ClusterError as error:
            told = answers.status(error)
            return _json(orjson.dumps(told), status=told["code"])

    async def _answer(self, request: web.Request, target: Target) -> web.StreamResponse:
        if target.log:
            return await self._log(request, target)
        if target.name is not None:
            found = await self._cluster.get(target.kind, target.namespace, target.name)
            return _json(orjson.dumps(found))
        if request.query.get("watch") in {"true", "1"}:
            return await self._watch(request, target)
        return _json(await self._list(request, target))

    async def _list(self, request: web.Request, target: Target) -> bytes:
        """Return all of a listing: it is from memory, and one page does."""
        page = Page([], "0")
        items: list[dict[str, Any]] = []
        async for page in self._cluster.list(target.kind, target.namespace, **_selectors(request)):
            items += page.items
        return answers.listed(target.kind, items, page.resource_version)

    async def _watch(self, request: web.Request, target: Target) -> web.StreamResponse:
        seconds = _number(request, "timeoutSeconds") or _WATCH_SECONDS
        events = self._cluster.watch(
            target.kind,
            target.namespace,
            after=request.query.get("resourceVersion", "0"),
            **_selectors(request),
        )
        response = await _begun(request, "application/json")
        try:
            async with asyncio.timeout(seconds), closing(events):
                async for event in events:
                    await response.write(answers.event_line(event))
        except TimeoutError:
            pass  # it lasts as long as the client asked for
        except ClusterError as error:
            await response.write(answers.error_line(error))
        return response

    async def _log(self, request: web.Request, target: Target) -> web.StreamResponse:
        namespace, pod = target.namespace or "", target.name or ""
        options = _log_options(request)
        # What is refused is refused before an answer begins, which waits for no line.
        async for _ in self._cluster.log_lines(
            namespace, pod, options._replace(lines=0, follow=False)
        ):
            break
        response = await _begun(request, "text/plain")
        times = request.query.get("timestamps") == "true"
        lines = self._cluster.log_lines(namespace, pod, options)
        async with contextlib.aclosing(lines):
            async for line in lines:
                await response.write(answers.log_line(line, times=times))
        return response


def _selectors(request: web.Request) -> dict[str, str]:
    query = request.query
    return {"labels": query.get("labelSelector", ""), "fields": query.get("fieldSelector", "")}


def _log_options(request: web.Request) -> LogOptions:
    query = request.query
    return LogOptions(
        container=query.get("container", ""),
        lines=_number(request, "tailLines"),
        previous=query.get("previous") == "true",
        follow=query.get("follow") == "true",
        since=query.get("sinceTime", ""),
        max_bytes=_number(request, "limitBytes"),
    )


def _number(request: web.Request, name: str) -> int | None:
    """Return a number of the query, None where it is absent; raises RejectedError for any other."""
    given = request.query.get(name)
    if given is None:
        return None
    if not _NUMBER.fullmatch(given):
        raise RejectedError(f"{name}={given[:20]!r} is not a number")
    return int(given)


async def _begun(request: web.Request, kind: str) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": kind})
    await response.prepare(request)
    return response


def _json(body: bytes, status: int = 200) -> web.Response:
    return web.Response(status=status, body=body, content_type="application/json")


def _refused(code: int, reason: str, message: str) -> web.Response:
    return _json(orjson.dumps(answers.failure(code, reason, message)), status=code)
