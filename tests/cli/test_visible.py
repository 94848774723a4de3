"""No text of a container, a model or another person controls the terminal of who runs `gco`.

The invariant: every character that reaches a terminal and did not come from our own styles is
printable, a newline or a tab. It holds in one place, `gco.cli.screen`, and nothing goes round it.
"""

import ast
import contextlib
import io
import json
import re
from pathlib import Path

import pytest
from aiohttp import web
from rich.text import Text

import gco.cli
from gco.cli.options import Format
from gco.cli.render.grid import Row, grid
from gco.cli.screen import Screen
from gco.kinds.registry import EVENT
from tests.cli.clusters import Clusters
from tests.cli.serving import in_thread
from tests.cli.world import EAST
from tests.reach.test_events import about

HOSTILE = {
    "clipboard": "\x1b]52;c;cm0gLXJm\x07",
    "title": "\x1b]0;root\x07",
    "hyperlink": "\x1b]8;;http://evil.example/\x1b\\bank.example\x1b]8;;\x1b\\",
    "clear screen": "\x1b[2J\x1b[H",
    "C1 control sequence": "\x9b2J",
    "delete": "\x7f",
    "carriage return": "safe\rpainted",
    "right-to-left override": "\u202egpj.exe",
    "isolates": "\u2066\u2067\u2068\u2069",
    "direction marks": "\u200e\u200f\u061c",
    "line separators": "\u2028\u2029\x85\x0b\x0c",
    "half a surrogate pair": "\udc80",
    "NUL": "\x00",
}
_OURS = re.compile(r"\x1b\[[0-9;]*m")
"""The colours that rich writes for us."""
_OBEYED = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def assert_harmless(text):
    assert _OBEYED.findall(_OURS.sub("", text)) == []


@pytest.fixture
def screens(monkeypatch):
    monkeypatch.setenv("TERM", "xterm-256color")
    out, err = Terminal(), Terminal()
    return Screen(out, err), out, err


@pytest.fixture(params=HOSTILE.values(), ids=HOSTILE)
def hostile(request):
    return f"a{request.param}b"


def test_facts_and_messages_are_shown_escaped(screens, hostile):
    screen, out, err = screens
    screen.show(Text(hostile, style="red").append(hostile, "bold"))
    screen.show(grid(("A", "B"), [Row((hostile, Text(hostile)), (hostile,))], 40, words="WORDS"))
    screen.say(hostile)
    screen.say(Text(hostile))
    screen.hint(hostile)
    assert_harmless(out.getvalue())
    assert_harmless(err.getvalue())


def test_messages_are_escaped_on_a_pipe_as_well(hostile):
    out, err = io.StringIO(), io.StringIO()
    screen = Screen(out, err)
    screen.show(Text(hostile))
    screen.say(hostile)
    assert_harmless(out.getvalue() + err.getvalue())


def test_a_stream_is_escaped_wherever_it_is_cut(screens, hostile):
    screen, out, _ = screens
    for char in hostile:
        screen.write(char)
    one_by_one = out.getvalue()
    screen.write(hostile)
    assert_harmless(one_by_one)
    assert out.getvalue() == 2 * one_by_one


def test_a_stream_to_a_pipe_stays_as_it_is():
    out = io.StringIO()
    Screen(out, io.StringIO()).write("\x1b[31mred\x1b[0m\r\n")
    assert out.getvalue() == "\x1b[31mred\x1b[0m\r\n"


def test_what_no_encoding_can_write_is_escaped_on_a_pipe():
    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    Screen(out, io.StringIO()).write("\udc80")
    assert out.buffer.getvalue() == b"\\udc80"


def test_json_on_a_terminal_is_still_the_same_json(screens, hostile):
    screen, out, _ = screens
    text = hostile.replace("\udc80", "")
    screen.emit(Format.JSON, lambda: {"said": text}, Text)
    assert_harmless(out.getvalue())
    assert json.loads(out.getvalue()) == {"said": text}


async def test_a_live_table_is_escaped(screens, hostile):
    screen, out, _ = screens
    plain = io.StringIO()
    async with screen.live(lambda: Text(hostile)) as redraw:
        redraw()
    plain.write(re.sub(r"\x1b\[[0-9;?]*[A-Za-z]|\r", "", out.getvalue()))
    assert_harmless(plain.getvalue())
    assert out.getvalue().count("a") >= 1


def test_styles_stay_with_their_characters(screens):
    screen, out, _ = screens
    screen.show(Text("a\x1b", style="red").append("b", "bold"))
    assert "\\u001b" in out.getvalue()
    assert "\x1b[31m" in out.getvalue()


def test_no_cell_starts_a_row_of_its_own():
    table = grid(("NAME",), [Row(("bob\nalice",))], 80)
    assert table.plain.splitlines() == ["NAME", "bob\\nalice"]


@pytest.mark.parametrize(
    "command",
    [
        ("list",),
        ("status", "web"),
        ("status", "web", "--conditions"),
        ("get", "web"),
        ("history", "web"),
        ("regions", "list"),
        ("events", "web"),
        ("health", "web"),
        ("logs", "web"),
        ("models", "list"),
        ("wait", "web", "--timeout", "1"),
        ("apply", "-f", "FILE", "--dry-run"),
        ("diff", "-f", "FILE"),
        ("scale", "web", "--replicas", "3", "--dry-run"),
        ("rollback", "web", "--dry-run"),
        ("delete", "web", "--yes"),
        ("import", "FILE"),
    ],
    ids=" ".join,
)
def test_no_command_prints_what_a_record_holds_as_it_is(world, command):
    text = "".join(HOSTILE.values()).replace("\x00", "\x01").replace("\udc80", "\x02")
    changed = {
        "apiVersion": "gco.io/v1alpha1",
        "kind": "InferenceEndpoint",
        "metadata": {"name": "web"},
        "spec": {"image": "a/b:1", "args": ["--x", text], "regions": [{"name": EAST}]},
    }
    path = world.file("hostile.yaml", changed)
    world.run("apply", "-f", path, USER=text)
    other = world.file("other.yaml", {**changed, "spec": {**changed["spec"], "args": [text * 2]}})
    world.register(EAST, address="http://127.0.0.1:9", version=text, cluster_name=text)
    world.report(EAST, ready=0, reason="Crashing", message=text)
    result = world.run(*(other if word == "FILE" else word for word in command))
    assert_harmless(result.stdout)
    assert_harmless(result.stderr)
    if command[0] in {"status", "history", "regions", "wait"}:
        assert "\\u001b" in result.stdout + result.stderr


def test_no_command_prints_what_a_cluster_or_a_server_says_as_it_is(running, tmp_path, screens):
    """Logs, events, answers and names of folders: written by others, looked at on a terminal."""
    text = "".join(HOSTILE.values()).replace("\x00", "").replace("\udc80", "")
    screen, out, err = screens
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(in_thread(_hostile_server(text)))
        clusters = Clusters(running, stack)
        site = clusters.site(EAST)
        clusters.do(site.pod("web-1-22222"))
        clusters.do(site.start("web-1-22222", "before"))
        clusters.do(site.end("web-1-22222", text))
        clusters.do(site.start("web-1-22222", text))
        event = about("Pod", "web-1-22222", note=text, reason=text, type="Warning")
        clusters.do(site.server.create(EVENT, event))
        (tmp_path / "cache" / text.replace("/", "_")).mkdir(parents=True)
        # Set last, as a site registers its region again.
        running.register(EAST, cluster_uid=site.uid, address=url)
        for command in (
            ["logs", "web", "-r", EAST],
            ["logs", "web", "-r", EAST, "--previous"],
            ["events", "web", "-r", EAST],
            ["status", "web"],
            ["health", "web", "-r", EAST],
            ["invoke", "web", "hello", "-r", EAST],
            ["models", "list", "--cache", str(tmp_path / "cache")],
        ):
            out.truncate(out.seek(0))
            err.truncate(err.seek(0))
            with pytest.MonkeyPatch.context() as patched:
                patched.setattr("gco.cli.session.Screen", lambda: screen)
                running.run(*command, store=False)
            shown = out.getvalue() + err.getvalue()
            assert_harmless(shown)
            assert command[0] == "models" or "\\u001b]8;;http" in shown, (command, shown)


def _hostile_server(text):
    """An entrance that refuses every request with `text`."""

    async def refuse(_):
        return web.Response(status=500, text=text)

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", refuse)
    return app


_WRITERS = {
    ("app.py", "_print_version"),
    ("app.py", "gco"),
}
"""What prints nothing but our own words, before there is a screen."""
_FORBIDDEN = {"print", "input", "echo", "secho", "confirm", "prompt", "Console", "__excepthook__"}


def test_only_the_screen_writes_to_the_terminal():
    root = Path(gco.cli.__file__).parent
    found = set()
    for path in sorted(root.rglob("*.py")):
        for function in ast.walk(ast.parse(path.read_text())):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                where = (str(path.relative_to(root)), function.name)
                found |= {where for node in ast.walk(function) if _writes(node)}
    assert {one for one in found if one[0] != "screen.py"} == _WRITERS


def _writes(node):
    if isinstance(node, ast.Attribute):
        owner = node.value.id if isinstance(node.value, ast.Name) else ""
        return (owner == "sys" and node.attr in {"stdout", "stderr", "__stdout__"}) or (
            owner in {"typer", "click", "sys"} and node.attr in _FORBIDDEN
        )
    return (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in {"print", "input", "Console"}
    )
