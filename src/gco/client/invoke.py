"""Sends what was said to an endpoint through a region's entrance, and yields the answer as it comes."""

import dataclasses
from collections.abc import AsyncIterator, Sequence

import aiohttp

from gco.client.completions import InvokeError, Message, Server, complete, model_of
from gco.client.entrance import Caller, InsecureAddressError

_CONNECT_SECONDS = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Prompt:
    """What to ask, and where."""

    url: str
    """The region's address and the endpoint's route: `http://…/inference/web`."""
    messages: Sequence[Message]
    """What was said until now, and last the question."""
    stream: bool = False
    max_tokens: int | None = None
    caller: Caller = dataclasses.field(default_factory=Caller)
    timeout: float = 600.0
    """Seconds for the whole answer."""


async def invoke(prompt: Prompt) -> AsyncIterator[str]:
    """Yield the answer: in one piece, or piece by piece with `stream`; raises InvokeError."""
    timeout = aiohttp.ClientTimeout(total=prompt.timeout, sock_connect=_CONNECT_SECONDS)
    try:
        headers = prompt.caller.headers_for(prompt.url)
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as http:
            server = Server(http, prompt.url, prompt.caller)
            model = await model_of(server)
            pieces = complete(
                server,
                model,
                prompt.messages,
                stream=prompt.stream,
                max_tokens=prompt.max_tokens,
            )
            async for piece in pieces:
                yield piece
    except InsecureAddressError as error:
        raise InvokeError(str(error)) from error
    except TimeoutError as error:
        raise InvokeError(f"{prompt.url} did not answer within {prompt.timeout:g} s") from error
    except aiohttp.ClientError as error:
        raise InvokeError(f"{prompt.url} cannot be reached: {error}") from error


__all__ = ["InvokeError", "Prompt", "invoke"]
