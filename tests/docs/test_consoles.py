"""How console blocks are read: by the rules that tests/README.md gives."""

import pytest

from tests.docs.consoles import Command, commands, gco_calls, unseen
from tests.docs.pages import ROOT, Block


def console(text):
    return Block(ROOT / "README.md", 1, "console", {}, text)


def test_a_command_goes_on_over_a_backslash_and_is_followed_by_what_it_shows():
    block = console("$ gco list \\\n    -o json\n[]\n$ gco version\n")

    assert commands(block) == [
        Command("gco list \\\n    -o json", ("[]",)),
        Command("gco version"),
    ]


@pytest.mark.parametrize(
    ("line", "calls"),
    [
        ("gco list -o json", [["list", "-o", "json"]]),
        ("GCO_STORE='sqlite:///a b' gco list", [["list"]]),
        ("gco get web -o yaml | gco apply -f -", [["get", "web", "-o", "yaml"], ["apply", "-f", "-"]]),
        ("gco list > out && cat out", [["list"]]),
        ("gco stop web  # for the night", [["stop", "web"]]),
        ("kubectl get pods", []),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_the_calls_of_gco_are_found_in_a_line(line, calls):
    assert list(gco_calls(line)) == calls


@pytest.mark.parametrize(
    ("shown", "missing"),
    [
        (("web  running  2/2",), []),
        (("web running 2/2",), []),
        (("web … 2/2",), []),
        (("…", "web running 2/2", ""), []),
        (("NAME…", "…2/2"), []),
        (("web running 1/2",), ["web running 1/2"]),
        (("web running 2/2", "NAME STATE REGIONS"), ["NAME STATE REGIONS"]),
        (("running",), ["running"]),
    ],
    ids=str,
)
def test_what_is_shown_has_to_be_printed_in_this_order(shown, missing):
    assert unseen(shown, "NAME  STATE    REGIONS\nweb   running  2/2   \n") == missing
