"""Passes a request on to a pod and its answer back, piece by piece as it comes."""

import re
from typing import Final

import aiohttp
import orjson
from aiohttp import web

from gco.sandbox.router.rules import Rule
from gco.sandbox.router.table import Backend, Table

_ADDRESS: Final = re.compile(r"[0-9.]+")

_HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-length",
        "host",
    }
)
"""Headers that belong to one connection (RFC 9110, 7.6.1), or that each side writes itself."""


class Proxy:
    """Handles every request of one router."""

    def __init__(self, region: str, table: Table, http: aiohttp.ClientSession) -> None:
        self._region = region
        self._table = table
        self._http = http

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer with what the pod says, or 404, 502, 503 that say what is missing."""
        host = request.host.partition(":")[0]
        rule = self._table.rule(host, request.path)
        if rule is None:
            return _error(404, f"no route in {self._region} for {request.path}")
        if not _of_this_machine(request, host, rule):
            return _error(403, "a web page of another site may not ask a sandbox")
        share = self._table.share(rule)
        backends = self._table.backends(share) if share else []
        body = await request.read()
        for backend in backends:
            url = f"http://{backend.address}:{backend.port}{rule.rewritten(request.path)}"
            try:
                return await self._forward(request, backend, url, body)
            except aiohttp.ClientConnectorError:
                continue  # nothing was sent: the next pod may take it
            except (aiohttp.ClientError, TimeoutError) as error:
                return _error(502, f"{backend.address} broke off: {error}")
        return _error(
            503, f"no pod of {share.service if share else rule.service} in {self._region} is ready"
        )

    async def _forward(
        self, request: web.Request, backend: Backend, url: str, body: bytes
    ) -> web.StreamResponse:
        headers = {k: v for k, v in request.headers.items() if k.lower() not in _HOP_BY_HOP}
        headers["X-Forwarded-For"] = request.remote or ""
        async with self._http.request(
            request.method,
            url,
            params=request.query,
            headers=headers,
            data=body or None,
            allow_redirects=False,
        ) as answer:
            response = web.StreamResponse(status=answer.status, headers=_answer_headers(answer))
            response.headers["X-Served-By"] = f"{self._region}/{backend.address}"
            await response.prepare(request)
            try:
                async for piece in answer.content.iter_any():
                    await response.write(piece)
                await response.write_eof()
            except aiohttp.ClientError:
                # The status is out already: a broken connection is the one way left to say it.
                if request.transport is not None:
                    request.transport.abort()
            return response


def _of_this_machine(request: web.Request, host: str, rule: Rule) -> bool:
    """Whether no web page of another site sent the request: a browser says where it comes from.

    A page whose own name resolves to this machine (DNS rebinding) sends that name as Host: only
    addresses, `localhost` and the hosts that routes state are taken.
    """
    if request.headers.get("Sec-Fetch-Site") in {"cross-site", "same-site"}:
        return False
    origin = request.headers.get("Origin")
    if origin is not None and origin.partition("://")[2] != request.host:
        return False
    return bool(rule.host) or host == "localhost" or _ADDRESS.fullmatch(host) is not None


def _answer_headers(answer: aiohttp.ClientResponse) -> dict[str, str]:
    # aiohttp has undone a compressed body already, so its length and encoding no longer hold.
    left_out = _HOP_BY_HOP | {"content-encoding"}
    return {k: v for k, v in answer.headers.items() if k.lower() not in left_out}


def _error(status: int, message: str) -> web.Response:
    body = orjson.dumps({"error": {"message": message, "type": "router"}})
    return web.Response(status=status, body=body, content_type="application/json")
