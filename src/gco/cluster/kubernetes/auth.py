"""Who we are to the API server: the Authorization header, kept fresh.

Bound service-account tokens are rotated under the reader (at 80 % of their hour at the latest), so
a token file is read again whenever it has changed, and a plugin is asked again before its token
expires. One refused request may ask for a renewal; a second refusal is final.
"""

import base64
import os
from pathlib import Path
from typing import Protocol

from gco.errors import ForbiddenError


class Credentials(Protocol):
    """What goes into the Authorization header."""

    async def header(self) -> str | None:
        """Return the header's value now, or None to send none.

        Raises ForbiddenError where none can be had, TransientError where trying again may help.
        """
        ...

    def refused(self, header: str | None) -> bool:
        """Take note that the server refused `header` (401); return whether another try may differ."""
        ...


class Fixed:
    """The same header for ever, or none (a client certificate says who we are, or nobody does)."""

    def __init__(self, header: str | None = None) -> None:
        self._header = header

    async def header(self) -> str | None:
        """Return the header."""
        return self._header

    def refused(self, header: str | None) -> bool:  # noqa: ARG002 - it is always the same one
        """Return False: there is no other header to try."""
        return False


class TokenFile:
    """A bearer token in a file that someone else rotates."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._seen: tuple[int, int, int] | None = None
        self._header = ""

    async def header(self) -> str | None:
        """Return the header for the token that the file holds now."""
        try:
            self._refresh()
        except OSError as error:
            raise ForbiddenError(f"the token file {self._path} cannot be read: {error}") from error
        return self._header

    def refused(self, header: str | None) -> bool:
        """Read the file again; return whether it holds another token than the refused one."""
        self._seen = None
        try:
            self._refresh()
        except OSError:
            return False  # the next request says what is wrong with the file
        return self._header != header

    def _refresh(self) -> None:
        """Read the file if it is not the one that was read last; kubelet swaps a symlink under it."""
        found = os.stat(self._path)  # noqa: PTH116 - twice as fast, and asked for each request
        stamp = (found.st_ino, found.st_mtime_ns, found.st_size)
        if stamp != self._seen:
            self._header = bearer(self._path.read_text().strip())
            self._seen = stamp


def bearer(token: str) -> str:
    """Return the header for a bearer token."""
    return f"Bearer {token}"


def basic(username: str, password: str) -> str:
    """Return the header for a user name and a password."""
    return f"Basic {base64.b64encode(f'{username}:{password}'.encode()).decode()}"
