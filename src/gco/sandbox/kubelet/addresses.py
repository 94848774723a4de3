"""Loopback addresses for pods: each pod has one of its own, so that ports never collide."""

import errno
import random
import socket
from collections.abc import Sequence

from gco.errors import GcoError

_LAST = 250


class AddressError(GcoError):
    """This machine has no loopback address to give to a pod."""


class Addresses:
    """Gives out addresses of 127.NETWORK.0.0/16, one region's network apart from another's."""

    def __init__(self, network: int) -> None:
        self._network = network
        # Another sandbox of this machine walks the same network: a server that is slow to begin
        # would find its address taken meanwhile, were both to begin at the same place.
        self._next = random.randrange(_LAST * _LAST)  # noqa: S311 - not for secrecy
        self._used: set[str] = set()

    def take(self, ports: Sequence[int]) -> str:
        """Return an address at which every one of `ports` is free; raises AddressError."""
        for _ in range(_LAST * _LAST):
            address = self._following()
            if address not in self._used and all(_free(address, port) for port in ports):
                self._used.add(address)
                return address
        raise AddressError(f"every address of 127.{self._network}.0.0/16 is in use")

    def release(self, address: str) -> None:
        """Give an address back."""
        self._used.discard(address)

    def _following(self) -> str:
        high, low = divmod(self._next % (_LAST * _LAST), _LAST)
        self._next += 1
        return f"127.{self._network}.{high + 1}.{low + 1}"


def _free(address: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((address, port))
        except OSError as error:
            if error.errno == errno.EADDRNOTAVAIL:
                raise AddressError(
                    "the sandbox gives each pod a loopback address of its own, which this system "
                    "does not allow (Linux does)"
                ) from error
            return False
    return True
