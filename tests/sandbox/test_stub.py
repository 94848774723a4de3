"""The stub answers as an OpenAI-compatible server does; real sockets, no model."""

import aiohttp
import orjson
import pytest
from aiohttp.test_utils import TestServer

from gco.sandbox.stub.app import build_app
from gco.sandbox.stub.options import parse_options


@pytest.fixture
async def stub():
    options = parse_options(["--model=tiny", "--tokens-per-second=0", "--max-model-len=8192"])
    async with (
        TestServer(build_app(options)) as server,
        aiohttp.ClientSession(server.make_url("/")) as client,
    ):
        yield client


async def test_arguments_of_a_real_server_do_not_keep_it_from_starting(stub):
    async with stub.get("/health") as answer:
        assert answer.status == 200


async def test_it_lists_the_model_that_it_was_told(stub):
    async with stub.get("/v1/models") as answer:
        assert [model["id"] for model in (await answer.json())["data"]] == ["tiny"]


async def test_a_chat_is_answered_from_its_last_message(stub):
    body = {"messages": [{"role": "user", "content": "say hello"}]}
    async with stub.post("/v1/chat/completions", json=body) as answer:
        choice = (await answer.json())["choices"][0]

    assert "say hello" in choice["message"]["content"]
    assert choice["finish_reason"] == "stop"


async def test_a_stream_adds_up_to_the_plain_answer(stub):
    body = {"prompt": "say hello"}
    async with stub.post("/v1/completions", json=body) as answer:
        plain = (await answer.json())["choices"][0]["text"]
    async with stub.post("/v1/completions", json={**body, "stream": True}) as answer:
        lines = [line.removeprefix(b"data: ") async for line in answer.content if line.strip()]

    assert lines[-1].strip() == b"[DONE]"
    chunks = [orjson.loads(line)["choices"][0] for line in lines[:-1]]
    assert "".join(chunk["text"] for chunk in chunks).strip() == plain
    assert chunks[-1]["finish_reason"] == "stop"


async def test_max_tokens_is_kept(stub):
    async with stub.post("/v1/completions", json={"prompt": "x", "max_tokens": 2}) as answer:
        assert (await answer.json())["usage"]["completion_tokens"] == 2


@pytest.mark.parametrize(
    ("path", "body"),
    [
        pytest.param("/v1/completions", b"{}", id="no-prompt"),
        pytest.param("/v1/completions", b"not json", id="not-json"),
        pytest.param("/v1/chat/completions", b'{"messages": []}', id="no-messages"),
        pytest.param("/v1/completions", b'{"prompt": "x", "max_tokens": 0}', id="no-tokens"),
    ],
)
async def test_a_bad_request_is_told_what_was_wanted(stub, path, body):
    async with stub.post(path, data=body) as answer:
        assert answer.status == 400
        assert "wanted" in (await answer.json())["error"]["message"]


async def test_metrics_have_vllms_names(stub):
    async with stub.post("/v1/completions", json={"prompt": "x"}):
        pass
    async with stub.get("/metrics") as answer:
        text = await answer.text()

    for name in (
        "vllm:num_requests_waiting",
        "vllm:num_requests_running",
        "vllm:kv_cache_usage_perc",
        "vllm:generation_tokens_total",
    ):
        assert f'{name}{{model_name="tiny"}}' in text


async def test_with_a_root_path_it_answers_below_that_and_without():
    options = parse_options(["--root-path", "/inference/web"])
    async with (
        TestServer(build_app(options)) as server,
        aiohttp.ClientSession(server.make_url("/")) as client,
    ):
        for path in ("/health", "/inference/web/health"):
            async with client.get(path) as answer:
                assert answer.status == 200
