"""How a region's entrance is asked: which host is meant, and who is asking."""

import dataclasses
from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

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


@dataclasses.dataclass(frozen=True, slots=True)
class Caller:
    """What every request of one caller carries."""

    host: str | None = None
    """The route's host name, where it has one."""
    authorization: str | None = dataclasses.field(default=None, repr=False)
    """The value of the header: `Bearer …`, `Basic …`."""

    @property
    def headers(self) -> Mapping[str, str]:
        """As a request states them."""
        stated = {"Host": self.host, "Authorization": self.authorization}
        return {name: value for name, value in stated.items() if value}

    def hint(self, status: int) -> str:
        """Return what to do about a refusal, where it is one of who is asking."""
        if status not in _WHO:
            return ""
        if self.authorization:
            return "; it does not take what GCO_AUTHORIZATION says"
        return "; it wants to know who asks: set GCO_AUTHORIZATION (`Bearer KEY`, `Basic …`)"
