"""The stub's HTTP face: the part of the OpenAI API that people try first."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any, Protocol

import orjson
from aiohttp import web
from prometheus_client import generate_latest

from gco.sandbox.stub.engine import Engine
from gco.sandbox.stub.options import Options

_DEFAULT_TOKENS = 128


def build_app(options: Options) -> web.Application:
    """Return the application; it answers at once, so load times are the caller's to wait."""
    stub = _Stub(options)
    app = web.Application()
    for prefix in dict.fromkeys(["", options.root_path]):
        app.add_routes(
            [
                web.get(f"{prefix}/health", stub.health),
                web.get(f"{prefix}/metrics", stub.metrics),
                web.get(f"{prefix}/v1/models", stub.models),
                web.post(f"{prefix}/v1/completions", stub.completions),
                web.post(f"{prefix}/v1/chat/completions", stub.chat),
            ]
        )
    return app


class _Choice(Protocol):
    """Shapes one part of an answer as one of the two APIs wants it."""

    def __call__(self, text: str, *, finished: bool, streamed: bool) -> dict[str, Any]: ...


class _Stub:
    def __init__(self, options: Options) -> None:
        self._model = options.model
        self._engine = Engine(options)
        self._served_by = f"{options.host}:{options.port}"
        self._count = 0

    async def health(self, _: web.Request) -> web.Response:
        return web.Response()

    async def metrics(self, _: web.Request) -> web.Response:
        text = generate_latest(self._engine.registry)
        return web.Response(body=text, content_type="text/plain", charset="utf-8")

    async def models(self, _: web.Request) -> web.Response:
        one = {"id": self._model, "object": "model", "owned_by": "stub"}
        return _json({"object": "list", "data": [one]})

    async def completions(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        prompt = body.get("prompt")
        if not isinstance(prompt, str):
            raise _bad_request("prompt: a string")
        return await self._answer(request, body, prompt, _completion_choice, "text_completion")

    async def chat(self, request: web.Request) -> web.StreamResponse:
        body = await _body(request)
        return await self._answer(
            request, body, _last_message(body), _chat_choice, "chat.completion"
        )

    async def _answer(
        self, request: web.Request, body: dict[str, Any], prompt: str, choice: _Choice, kind: str
    ) -> web.StreamResponse:
        self._count += 1
        head = {"id": f"stub-{self._count}", "model": self._model, "served_by": self._served_by}
        tokens = self._engine.answer(prompt, _limit(body))
        if body.get("stream"):
            head["object"] = f"{kind}.chunk" if kind.startswith("chat") else kind
            return await _stream(request, head, tokens, choice)
        words = [token async for token in tokens]
        usage = {"prompt_tokens": len(prompt.split()), "completion_tokens": len(words)}
        usage["total_tokens"] = sum(usage.values())
        text = "".join(words).strip()
        whole = choice(text, finished=True, streamed=False)
        return _json({**head, "object": kind, "choices": [whole], "usage": usage})


async def _stream(
    request: web.Request, head: dict[str, Any], tokens: AsyncIterator[str], choice: _Choice
) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
    await response.prepare(request)
    async for token in tokens:
        chunk = {**head, "choices": [choice(token, finished=False, streamed=True)]}
        await response.write(b"data: " + orjson.dumps(chunk) + b"\n\n")
    last = {**head, "choices": [choice("", finished=True, streamed=True)]}
    await response.write(b"data: " + orjson.dumps(last) + b"\n\ndata: [DONE]\n\n")
    await response.write_eof()
    return response


def _chat_choice(text: str, *, finished: bool, streamed: bool) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    part = {"delta": message} if streamed else {"message": message}
    return {"index": 0, **part, "finish_reason": "stop" if finished else None}


def _completion_choice(text: str, *, finished: bool, streamed: bool) -> dict[str, Any]:
    del streamed  # the older API has one shape for both
    return {"index": 0, "text": text, "finish_reason": "stop" if finished else None}


async def _body(request: web.Request) -> dict[str, Any]:
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError as error:
        raise _bad_request("the body: a JSON object") from error
    if not isinstance(body, dict):
        raise _bad_request("the body: a JSON object")
    return body


def _last_message(body: dict[str, Any]) -> str:
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages or not isinstance(messages[-1], dict):
        raise _bad_request("messages: a list of {role, content}, not empty")
    return str(messages[-1].get("content", ""))


def _limit(body: dict[str, Any]) -> int:
    told = body.get("max_tokens", _DEFAULT_TOKENS)
    if not isinstance(told, int) or told < 1:
        raise _bad_request("max_tokens: a whole number from 1")
    return told


def _bad_request(wanted: str) -> web.HTTPBadRequest:
    error = {"error": {"message": f"wanted {wanted}", "type": "invalid_request_error"}}
    return web.HTTPBadRequest(text=orjson.dumps(error).decode(), content_type="application/json")


def _json(value: dict[str, Any]) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")


async def serve(options: Options) -> None:
    """Load for as long as told, then answer until cancelled; nothing listens while loading."""
    await asyncio.sleep(options.load_seconds)
    runner = web.AppRunner(build_app(options), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, options.host, options.port).start()
        print(f"serving {options.model} on http://{options.host}:{options.port}", flush=True)  # noqa: T201 - a pod's log
        await asyncio.Event().wait()
    finally:
        await runner.cleanup()
