"""One plain HTTP request, to see whether a server answers.

The standard library does: what runs here must not depend on the client that
the tests are about.
"""

import http.client
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit


class Answer(NamedTuple):
    """A status and a whole body."""

    status: int
    body: bytes


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    ca: Path | None = None,
    seconds: float = 5.0,
) -> Answer:
    """Send one request on a connection of its own.

    Args:
        method: the HTTP method.
        url: an http or https address; https is verified against `ca`.
        headers: sent as they are.
        body: the request's content.
        ca: the certificate authority to trust, and no other.
        seconds: the time for each step on the wire.

    Raises:
        OSError: the server did not answer, or did not prove who it is.
    """
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.netloc, timeout=seconds)
    if parts.scheme == "https":
        context = ssl.create_default_context(cafile=ca)
        connection = http.client.HTTPSConnection(parts.netloc, timeout=seconds, context=context)
    try:
        target = f"{parts.path or '/'}{f'?{parts.query}' if parts.query else ''}"
        connection.request(method, target, body=body, headers=dict(headers or {}))
        response = connection.getresponse()
        return Answer(response.status, response.read())
    except http.client.HTTPException as error:
        raise ConnectionError(f"{url} broke off its answer") from error
    finally:
        connection.close()


def answers(url: str, *, token: str | None = None, ca: Path | None = None) -> bool:
    """Whether a GET succeeds; a refused connection is a plain no."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        return request("GET", url, headers=headers, ca=ca).status == http.client.OK
    except OSError:
        return False
