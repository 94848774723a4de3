"""OpenAI's dialect, which all but Triton and TorchServe speak: the model's name, a chat completion.

The model's name is asked for first, because most servers refuse a name they do not serve.
"""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import aiohttp
import orjson

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


async def model_of(http: aiohttp.ClientSession, url: str) -> str:
    """Return the name of the first model that the server lists; raises InvokeError."""
    async with http.get(f"{url}/v1/models") as answer:
        await _check(answer)
        listed = _parsed(await answer.read()).get("data")
    if not isinstance(listed, list) or not listed:
        raise InvokeError(f"{url}/v1/models lists no model; is the server OpenAI-compatible?")
    return str(listed[0].get("id"))


async def complete(
    http: aiohttp.ClientSession,
    url: str,
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
    completions = f"{url}/v1/chat/completions"
    async with http.post(completions, data=orjson.dumps(body), headers=_JSON) as answer:
        await _check(answer)
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


async def _check(answer: aiohttp.ClientResponse) -> None:
    if answer.ok:
        return
    text = (await answer.text())[:500]
    raise InvokeError(f"{answer.url} answered {answer.status}: {text}")
