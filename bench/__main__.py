"""Runs every measure once, prints the table, and leaves nothing behind however it ends.

    python -m bench --quick
    python -m bench --endpoints 100 --json results.json

No number fails a run: what a loaded machine measures says nothing about the code. A measure that
comes to no result does.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import tempfile
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console

from bench.facts import facts
from bench.measures import bulk, handover, memory, reaction, repair, rest
from bench.place import Place, parts, place
from bench.progress import say
from bench.report import Measure, as_json, failed, table
from bench.yardstick import yardstick
from gco.telemetry import configure
from testbed.controlplane import ControlPlane
from testbed.dynamodb import DynamoDBLocal
from testbed.errors import BedError

Ask = Callable[[], Awaitable[Sequence[Measure]]]
_FEWEST = 4


class Results:
    """The measures so far; one that comes to nothing does not end the run."""

    def __init__(self) -> None:
        self.measures: list[Measure] = []

    async def add(self, what: str, ask: Ask) -> None:
        """Measure, and keep what was found, or why nothing was."""
        say(what)
        try:
            self.measures.extend(await ask())
        except TimeoutError as error:
            say(f"{what}: {error}")
            self.measures.append(failed(what, error))

    def seconds(self, name: str) -> float:
        """Return the number of the measure whose name begins so; raises TimeoutError for none."""
        for measure in self.measures:
            if measure.name.startswith(name) and measure.value is not None:
                return measure.value
        raise TimeoutError(f"{name}: not measured")


async def run(plane: ControlPlane, dynamodb: DynamoDBLocal, folder: Path, told: Any) -> Results:  # noqa: ANN401
    """Measure everything, one after the other."""
    results = Results()
    async with place(plane, dynamodb, told.endpoints, folder) as found:
        say("one endpoint first, so that nothing is measured cold")
        await bulk.make(found, ["warm-up"])
        await results.add(f"{told.endpoints} new endpoints", lambda: bulk.measure(found))
        await _beside_a_bare_client(results, found, told.samples)
        await results.add(f"{told.rest:.0f} s at rest", lambda: rest.measure(found, told.rest))
        await results.add("memory", lambda: _at_once(found))
        await results.add("reaction", lambda: reaction.measure(found, told.samples))
        edits = min(told.samples // 2, told.endpoints // 2)
        await results.add("repairs", lambda: repair.measure(found, edits))
        ends = 1 if told.quick else 3
        await results.add("hand-overs", lambda: handover.measure(found, ends, ends))
    return results


async def _beside_a_bare_client(results: Results, found: Place, samples: int) -> None:
    async with yardstick(found) as bare:

        async def bulk_speed() -> Sequence[Measure]:
            ours = results.seconds("from the first custom resource to Ready")
            return await bulk.compare(found, bare, ours)

        await results.add("the same by a bare client", bulk_speed)
        await results.add(
            "reaction of a bare client", lambda: reaction.compare(found, bare, samples)
        )
        say("removing what the bare client made")


async def _at_once(found: Place) -> Sequence[Measure]:
    return memory.measure(found)


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.split("\n")[0])
    parser.add_argument("--endpoints", type=int, help="how many to make (100; quick: 10)")
    parser.add_argument("--rest", type=float, help="seconds to watch at rest (60; quick: 10)")
    parser.add_argument("--samples", type=int, help="reactions to time (60; quick: 10)")
    parser.add_argument("--quick", action="store_true", help="a small run, to see that it works")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    parser.add_argument("--logs", type=Path, metavar="FOLDER", help="keep the monitors' logs there")
    told = parser.parse_args(given)
    usual = (10, 10.0, 10) if told.quick else (100, 60.0, 60)
    for name, value in zip(("endpoints", "rest", "samples"), usual, strict=True):
        if getattr(told, name) is None:
            setattr(told, name, value)
    if min(told.endpoints, told.samples) < _FEWEST:
        parser.error(f"at least {_FEWEST} endpoints and {_FEWEST} samples")
    return told


def _present(results: Results, known: Mapping[str, Any], told: argparse.Namespace) -> None:
    title = f"{told.endpoints} endpoints, {known['cores']} cores, load {known['load_at_start'][0]}"
    Console().print(table(results.measures, title))
    if told.json is not None:
        told.json.write_text(json.dumps(as_json(results.measures, known), indent=2) + "\n")
        say(f"written to {told.json}")


def _interrupt(signum: int, frame: FrameType | None) -> None:
    del signum, frame
    raise KeyboardInterrupt


def main(given: Sequence[str]) -> int:
    """Return 0 once every measure came to a result."""
    told = _arguments(given)
    signal.signal(signal.SIGTERM, _interrupt)
    configure(service="bench", level="ERROR", format="text")
    with tempfile.TemporaryDirectory(prefix="gco-bench-") as temporary:
        folder = (told.logs or Path(temporary)).resolve()
        folder.mkdir(parents=True, exist_ok=True)
        try:
            with parts(folder) as (plane, dynamodb):
                known = dict(facts(plane))
                results = asyncio.run(run(plane, dynamodb, folder, told))
        except KeyboardInterrupt:
            say("interrupted; nothing is left")
            return 130
        except BedError as error:
            say(str(error))
            return 1
    known["load_at_end"] = [round(each, 2) for each in os.getloadavg()]
    _present(results, known, told)
    return int(any(measure.value is None for measure in results.measures))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
