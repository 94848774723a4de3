"""Options are read as people write them."""

import pytest
import typer

from gco.cli.app import global_options_apart
from gco.cli.options import seconds


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("90", 90),
        ("90s", 90),
        ("10m", 600),
        ("1.5h", 5400),
        ("1h30m", 5400),
        ("2d", 172_800),
        ("0", 0),
    ],
)
def test_a_duration_is_read(text, read):
    assert seconds(text) == read


@pytest.mark.parametrize("text", ["", "s", "3q", "-1", "1m1h", "1 h", "ten"])
def test_what_is_no_duration_is_refused_with_an_example(text):
    with pytest.raises(typer.BadParameter, match="90s, 10m"):
        seconds(text)


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        pytest.param("list --store a.db -w", "--store a.db list -w", id="behind the command"),
        pytest.param("list --store=a.db", "--store=a.db list", id="in one word"),
        pytest.param("--store a.db list", "--store a.db list", id="in front"),
        pytest.param("get web --verbose", "--verbose get web", id="verbose"),
        pytest.param("deploy web -- --store x", "deploy web -- --store x", id="a server's own"),
        pytest.param("list --context a", "--context a list", id="a context"),
        pytest.param("context bind e k", "context bind e k", id="the command of that name"),
        pytest.param("context add a --store b", "context add a --store b", id="a store to name"),
        pytest.param("list --store", "list --store", id="its value is missing"),
    ],
)
def test_options_of_gco_may_stand_behind_a_command(typed, read):
    told, rest = global_options_apart(typed.split())
    assert [*told, *rest] == read.split()
