"""Sends one prompt to an endpoint through a region's entrance, and yields the answer as it comes.

Servers speak different dialects; all but Triton and TorchServe speak OpenAI's, which is what is
tried. The model's name is asked for first, because most servers refuse a name they do not serve.
"""

import dataclasses
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import orjson

from gco.errors import GcoError

_DATA = b"data: "
_DONE = b"[DONE]"
_CONNECT_SECONDS = 10
_JSON = {"Content-Type": "application/json"}
"""Servers made with FastAPI read no body that does not say what it is."""


class InvokeError(GcoError):
    """The endpoint could not be asked, or did not answer as an OpenAI-compatible server does."""


@dataclasses.dataclass(frozen=True, slots=True)
class Prompt:
    """What to ask, and where."""

    url: str
    """The region's address and the endpoint's route: `http://…/inference/web`."""
    text: str
    stream: bool = False
    max_tokens: int | None = None
    host: str | None = None
    """The route's host name, where it has one."""
    timeout: float = 600.0
    """Seconds for the whole answer."""


async def invoke(prompt: Prompt) -> AsyncIterator[str]:
    """Yield the answer: in one piece, or piece by piece with `stream`; raises InvokeError."""
    timeout = aiohttp.ClientTimeout(total=prompt.timeout, sock_connect=_CONNECT_SECONDS)
    headers = {"Host": prompt.host} if prompt.host else {}
    try:
        async with aiohttp.ClientSession(timeout=timeout, headers=headers) as http:
            body = _body(prompt, await _model(http, prompt.url))
            url = f"{prompt.url}/v1/chat/completions"
            async with http.post(url, data=body, headers=_JSON) as answer:
                await _check(answer)
                async for piece in _pieces(answer, stream=prompt.stream):
                    yield piece
    except TimeoutError as error:
        raise InvokeError(f"{prompt.url} did not answer within {prompt.timeout:g} s") from error
    except aiohttp.ClientError as error:
        raise InvokeError(f"{prompt.url} cannot be reached: {error}") from error


async def _model(http: aiohttp.ClientSession, url: str) -> str:
    async with http.get(f"{url}/v1/models") as answer:
        await _check(answer)
        listed = _parsed(await answer.read()).get("data")
    if not isinstance(listed, list) or not listed:
        raise InvokeError(f"{url}/v1/models lists no model; is the server OpenAI-compatible?")
    return str(listed[0].get("id"))


def _body(prompt: Prompt, model: str) -> bytes:
    message = {"role": "user", "content": prompt.text}
    body: dict[str, Any] = {"model": model, "messages": [message], "stream": prompt.stream}
    if prompt.max_tokens is not None:
        body["max_tokens"] = prompt.max_tokens
    return orjson.dumps(body)


async def _pieces(answer: aiohttp.ClientResponse, *, stream: bool) -> AsyncIterator[str]:
    if not stream:
        yield _content(_parsed(await answer.read()), "message")
        return
    async for line in answer.content:
        data = line.strip().removeprefix(_DATA)
        if data == _DONE:
            return
        if data and line.startswith(_DATA):
            yield _content(_parsed(data), "delta")
    raise InvokeError("the stream ended before its end was said: the server broke off")


def _content(body: dict[str, Any], field: str) -> str:
    try:
        return body["choices"][0][field].get("content") or ""
    except (KeyError, IndexError, AttributeError) as error:
        raise InvokeError(f"not a chat completion: {body}") from error


def _parsed(data: bytes) -> dict[str, Any]:
    try:
        body = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise InvokeError(f"not JSON: {data[:200]!r}") from error
    if not isinstance(body, dict):
        raise InvokeError(f"not a JSON object: {data[:200]!r}")
    return body


async def _check(answer: aiohttp.ClientResponse) -> None:
    if answer.ok:
        return
    text = (await answer.text())[:500]
    raise InvokeError(f"{answer.url} answered {answer.status}: {text}")
