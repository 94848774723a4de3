"""How a region's entrance is asked: which host is meant, and who is asking."""

import dataclasses
from collections.abc import Mapping
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Final

from yarl import URL

from gco.errors import GcoError
from gco.hosts import is_loopback

_WHO: Final = frozenset(
    {
        HTTPStatus.UNAUTHORIZED,
        HTTPStatus.FORBIDDEN,
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
    }
)
"""What a route or a server answers to whom it does not know; a page to sign in is a redirection."""


class InsecureAddressError(GcoError):
    """The caller's key may not go to this address; nothing was sent."""


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """What every request of one caller carries."""

    host: str | None = None
    """The route's host name, where it has one."""
    authorization: str | None = dataclasses.field(default=None, repr=False)
    """The value of the header: `Bearer …`, `Basic …`."""

    hosts: tuple[str, ...] = ()
    """The hosts that may receive `authorization`, as in a shell's pattern; none: see `headers_for`."""

    def headers_for(self, url: str) -> Mapping[str, str]:
        """Return what a request to `url` states; raises InsecureAddressError.

        The address comes from the region's record, which is not the caller's. So the caller's key
        goes to this machine and to `hosts`; where `hosts` is empty, to every address with https.
        """
        if self.authorization and not self._may_receive(URL(url)):
            raise InsecureAddressError(_refusal(URL(url), listed=bool(self.hosts)))
        stated = {"Host": self.host, "Authorization": self.authorization}
        return {name: value for name, value in stated.items() if value}

    def _may_receive(self, url: URL) -> bool:
        host = url.host or ""
        if is_loopback(host):
            return True
        if self.hosts:
            return any(fnmatchcase(host, pattern) for pattern in self.hosts)
        return url.scheme == "https"

    def hint(self, status: int) -> str:
        """Return what to do about a refusal, where it is one of who is asking."""
        if status not in _WHO:
            return ""
        if self.authorization:
            return "; it does not take what GCO_AUTHORIZATION says"
        return "; it wants to know who asks: set GCO_AUTHORIZATION (`Bearer KEY`, `Basic …`)"


def _refusal(url: URL, *, listed: bool) -> str:
    why = "is not in GCO_AUTHORIZATION_HOSTS" if listed else "is reached by http, unencrypted"
    return (
        f"GCO_AUTHORIZATION was not sent: {url.host} {why}. "
        f"Give the region an https address, or set GCO_AUTHORIZATION_HOSTS={url.host} to allow it"
    )
