"""invoke: a prompt goes through the entrance of a region, or of each, and comes back as an answer."""

import json

import pytest
from aiohttp import web

from gco.core.model.status import RegionState
from gco.sandbox.stub.app import build_app
from gco.sandbox.stub.options import parse_options
from tests.cli.serving import in_thread
from tests.cli.world import EAST, SOUTH, WEST, document

ANSWER = "You said: Say hello. This is the stub server answering."


@pytest.fixture(scope="module")
def entrance():
    """The URL of a region's entrance behind which `web` answers, served by a thread."""
    stub = build_app(parse_options(["--tokens-per-second=0"]))
    app = web.Application()
    app.add_subapp("/inference/web", stub)
    with in_thread(app) as url:
        yield url


@pytest.fixture
def answering(world, entrance):
    world.register(EAST, WEST, SOUTH, address=entrance)
    world.applied(document())
    world.ready(EAST, WEST)
    world.report(SOUTH, state=RegionState.PENDING, ready=0)
    return world


@pytest.mark.parametrize("flags", [[], ["--stream"]], ids=["whole", "streamed"])
def test_a_region_that_is_ready_is_asked(answering, flags):
    result = answering.run("invoke", "web", "Say hello", *flags)

    assert (result.exit_code, result.stdout.rstrip()) == (0, ANSWER), result.output


def test_the_prompt_may_come_from_stdin_and_the_answer_be_short(answering):
    result = answering.run("invoke", "web", "-", "--max-tokens", "4", stdin="Say hello")

    assert result.stdout == "You said: Say hello.\n"


def test_every_region_that_answers_is_asked_and_told_apart(answering):
    result = answering.run("invoke", "web", "Say hello", "--all-regions")

    assert result.stdout == f"{WEST}\n{ANSWER}\n{EAST}\n{ANSWER}\n"


def test_regions_that_do_not_answer_yet_are_told_beside_those_that_do(answering):
    result = answering.run("invoke", "web", "Say hello", "--all-regions")

    assert (result.exit_code, result.stderr) == (0, f"not asked: {SOUTH} (Ready)\n")


def test_a_server_that_does_not_stream_answers_in_one_piece(world):
    async def models(_):
        return web.json_response({"data": [{"id": "m"}]})

    async def whole(request):
        assert (await request.json())["stream"]
        return web.json_response({"choices": [{"message": {"content": "all at once"}}]})

    app = web.Application()
    app.router.add_get("/inference/web/v1/models", models)
    app.router.add_post("/inference/web/v1/chat/completions", whole)
    with in_thread(app) as url:
        world.register(EAST, address=url)
        world.applied(document(regions=[EAST]))
        world.ready(EAST)

        assert world.run("invoke", "web", "hello", "--stream").stdout == "all at once\n"


def test_answers_are_data_where_that_is_asked(answering, entrance):
    facts = answering.facts("invoke", "web", "Say hello", "-r", EAST)

    assert facts.pop("seconds") >= 0
    assert facts == {"region": EAST, "url": f"{entrance}/inference/web", "answer": ANSWER}


def test_a_region_that_does_not_answer_fails_the_command_and_not_the_others(answering):
    answering.register(WEST, address="http://127.0.0.1:9")

    result = answering.run("invoke", "web", "Say hello", "-a", "-o", "json")

    one, other = json.loads(result.stdout)
    assert result.exit_code == 1
    assert "cannot be reached" in one["error"]
    assert other["answer"] == ANSWER
    assert f"error: {WEST}:" in result.stderr


def test_nothing_is_asked_where_nothing_answers_yet(world):
    world.applied(document())

    result = world.run("invoke", "web", "Say hello")

    assert result.exit_code == 4
    assert "no region answers yet" in result.stderr
    assert "gco wait web" in result.stderr


def test_a_region_that_the_endpoint_does_not_have_is_told_with_those_it_has(answering):
    result = answering.run("invoke", "web", "Say hello", "-r", "us-wst-1")

    assert result.exit_code == 2
    assert "did you mean" in result.stderr


KEY = "Bearer s3cr3t"


@pytest.fixture
def guarded(world):
    """`web` behind a server that wants a key, as vLLM does with VLLM_API_KEY."""

    @web.middleware
    async def guard(request, handler):
        if request.headers.get("Authorization") != KEY:
            return web.json_response({"error": "Unauthorized"}, status=401)
        return await handler(request)

    app = web.Application(middlewares=[guard])
    app.add_subapp("/inference/web", build_app(parse_options(["--tokens-per-second=0"])))
    with in_thread(app) as url:
        world.register(EAST, address=url)
        world.applied(document(regions=[EAST]))
        world.ready(EAST)
        yield world


@pytest.mark.parametrize(
    "command",
    [["invoke", "web", "Say hello"], ["chat", "web"], ["health", "web"]],
    ids=["invoke", "chat", "health"],
)
def test_a_server_that_wants_a_key_is_given_that_of_the_environment(guarded, monkeypatch, command):
    refused = guarded.run(*command, stdin="Say hello\n")
    assert (refused.exit_code, "401" in refused.output) == (1, True)
    assert "set GCO_AUTHORIZATION" in refused.output

    monkeypatch.setenv("GCO_AUTHORIZATION", "Bearer wrong")
    wrong = guarded.run(*command, stdin="Say hello\n")
    assert (wrong.exit_code, "does not take what GCO_AUTHORIZATION says" in wrong.output) == (
        1,
        True,
    )
    assert "Bearer wrong" not in wrong.output

    monkeypatch.setenv("GCO_AUTHORIZATION", KEY)
    answered = guarded.run(*command, stdin="Say hello\n")
    assert answered.exit_code == 0, answered.output


def test_a_prompt_in_another_encoding_is_refused_by_its_line(answering):
    asked = answering.run("invoke", "web", "-", stdin=b"one\n\xe4\n")
    chat = answering.run("chat", "web", stdin=b"one\n\xe4\n")

    assert [result.exit_code for result in (asked, chat)] == [2, 2]
    assert all("stdin:2" in result.stderr and "0xe4" in result.stderr for result in (asked, chat))
