"""The benchmark without a control plane comes to results, and its picture shows them."""

import argparse
import xml.etree.ElementTree as ET

import pytest

from bench.plot import DRAWN, draw
from bench.report import Measure, as_json
from bench.scale import main, run

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def options():
    """Arguments of a run of three endpoints."""
    return argparse.Namespace(endpoints=3, nodes=2, templates=2, rest=0.1, samples=2)


async def test_a_start_over_endpoints_in_sync_writes_nothing_and_everything_is_measured(options):
    measures = {measure.name: measure for measure in await run(options)}

    assert measures["writes at the start"].value == 0
    assert all(measure.value is not None for measure in measures.values())
    assert measures["one look, processor"].samples == 3


def test_a_picture_has_a_pair_of_bars_for_each_measure_in_their_ratio():
    before, after = (a_run(value) for value in (10.0, 2.5))

    picture = ET.fromstring(draw(before, after))  # noqa: S314 - our own

    widths = [float(bar.get("width")) for bar in picture.iter(f"{SVG}rect")][1:]
    assert widths[::2] == [330.0] * 6
    assert widths[1::2] == [82.5] * 6
    assert "2.5 ms" in [text.text for text in picture.iter(f"{SVG}text")]


def a_run(value):
    measures = [Measure(name, value, "ms", 1) for name in DRAWN]
    return as_json(measures, {"endpoints": 3})


def test_help_says_what_can_be_asked(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])
    assert "--endpoints" in capsys.readouterr().out
