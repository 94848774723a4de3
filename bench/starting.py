"""What a table bears when every monitor starts at once, and what people notice of it meanwhile.

    python -m bench.starting --readers 40 --endpoints 5000

The readers are those of `gco monitor`, the store is the one for DynamoDB; the table is one in memory
that throttles as the service does (`throttled.py`), in virtual time: the figures do not depend on the
machine. Ideal is the time in which one partition can give what the readers must read.
"""

import argparse
import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import looptime
from rich.console import Console

from bench.progress import say
from bench.report import Measure, as_json, at_most, table
from bench.samples import percentile
from bench.throttled import READ_UNITS, ThrottledTable
from gco.clock import SystemClock
from gco.controllers.sync.follower import Follower
from gco.core.model.endpoint import Endpoint, EndpointState, RegionTarget, TargetState
from gco.core.model.ids import (
    Actor,
    EndpointName,
    EndpointUid,
    Epoch,
    Generation,
    RegionName,
    RevisionNumber,
    TemplateKey,
)
from gco.core.model.spec import EndpointSpec
from gco.core.model.status import Region
from gco.core.model.validation import parse_documents
from gco.errors import StoreError
from gco.service import Service
from gco.store.dynamodb import keys
from gco.store.dynamodb.attributes import Item, key_item, number, text, to_item
from gco.store.dynamodb.client import TIME_OUT, Client, unobserved
from gco.store.dynamodb.pace import Pace
from gco.store.dynamodb.store import REST_SECONDS, TAIL_SECONDS, DynamoDbStore
from gco.store.records import SCHEMA_VERSION
from gco.telemetry import configure

_REGIONS: Final = 20
_ENV: Final = 42
"""Variables of each endpoint, so that its record has the size of a real one."""
_MOST_SECONDS: Final = 3600.0
_IMAGE: Final = "vllm/vllm-openai:v0.8.5"


def _endpoint(name: EndpointName, regions: Sequence[RegionName]) -> Endpoint:
    uid, revision = EndpointUid(f"uid-of-{name}"), RevisionNumber(1)
    target = RegionTarget(
        uid=uid,
        revision=revision,
        template_key=TemplateKey("0123456789"),
        state=TargetState.RUNNING,
        replicas=2,
    )
    env = [{"name": f"SETTING_{n}", "value": "of some length" * 2} for n in range(_ENV)]
    now = SystemClock().now()
    return Endpoint(
        name=name,
        uid=uid,
        namespace="gco-inference",
        labels={"team": "search"},
        spec=EndpointSpec.model_validate({"image": _IMAGE, "replicas": 2, "env": env}),
        state=EndpointState.RUNNING,
        generation=Generation(1),
        revision=revision,
        targets=dict.fromkeys(regions, target),
        created_at=now,
        updated_at=now,
    )


def _region(name: RegionName) -> Region:
    return Region(
        name=name,
        cluster_uid=f"cluster-of-{name}",
        cluster_name=name,
        aws_region="us-east-1",
        namespaces=("gco-inference",),
        version="bench",
        heartbeat=SystemClock().now(),
        heartbeat_seconds=30,
        epoch=Epoch(1),
    )


class Place:
    """A table with endpoints, and connections to it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.table = ThrottledTable(read_units=options.read_units, seed=options.seed)
        self.names = [EndpointName(f"web-{number:05}") for number in range(options.endpoints)]
        self.regions = [RegionName(f"region-{number:02}") for number in range(_REGIONS)]
        identity = {"uid": text("bench"), "schemaVersion": number(SCHEMA_VERSION)}
        items: list[Item] = [key_item(keys.IDENTITY) | identity]
        items += [to_item(keys.region(name), _region(name)) for name in self.regions]
        items += [to_item(keys.endpoint(n), _endpoint(n, self.regions)) for n in self.names]
        self.table.fill(items)

    def store(self) -> DynamoDbStore:
        """Return the store as one more process has it."""
        return DynamoDbStore(
            Client(self.table, "bench", "the table", TIME_OUT, unobserved),
            contextlib.AsyncExitStack(),
            pace=Pace(TAIL_SECONDS, REST_SECONDS),
            clock=SystemClock(),
        )

    def follower(self, number: int) -> Follower:
        """Return what reads the store in one monitor: one in two leads its region."""
        store = self.store()
        region = _region(self.regions[number // 2 % _REGIONS])
        follower = Follower(store, region, store.identity, lambda _: None)
        if number % 2 == 0:
            follower.lead()
        return follower


class People:
    """Some who apply one endpoint after another, and how long each time takes."""

    def __init__(self, place: Place, options: argparse.Namespace) -> None:
        self._place = place
        self._number = options.people
        self._pause = options.pause
        self.seconds: list[float] = []
        self.failed = 0

    async def run(self, number: int) -> None:
        """Apply until cancelled."""
        loop = asyncio.get_running_loop()
        names = self._place.names[number :: self._number]
        await asyncio.sleep(number * self._pause / self._number)
        for at in range(len(names) * 100):
            person = Service(self._place.store(), SystemClock(), Actor("bench"))
            documents = parse_documents(_document(names[at * 7 % len(names)], at), source="bench")
            began = loop.time()
            try:
                await person.apply(documents, source="bench")
            except StoreError:
                self.failed += 1
            self.seconds.append(loop.time() - began)
            await asyncio.sleep(self._pause)


def _document(name: EndpointName, number: int) -> str:
    return f"""
apiVersion: gco.io/v1alpha1
kind: InferenceEndpoint
metadata: {{name: {name}}}
spec: {{image: {_IMAGE}, env: [{{name: ROUND, value: 'n{number}'}}]}}
"""


async def measure(options: argparse.Namespace) -> list[Measure]:
    """Start the readers together, and measure until the last one knows everything."""
    place = Place(options)
    loop = asyncio.get_running_loop()
    listing = place.table.size(keys.ENDPOINTS)
    ideal = options.readers * listing / options.read_units
    say(f"{options.readers} readers, {listing:.0f} read units a listing, ideal {ideal:.1f} s")
    people = People(place, options)
    followers = [place.follower(number) for number in range(options.readers)]
    began = loop.time()
    async with asyncio.timeout(_MOST_SECONDS), asyncio.TaskGroup() as group:
        tasks = [group.create_task(follower.run()) for follower in followers]
        tasks += [group.create_task(people.run(number)) for number in range(options.people)]
        took = []
        for at, done in enumerate(asyncio.as_completed([f.complete.wait() for f in followers])):
            await done
            took.append(loop.time() - began)
            say(f"{at + 1} readers know everything after {took[-1]:.1f} s of virtual time")
        for task in tasks:
            task.cancel()
    applied = people.seconds
    return [
        Measure("until the last reader knows everything", took[-1], "s", 1, at_most(1.1 * ideal)),
        Measure(
            "until the last reader knows everything, of the ideal",
            took[-1] / ideal,
            "",
            1,
            at_most(1.1),
        ),
        Measure("until the first reader knows everything", took[0], "s", 1),
        Measure(
            "listings begun again",
            place.table.begun[keys.ENDPOINTS] - options.readers,
            "",
            options.readers,
            at_most(0),
        ),
        Measure("read units of endpoints", place.table.units[keys.ENDPOINTS], "", 1),
        Measure("requests that were throttled", place.table.throttled.total(), "", 1),
        Measure("apply meanwhile, p50", percentile(applied, 50) * 1e3, "ms", len(applied)),
        Measure(
            "apply meanwhile, p99", percentile(applied, 99) * 1e3, "ms", len(applied), at_most(1000)
        ),
        Measure("applies that failed", people.failed, "", len(applied), at_most(0)),
    ]


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """Return what the command line asks for."""
    parser = argparse.ArgumentParser(
        prog="python -m bench.starting", description=(__doc__ or "").split("\n", maxsplit=1)[0]
    )
    parser.add_argument("--readers", type=int, default=40, help="monitors that start together")
    parser.add_argument("--endpoints", type=int, default=5000)
    parser.add_argument(
        "--read-units", type=float, default=READ_UNITS, help="a second, a partition"
    )
    parser.add_argument("--people", type=int, default=4, help="who apply meanwhile")
    parser.add_argument("--pause", type=float, default=4.0, help="seconds between their applies")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    return parser.parse_args(given)


def main(given: Sequence[str]) -> int:
    """Return 0; no number fails a run."""
    options = arguments(given)
    configure(service="bench", level="ERROR", format="text")
    with asyncio.Runner(loop_factory=lambda: looptime.new_event_loop(noop_cycles=0)) as runner:
        measures = runner.run(measure(options))
    title = f"{options.readers} readers start at once, {options.endpoints} endpoints"
    Console().print(table(measures, title))
    if options.json is not None:
        facts = {name: getattr(options, name) for name in ("readers", "endpoints", "read_units")}
        options.json.write_text(json.dumps(as_json(measures, facts), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
