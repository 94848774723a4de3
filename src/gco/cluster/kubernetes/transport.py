"""The one place that sends requests: connections, credentials, time-outs, and what failures mean."""

import asyncio
import io
import socket
import ssl
from collections.abc import AsyncGenerator
from typing import Any, Final, NamedTuple

import aiohttp
import orjson
from yarl import URL

from gco import __version__
from gco.cluster.kubernetes.auth import Credentials
from gco.cluster.kubernetes.errors import error_of, readable
from gco.cluster.kubernetes.requests import Request
from gco.errors import TransientError

CONNECT_SECONDS: Final = 10.0
IDLE_SECONDS: Final = 180.0
"""A watch without a line for so long is dead: bookmarks come each 60 s, the first after 120 at most."""
CONNECTIONS: Final = 512
"""Open at once at the most; many watches and workers, and an end to a leak."""
KEEP_ALIVE_SECONDS: Final = 60.0
"""Less than any server or balancer waits, so that a request seldom meets a closing connection."""
USER_AGENT: Final = f"gco/{__version__}"
"""What stands before the slash is also the field manager of writes that name none."""
BIG_BODY: Final = 1 << 20
"""Bytes from which aiohttp wants a body as a file, to send it in pieces."""
LONGEST_REFUSAL: Final = 256 * 1024
"""Bytes that are read of an answer which refuses; a Status quotes a part of the object at most."""

_FOREIGN: Final = (aiohttp.ClientError, TimeoutError, OSError)
"""What the wire raises."""
_UNAUTHORIZED: Final = 401
_FIRST_REFUSAL: Final = 300
_DEAD_AFTER_MS: Final = 30_000
_KEEP_ALIVE_OPTIONS: Final = {"TCP_KEEPIDLE": 15, "TCP_KEEPINTVL": 5, "TCP_KEEPCNT": 3}


class Server(NamedTuple):
    """Where an API server is and what it must prove."""

    url: str
    """Scheme, host, port and perhaps a path that stands before every request's own."""
    tls: ssl.SSLContext | None = None
    """None for plain HTTP."""
    tls_name: str | None = None
    """The name that its certificate must carry, where that is not the address."""


class Limits(NamedTuple):
    """How long to wait, in seconds."""

    request: float = 30.0
    """For a whole request and its answer; for a watch, until its answer begins."""
    connect: float = CONNECT_SECONDS
    idle: float = IDLE_SECONDS
    """For the next bytes of a watch."""


class Transport:
    """Sends requests to one API server; opens its connections with the first of them."""

    def __init__(
        self,
        server: Server,
        credentials: Credentials,
        *,
        limits: Limits = Limits(),  # noqa: B008 - an immutable value
        user_agent: str = USER_AGENT,
    ) -> None:
        self._server = server
        self._base = server.url.rstrip("/")
        self._credentials = credentials
        self._limits = limits
        self._headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",  # compressing costs both sides more than it saves
            "User-Agent": user_agent,
        }
        self._whole = aiohttp.ClientTimeout(total=limits.request, sock_connect=limits.connect)
        self._open = aiohttp.ClientTimeout(sock_connect=limits.connect, sock_read=limits.idle)
        self._quiet = aiohttp.ClientTimeout(sock_connect=limits.connect)
        self._session: aiohttp.ClientSession | None = None
        self._answers: set[aiohttp.ClientResponse] = set()
        self._closed = False

    async def json(self, request: Request) -> Any:  # noqa: ANN401 - as on the wire
        """Send `request` and return its answer's JSON."""
        body = await self.body(request)
        try:
            return orjson.loads(body)
        except orjson.JSONDecodeError as error:
            said = readable(body[:200].decode(errors="replace"))
            raise TransientError(f"{request.what}: the answer is not JSON: {said}") from error

    async def body(self, request: Request) -> bytes:
        """Send `request` and return its answer's body; raises one of the errors of ClusterError."""
        try:
            response = await self._answer(request, self._whole)
            try:
                return await response.read()
            finally:
                self._leave(response)
        except _FOREIGN as error:
            raise self._failure(request, error, self._limits.request) from error

    async def chunks(self, request: Request, *, quiet: bool = False) -> AsyncGenerator[bytes, None]:
        """Send `request` and yield its answer's body as it comes, for as long as it takes.

        A `quiet` answer may say nothing for hours, as a log may; a watch may not.
        """
        limits = self._quiet if quiet else self._open
        patience = self._limits.request
        try:
            async with asyncio.timeout(patience):
                response = await self._answer(request, limits)
            patience = self._limits.idle
            try:
                async for chunk in response.content.iter_any():
                    yield chunk
            finally:
                self._leave(response)
        except _FOREIGN as error:
            raise self._failure(request, error, patience) from error

    async def close(self) -> None:
        """Close all connections; requests under way fail with TransientError."""
        self._closed = True
        for response in tuple(self._answers):
            _hang_up(response)  # closing the session alone would leave its readers waiting
        if self._session is not None:
            await self._session.close()

    async def _answer(
        self, request: Request, limits: aiohttp.ClientTimeout
    ) -> aiohttp.ClientResponse:
        """Send `request`, once more where renewed credentials may help; raise what was refused."""
        header = await self._credentials.header()
        response = await self._sent(request, limits, header)
        if response.status == _UNAUTHORIZED and self._credentials.refused(header):
            self._leave(response)
            response = await self._sent(request, limits, await self._credentials.header())
        if response.status < _FIRST_REFUSAL:
            return response
        try:
            said = await _beginning(response)
        finally:
            self._leave(response)
        raise error_of(request.what, response.status, said, response.headers)

    async def _sent(
        self, request: Request, limits: aiohttp.ClientTimeout, authorization: str | None
    ) -> aiohttp.ClientResponse:
        """Send `request`; whoever gets the response leaves it when done."""
        headers = {"Authorization": authorization} if authorization else {}
        if request.body is not None:
            headers["Content-Type"] = request.content_type
        response = await self._connected().request(
            request.method,
            URL(self._base + request.target, encoded=True),
            data=_data(request.body),
            headers=headers,
            timeout=limits,
            allow_redirects=False,
            ssl=self._server.tls or True,
            server_hostname=self._server.tls_name,
        )
        self._answers.add(response)
        return response

    def _leave(self, response: aiohttp.ClientResponse) -> None:
        """Give the connection back, or end it where the answer was not read to its end."""
        self._answers.discard(response)
        if response.content.at_eof():
            response.release()
        else:
            _hang_up(response)

    def _failure(self, request: Request, error: Exception, patience: float) -> TransientError:
        """Return what a failure on the wire means, `patience` being the seconds that were waited."""
        server = _address(self._server.url)
        match error:
            case aiohttp.ClientConnectorCertificateError():
                told = f"{server} did not prove who it is: {error.certificate_error}"
            case aiohttp.ConnectionTimeoutError():
                told = f"{server} could not be reached within {self._limits.connect:g} s"
            case TimeoutError():
                told = f"no answer from {server} within {patience:g} s"
            case aiohttp.ClientConnectorError():
                told = f"{server} could not be reached: {error.os_error}"
            case _:
                told = f"the connection to {server} broke off: {str(error) or type(error).__name__}"
        return TransientError(f"{request.what}: {readable(told)}")

    def _connected(self) -> aiohttp.ClientSession:
        if self._closed:
            raise TransientError("the connection to the cluster was closed")
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=CONNECTIONS,
                    keepalive_timeout=KEEP_ALIVE_SECONDS,
                    socket_factory=_socket,
                ),
                headers=self._headers,
                cookie_jar=aiohttp.DummyCookieJar(),
                read_bufsize=1 << 18,
            )
        return self._session


async def _beginning(response: aiohttp.ClientResponse) -> bytes:
    """Return a refusal's body as far as it is looked at: what stands in between may send anything."""
    pieces, left = [], LONGEST_REFUSAL
    while left > 0 and (piece := await response.content.read(left)):
        pieces.append(piece)
        left -= len(piece)
    return b"".join(pieces)


def _hang_up(response: aiohttp.ClientResponse) -> None:
    """End the connection at once; to part in the way of TLS may take as long as a watch's end."""
    if response.connection is not None and response.connection.transport is not None:
        response.connection.transport.abort()
    response.close()


def _data(body: bytes | None) -> bytes | io.BytesIO | None:
    """Return the body as aiohttp wants it, made anew for each time it is sent."""
    return io.BytesIO(body) if body is not None and len(body) > BIG_BODY else body


def _socket(address: tuple[Any, ...]) -> socket.socket:
    """Return a socket that notices a peer which is gone without a word."""
    family, kind, protocol, *_ = address
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in {**_KEEP_ALIVE_OPTIONS, "TCP_USER_TIMEOUT": _DEAD_AFTER_MS}.items():
        if hasattr(socket, name):  # not every system has each of them
            made.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
    return made


def _address(url: str) -> str:
    """Return the server's address for people, without a user or password that it may carry."""
    return str(URL(url).with_user(None))
