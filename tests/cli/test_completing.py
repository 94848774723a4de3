"""Completion: names from the store while someone types, and nothing at all where it cannot."""

import subprocess
import sys

import pytest

from tests.cli.world import EAST, document, environment


def completed(world, *words, **more):
    """What a shell is told when TAB is pressed behind `words`."""
    variables = {
        "_GCO_COMPLETE": "complete_bash",
        "COMP_WORDS": " ".join(["gco", *words]),
        "COMP_CWORD": str(len(words)),
        **more,
    }
    done = subprocess.run(
        [sys.executable, "-m", "gco"],
        env=environment(world, **variables),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "names"),
    [
        pytest.param(["status", "w"], ["web"], id="a name"),
        pytest.param(["delete", "web", "c"], ["chat"], id="one more name"),
        pytest.param(["scale", "web", "--region", "us-"], [EAST], id="a region"),
        pytest.param(["logs", "w"], ["web"], id="whose logs"),
        pytest.param(["context", "use", "l"], ["local"], id="a context"),
        pytest.param(["--context", "l"], ["local"], id="a context in front"),
        pytest.param(["roll"], ["rollback"], id="a command"),
    ],
)
def test_names_come_from_the_store(running, words, names):
    running.applied(document("chat"))

    assert completed(running, *words) == names


def test_the_store_may_be_named_before_the_command(running):
    assert completed(running, "--store", running.url, "get", "w", GCO_STORE="") == ["web"]


def test_names_come_from_the_store_of_the_context_that_is_used(running):
    running.run("context", "add", "lab", "--store", running.url, store=False)

    assert completed(running, "get", "w", GCO_STORE="", GCO_CONTEXT="lab") == ["web"]


@pytest.mark.parametrize("url", ["redis://nowhere", "sqlite:////dev/null/store.db"])
def test_a_store_that_cannot_be_read_completes_nothing_and_says_nothing(empty, url):
    assert completed(empty, "get", "w", GCO_STORE=url) == []
