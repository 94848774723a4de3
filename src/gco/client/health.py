"""Asks the path on which a server says that it is ready, as users' requests go: by a region's route."""

import asyncio
import dataclasses
from http import HTTPStatus

import aiohttp

from gco.client.entrance import Caller, InsecureAddressError

_MOST = 300
"""Characters of an answer that are kept: enough to tell a balancer's page from a server's word."""


@dataclasses.dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    url: str
    status: int | None
    """The HTTP status; None where nothing answered."""
    seconds: float
    """Until the whole answer was there, or until there was none."""
    error: str = ""
    """Why it counts as no answer; empty where it does."""

    @property
    def ok(self) -> bool:
        """Whether the server said that it is ready."""
        return not self.error


async def ask(url: str, caller: Caller, *, patience: float) -> Answer:
    """Ask once, and wait `patience` seconds at the most; raises nothing that a network may do."""
    loop = asyncio.get_running_loop()
    limits = aiohttp.ClientTimeout(total=patience)
    began = loop.time()
    try:
        async with (
            aiohttp.ClientSession(timeout=limits, headers=caller.headers_for(url)) as http,
            http.get(url, allow_redirects=False) as answer,
        ):
            text = (await answer.text(errors="replace"))[:_MOST]
            seconds = loop.time() - began
            refusal = _refusal(answer.status, text, caller)
            return Answer(url, answer.status, seconds, refusal)
    except InsecureAddressError as error:
        return Answer(url, None, loop.time() - began, str(error))
    except TimeoutError:
        return Answer(url, None, loop.time() - began, f"no answer within {patience:g} s")
    except aiohttp.ClientError as error:
        return Answer(url, None, loop.time() - began, f"cannot be reached: {error}")


def _refusal(status: int, text: str, caller: Caller) -> str:
    if status == HTTPStatus.OK:
        return ""
    told = f"HTTP {status}: {' '.join(text.split())}".removesuffix(": ")
    return f"{told}{caller.hint(status)}"
