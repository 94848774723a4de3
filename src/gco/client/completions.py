"""OpenAI's dialect, which all but Triton and TorchServe speak: the model's name, a chat completion.

The model's name is asked for first, because most servers refuse a name they do not serve.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any, NamedTuple

import aiohttp
import orjson

from gco.client.entrance import Caller
from gco.errors import GcoError

_DATA = b"data:"
_DONE = b"[DONE]"
_STREAM = "text/event-stream"
_JSON = {"Content-Type": "application/json"}
"""Servers made with FastAPI read no body that does not say what it is."""

Message = dict[str, str]
"""`{"role": "user", "content": "Say hello"}`."""


class InvokeError(GcoError):
    """The endpoint could not be asked, or did not answer as an OpenAI-compatible server does."""


class Server(NamedTuple):
    """Who is asked, and by whom."""

    http: aiohttp.ClientSession
    url: str
    caller: Caller

    async def check(self, answer: aiohttp.ClientResponse) -> None:
        """Raise InvokeError for anything but a good answer."""
        if answer.ok:
            return
        text = (await answer.text(errors="replace"))[:500]
        told = f"{answer.url} answered {answer.status}: {text}".removesuffix(": ")
        raise InvokeError(f"{told}{self.caller.hint(answer.status)}")


async def model_of(server: Server) -> str:
    """Return the name of the first model that the server lists; raises InvokeError."""
    url = f"{server.url}/v1/models"
    async with server.http.get(url) as answer:
        await server.check(answer)
        listed = _parsed(await answer.read()).get("data")
    if not isinstance(listed, list) or not listed:
        raise InvokeError(f"{url} lists no model; is the server OpenAI-compatible?")
    return str(listed[0].get("id"))


async def complete(
    server: Server,
    model: str,
    messages: Sequence[Message],
    *,
    stream: bool,
    max_tokens: int | None = None,
) -> AsyncIterator[str]:
    """Yield the answer, piece by piece where `stream` is asked for and the server streams."""
    body: dict[str, Any] = {"model": model, "messages": messages, "stream": stream}
    if max_tokens is not None:
        body["max_tokens"] = max_tokens
    completions = f"{server.url}/v1/chat/completions"
    async with server.http.post(completions, data=orjson.dumps(body), headers=_JSON) as answer:
        await server.check(answer)
        if answer.content_type != _STREAM:
            yield _content(_parsed(await answer.read()), "message")
            return
        async for piece in _pieces(answer):
            yield piece


async def _pieces(answer: aiohttp.ClientResponse) -> AsyncIterator[str]:
    async for line in answer.content:
        data = line.strip().removeprefix(_DATA).strip()
        if data == _DONE:
            return
        if data and line.startswith(_DATA):
            yield _delta(_parsed(data))
    raise InvokeError("the stream ended before its end was said: the server broke off")


def _delta(body: dict[str, Any]) -> str:
    """Return the text of one event; one that only counts tokens has none."""
    return _content(body, "delta") if body.get("choices") != [] else ""


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
