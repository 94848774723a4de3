"""A number, its target, and whether it is met, the same in the table and in the JSON."""

import io
import json

import pytest
from rich.console import Console

from bench.report import Measure, as_json, at_least, at_most, failed, table

FAST = Measure("reaction", 9.0, "ms", 60, at_most(10.0), details={"milliseconds": [9.0]})
SLOW = Measure("bulk", 80.0, "%", 100, at_least(90.0))
PLAIN = Measure("a bare client", 4.0, "ms", 60, note="in the same run")
NOTHING = failed("hand-over", TimeoutError("waited 90 s"))


@pytest.mark.parametrize(
    ("target", "value", "met"),
    [
        pytest.param(at_most(10), 10, True, id="at-most-reached"),
        pytest.param(at_most(10), 10.1, False, id="at-most-exceeded"),
        pytest.param(at_most(0), 0, True, id="nothing-of-nothing"),
        pytest.param(at_least(90), 90, True, id="at-least-reached"),
        pytest.param(at_least(90), 89.9, False, id="at-least-missed"),
    ],
)
def test_a_target_is_met_on_its_own_side_and_exactly(target, value, met):
    assert Measure("x", value, "", 1, target).met is met


def test_without_a_target_nothing_is_met_or_missed():
    assert PLAIN.met is None


def test_what_was_not_measured_says_why():
    assert NOTHING.value is None
    assert "waited 90 s" in NOTHING.note


def test_the_table_shows_each_number_beside_its_target():
    console = Console(width=120, record=True, file=io.StringIO())
    console.print(table([FAST, SLOW, PLAIN, NOTHING], "title"))
    lines = console.export_text().splitlines()

    def row(name):
        (line,) = [line for line in lines if f"│ {name}" in line]
        return [cell.strip() for cell in line.strip("│").split("│")]

    assert row("reaction") == ["reaction", "9 ms", "≤ 10 ms", "yes"]
    assert row("bulk") == ["bulk", "80 %", "≥ 90 %", "no"]
    assert row("a bare") == ["a bare client", "4 ms", "", ""]
    assert row("hand-over") == ["hand-over", "-", "", ""]


def test_the_json_has_everything_that_the_table_has_and_the_samples():
    told = json.loads(json.dumps(as_json([FAST, PLAIN], {"cores": 2})))

    assert told["facts"] == {"cores": 2}
    assert told["measures"][0] == {
        "name": "reaction",
        "value": 9.0,
        "unit": "ms",
        "samples": 60,
        "target": {"sense": "≤", "value": 10.0},
        "met": True,
        "note": "",
        "details": {"milliseconds": [9.0]},
    }
    assert told["measures"][1]["target"] is None
