"""chat and health: turns that remember, and whether each region answers, as its users would ask."""

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys

import pytest
from aiohttp import web

from gco.core.model.status import RegionState
from tests.cli.serving import in_thread
from tests.cli.world import EAST, WEST, document, environment


class Server:
    """A region's entrance behind which `web` repeats what it was told, and remembers it."""

    def __init__(self):
        self.app = web.Application()
        self.app.router.add_get("/inference/web/v1/models", self._models)
        self.app.router.add_post("/inference/web/v1/chat/completions", self._complete)
        self.app.router.add_get("/inference/web/health", self._health)
        self.asked = []
        self.status = 200
        self.hosts = []

    async def _models(self, _):
        return web.json_response({"data": [{"id": "m"}]})

    async def _health(self, request):
        self.hosts.append(request.host)
        return web.Response(status=self.status, text="still\nloading")

    async def _complete(self, request):
        messages = (await request.json())["messages"]
        self.asked.append([message["content"] for message in messages])
        response = web.StreamResponse(headers={"Content-Type": "text/event-stream"})
        await response.prepare(request)
        for piece in ("You said ", messages[-1]["content"]):
            told = {"choices": [{"delta": {"content": piece}}]}
            await response.write(b"data: " + json.dumps(told).encode() + b"\n\n")
        if messages[-1]["content"] == "never end":
            await asyncio.Event().wait()  # until whoever asked hangs up
        await response.write(b"data: [DONE]\n\n")
        return response


@pytest.fixture
def east():
    return Server()


@pytest.fixture
def west():
    return Server()


@pytest.fixture
def talking(world, east, west):
    """`web` in two regions, each with an entrance of its own."""
    with in_thread(east.app) as first, in_thread(west.app) as second:
        world.register(EAST, address=first)
        world.register(WEST, address=second)
        world.applied(document(regions=[EAST, WEST]))
        world.ready(EAST, WEST)
        yield world


def test_each_piped_line_is_a_turn_and_what_was_said_is_sent_along(talking, east):
    result = talking.run("chat", "web", "-r", EAST, stdin="one\n\ntwo\n")

    assert (result.exit_code, result.stdout) == (0, "You said one\nYou said two\n"), result.output
    assert east.asked == [["one"], ["one", "You said one", "two"]]


def test_commands_reset_move_and_are_not_sent(talking, east, west):
    lines = ["one", "/reset", "two", f"/region {WEST}", "//three", "/region"]

    result = talking.run("chat", "web", "-r", EAST, stdin="\n".join(lines))

    assert result.exit_code == 0, result.output
    assert east.asked == [["one"], ["two"]]
    assert west.asked == [["two", "You said two", "/three"]]
    assert result.stderr.splitlines() == ["forgotten", f"{WEST} answers from now on", WEST]


def test_what_the_model_is_told_first_stays_after_a_reset(talking, east):
    talking.run("chat", "web", "-r", EAST, "--system", "Be short", stdin="one\n/reset\ntwo\n")

    assert east.asked == [["Be short", "one"], ["Be short", "two"]]


def test_turns_are_data_where_that_is_asked(talking):
    result = talking.run("chat", "web", "-r", EAST, "-o", "json", stdin="one\n")

    [turn] = map(json.loads, result.stdout.splitlines())
    assert turn.pop("seconds") >= 0
    assert turn == {"region": EAST, "prompt": "one", "answer": "You said one"}


@pytest.mark.parametrize(
    ("line", "told"),
    [
        pytest.param("/regoin x", "is no command here", id="no command"),
        pytest.param("/region us-wst-1", "did you mean", id="no region"),
    ],
)
def test_a_piped_turn_that_fails_is_the_last(talking, east, line, told):
    result = talking.run("chat", "web", "-r", EAST, stdin=f"{line}\none\n")

    assert (result.exit_code, east.asked) == (1, [])
    assert told in result.stderr


def test_an_entrance_that_is_gone_is_told(world):
    world.register(EAST, address="http://127.0.0.1:9")
    world.applied(document(regions=[EAST]))
    world.ready(EAST)

    result = world.run("chat", "web", stdin="one\n")

    assert result.exit_code == 1
    assert "cannot be reached" in result.stderr


LISTENING = "\x1b[?2004h"
"""What a terminal is sent when the prompt takes keys: from then on it marks what is pasted."""


class Terminal:
    """A `gco` in a terminal of its own."""

    def __init__(self, world, *arguments):
        self._ours, theirs = pty.openpty()
        self.process = subprocess.Popen(  # noqa: S603  (our own program)
            [sys.executable, "-m", "gco", *arguments],
            env=environment(world, TERM="xterm", COLUMNS="80", PROMPT_TOOLKIT_NO_CPR="1"),
            stdin=theirs,
            stdout=theirs,
            stderr=theirs,
            start_new_session=True,
        )
        os.close(theirs)
        self.seen = ""

    def type(self, text):
        os.write(self._ours, text.encode())

    def interrupt(self):
        """Send what Ctrl-C sends, and return at the next prompt."""
        self.process.send_signal(signal.SIGINT)
        self.until(LISTENING)

    def until(self, text):
        """Read until `text` is on the terminal; forget what stood before."""
        while text not in self.seen:
            try:
                piece = os.read(self._ours, 4096).decode(errors="replace")
            except OSError:  # how Linux says that the other side is closed
                piece = ""
            assert piece, f"ended before {text!r}: {self.seen}"
            self.seen += piece
        self.seen = self.seen.partition(text)[2]

    def close(self):
        self.process.kill()
        self.process.wait()
        os.close(self._ours)


def test_ctrl_c_ends_an_answer_and_ctrl_d_leaves(talking, east):
    terminal = Terminal(talking, "chat", "web", "-r", EAST)
    try:
        terminal.until(LISTENING)
        terminal.type("never end\n")
        terminal.until("You said never end")
        terminal.interrupt()
        terminal.interrupt()  # at the prompt: a new line
        terminal.type("not sent\x03")  # the same as a key
        terminal.until(LISTENING)
        terminal.type("two\n")
        terminal.until("You said two")
        terminal.until(LISTENING)
        terminal.type("\x04")
        assert terminal.process.wait(20) == 0
    finally:
        terminal.close()
    assert east.asked[-1] == ["never end", "You said never end", "two"]


def test_no_number_of_ctrl_c_at_the_prompt_leaves(talking):
    terminal = Terminal(talking, "chat", "web", "-r", EAST)
    try:
        terminal.until(LISTENING)
        for _ in range(300):
            terminal.process.send_signal(signal.SIGINT)
        terminal.type("\n")
        terminal.type("still there\n")
        terminal.until("You said still there")
        terminal.until(LISTENING)
        terminal.type("\x04")
        assert terminal.process.wait(20) == 0
    finally:
        terminal.close()


def test_each_region_is_asked_by_its_route(talking, east):
    east.status = 503

    result = talking.run("health", "web", "-o", "json")

    one, other = sorted(json.loads(result.stdout), key=lambda told: told["region"])
    assert result.exit_code == 1
    assert (one["region"], one["ok"], one["status"]) == (WEST, True, 200)
    assert one["url"].endswith("/inference/web/health")
    assert (other["ok"], other["error"]) == (False, "HTTP 503: still loading")


def test_all_is_well_where_every_region_answers(talking):
    result = talking.run("health", "web")

    heading, *rows = result.stdout.splitlines()
    assert result.exit_code == 0
    assert heading.split() == ["REGION", "ANSWERS", "LATENCY", "URL"]
    assert [row.split()[:2] for row in rows] == [[WEST, "yes"], [EAST, "yes"]]


@pytest.mark.parametrize(
    ("stated", "asked"),
    [
        pytest.param("llm.example.com", "llm.example.com", id="a name"),
        pytest.param("*.example.com", "web.example.com", id="any name of a domain"),
    ],
)
def test_a_route_with_a_host_is_asked_under_it(talking, east, stated, asked):
    talking.applied(document(regions=[EAST, WEST], route={"host": stated}))
    talking.ready(EAST, WEST)

    assert talking.run("health", "web", "-r", EAST).exit_code == 0
    assert east.hosts == [asked]


def test_a_region_whose_entrance_is_not_known_counts_as_not_answering(running):
    result = running.run("health", "web", "-r", EAST)

    assert result.exit_code == 1
    assert "its address is not known" in result.stdout


def test_a_stopped_endpoint_has_no_health(talking):
    talking.run("stop", "web")
    for region in (EAST, WEST):
        talking.report(region, state=RegionState.STOPPED, ready=0)

    result = talking.run("health", "web")

    assert result.exit_code == 4
    assert "is to run in no region" in result.stderr
