"""What thousands of endpoints cost a monitor: processor time, memory, and how long a person waits.

    python -m bench.scale --endpoints 1000
    python -m bench.scale --endpoints 5000 --templates 10 --json results.json

A region with its store in the memory of this process, in real time: no API server's share is in the
figures but that of the memory cluster, which copies objects where a real client parses them. They
compare two versions of GCO on one machine; what a real control plane adds, `python -m bench` measures.
"""

import argparse
import asyncio
import contextlib
import gc
import json
import os
import sys
import time
import tracemalloc
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.machines import InstantMachines
from bench.progress import say
from bench.report import Measure, as_json, at_most, table
from bench.samples import percentile
from gco.clock import SystemClock
from gco.cluster.memory import MemoryCluster
from gco.cluster.memory.controllers import run_controllers
from gco.core.model.crd import crd
from gco.core.model.ids import Actor, Epoch, RegionName, TemplateKey
from gco.core.model.names import MANAGER
from gco.core.model.regional import Regional
from gco.core.model.status import Region
from gco.core.model.validation import parse_documents
from gco.core.region.freeze import freeze
from gco.core.region.render.revision import revision
from gco.errors import NotLeadingError
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    INFERENCE_ENDPOINT,
    NAMESPACE,
    NODE,
)
from gco.service import Service
from gco.store.memory import MemoryStore
from gco.telemetry import configure
from gco.telemetry.metrics import Metrics
from gco.wiring.region import RegionLoops, RegionOptions

_NAMESPACE = "gco-inference"
_REGION = RegionName("us-east-1")
_PODS_A_NODE = 110
_MIB = 2**20
_BATCH = 480
_WRITES = ("apply", "create", "replace", "patch", "delete")
_IDLE_SECONDS = 1.0
_BUSY_SECONDS = 0.03
"""Processor time within 0.05 s of a process that still fills its caches."""
_MOST_SECONDS = 3600.0


class Place:
    """A region in memory, with what stands in for its machines."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.names = [f"web-{number:05}" for number in range(options.endpoints)]
        self.cluster = MemoryCluster(clock=SystemClock())
        self.store = MemoryStore()
        self.people = Service(self.store, SystemClock(), Actor("bench"))
        self.monitor = self.cluster.client("gco-monitor")
        self._nodes = max(options.nodes, -(-options.endpoints // _PODS_A_NODE) + 1)

    async def install(self) -> None:
        """Make what exists before the monitor."""
        await self.cluster.create(NAMESPACE, {"metadata": {"name": _NAMESPACE}})
        await self.cluster.apply(CUSTOM_RESOURCE_DEFINITION, crd(), manager="bench")
        for number in range(self._nodes):
            await self.cluster.create(NODE, _node(f"n{number:04}"))

    def loops(self) -> RegionLoops:
        """Return a monitor's loops, as `gco monitor` puts them together."""
        return RegionLoops(
            self.monitor,
            self.store,
            SystemClock(),
            region=_region(),
            options=RegionOptions(hostname="bench", resync_seconds=600.0),
            metrics=Metrics(process=False),
        )

    def writes(self) -> int:
        """Return how many writes the monitor has sent to the API server."""
        asked = self.monitor.requests
        return sum(n for (verb, kind), n in asked.items() if verb in _WRITES and kind != "Lease")

    def ready(self) -> int:
        """Return how many endpoints are Ready."""
        objects = self.cluster.server.storage.table(INFERENCE_ENDPOINT).objects.values()
        conditions = (manifest.get("status", {}).get("conditions", ()) for manifest in objects)
        return sum(
            any(c["type"] == "Ready" and c["status"] == "True" for c in all_) for all_ in conditions
        )

    async def freeze_more(self, templates: int) -> None:
        """Give each endpoint the frozen templates of earlier revisions, as months of use do."""
        objects = self.cluster.server.storage.table(INFERENCE_ENDPOINT).objects
        frozen = self.cluster.server.storage.table(CONTROLLER_REVISION).objects
        bodies = {key[1].rpartition("-")[0]: m["data"] for key, m in list(frozen.items())}
        for manifest in list(objects.values()):
            own = Regional.from_manifest(manifest)
            for number in range(templates - 1):
                meta = {**bodies[own.name]["metadata"], "annotations": {"was": str(number)}}
                body = {**bodies[own.name], "metadata": meta}
                old = freeze(own.name, TemplateKey(f"old-{number}"), 0, body)
                made = revision(own, old).manifest
                await self.monitor.apply(CONTROLLER_REVISION, made, manager=MANAGER)


def _node(name: str) -> dict[str, Any]:
    allocatable = {"cpu": "6400", "memory": "25600Gi", "pods": "110", "nvidia.com/gpu": "880"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"},
        },
        "spec": {"taints": []},
        "status": {
            "allocatable": allocatable,
            "capacity": allocatable,
            "conditions": [{"type": "Ready", "status": "True"}],
        },
    }


def _region() -> Region:
    return Region(
        name=_REGION,
        cluster_uid="bench",
        cluster_name="bench",
        aws_region=_REGION,
        namespaces=(_NAMESPACE,),
        version="bench",
        heartbeat=SystemClock().now(),
        heartbeat_seconds=30,
        epoch=Epoch(0),
    )


def _document(name: str, image: str = "vllm/vllm-openai:v0.8.4", replicas: int = 1) -> str:
    return f"""
apiVersion: gco.io/v1alpha1
kind: InferenceEndpoint
metadata: {{name: {name}}}
spec: {{image: {image!r}, replicas: {replicas}, regions: [{_REGION}]}}
---"""


@contextlib.asynccontextmanager
async def running(loops: RegionLoops) -> AsyncIterator[None]:
    """Run a monitor's loops."""
    tasks = [asyncio.create_task(_run(loop)) for _, _, loop in loops.loops()]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _run(loop: Any) -> None:  # noqa: ANN401 - a bound method of the loops
    await loop()


async def _until(reached: Any, what: str) -> None:  # noqa: ANN401 - a predicate
    ends = time.monotonic() + _MOST_SECONDS
    while not reached():
        if time.monotonic() > ends:
            raise TimeoutError(what)
        await asyncio.sleep(_IDLE_SECONDS / 4)


async def _registered(place: Place) -> None:
    while not await place.store.regions():  # noqa: ASYNC110 - a store has no such event
        await asyncio.sleep(_IDLE_SECONDS / 4)


async def _idle(loops: RegionLoops) -> float:
    """Wait until no endpoint is looked at; return the processor time when the last one was."""
    quiet_since, used = time.monotonic(), time.process_time()
    while time.monotonic() - quiet_since < _IDLE_SECONDS:
        before = time.process_time()
        await asyncio.sleep(0.05)
        queue = loops.endpoint.controller.queue
        works = len(queue) or queue.oldest() or len(loops.sync.controller.queue)
        fills = time.process_time() - before > _BUSY_SECONDS
        if works or fills:
            quiet_since, used = time.monotonic(), time.process_time()
    return used


def _leads(loops: RegionLoops) -> bool:
    try:
        loops.elector.assert_leading()
    except NotLeadingError:
        return False
    return True


async def _memory(place: Place) -> float:
    """Return the MiB that a leader allocates and keeps.

    Resident memory would not tell it: a start finds what the monitor before it left free.
    """
    gc.collect()
    tracemalloc.start()
    try:
        loops = place.loops()
        async with running(loops):
            await loops.endpoint.synced()
            await _until(lambda: _leads(loops), "no monitor leads")
            await _idle(loops)
            gc.collect()
            return tracemalloc.get_traced_memory()[0] / _MIB
    finally:
        tracemalloc.stop()


async def make(place: Place, templates: int) -> list[Measure]:
    """Make every endpoint by a first monitor, and let it go."""
    loops = place.loops()
    began = time.process_time()
    machines = InstantMachines(place.cluster.client("machines"))
    others = [asyncio.create_task(run_controllers(place.cluster))]
    others.append(asyncio.create_task(machines.run()))
    try:
        async with running(loops):
            await _registered(place)
            stored = 0.0
            for start in range(0, len(place.names), _BATCH):
                text = "".join(map(_document, place.names[start : start + _BATCH]))
                documents = parse_documents(text, source="bench")
                since = time.process_time()
                await place.people.apply(documents, source="bench")
                stored += time.process_time() - since
            await _until(lambda: place.ready() == len(place.names), "not every endpoint is Ready")
            await _idle(loops)
    finally:
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
    used = time.process_time() - began
    await place.freeze_more(templates)
    return [
        Measure("making them, whole world, processor", used, "s", 1),
        Measure("of that, storing the documents", stored, "s", 1),
    ]


async def measure(place: Place, options: argparse.Namespace) -> list[Measure]:
    """Start a monitor over endpoints that are in sync, and measure it."""
    count = len(place.names)
    writes, began = place.writes(), time.process_time()
    loops = place.loops()
    async with running(loops):
        await loops.endpoint.synced()
        await _until(lambda: _leads(loops), "no monitor leads")
        start = await _idle(loops) - began
        needless = place.writes() - writes
        say("one look at each endpoint")
        began = time.process_time()
        for each in loops.endpoint.keys():  # noqa: SIM118 - no mapping
            loops.endpoint.controller.enqueue_routinely(each)
        look = (await _idle(loops) - began) / count
        say(f"{options.rest:.0f} s at rest")
        began, since = time.process_time(), time.monotonic()
        await asyncio.sleep(options.rest)
        rest = (time.process_time() - began) / (time.monotonic() - since)
        say("changes while the resync runs")
        waits = await _changes(place, loops, options.samples)
    say("the same start once more, with each allocation counted")
    held = await _memory(place)
    return [
        Measure("start, in sync, processor", start, "s", 1, at_most(8.0 * count / 5000)),
        Measure("writes at the start", needless, "", 1, at_most(0)),
        Measure("memory of a leader's caches", held, "MiB", 1),
        Measure("memory for each endpoint", held * 1024 / count, "KiB", count),
        Measure("one look, processor", look * 1e3, "ms", count),
        Measure("a resync in ten minutes, of a core", look * count / 6, "%", count),
        Measure("at rest, of a core", rest * 100, "%", 1, at_most(max(1.0, count / 1000))),
        Measure("change to Deployment, resync p50", percentile(waits, 50), "ms", len(waits)),
        Measure(
            "change to Deployment, resync p99",
            percentile(waits, 99),
            "ms",
            len(waits),
            at_most(100),
        ),
    ]


async def _changes(place: Place, loops: RegionLoops, samples: int) -> list[float]:
    """Return how many ms changes wait for their Deployment, with every endpoint enqueued."""
    waits = []
    deployments = place.cluster.server.storage.table(DEPLOYMENT)
    custom = place.cluster.server.storage.table(INFERENCE_ENDPOINT)
    for number in range(samples):
        name = place.names[number * 7 % len(place.names)]
        if not len(loops.endpoint.controller.queue):
            for each in loops.endpoint.keys():  # noqa: SIM118 - no mapping
                loops.endpoint.controller.enqueue_routinely(each)
        key, count = (_NAMESPACE, name), 2 + number % 3
        was = custom.objects[key]["spec"]["revision"]
        documents = parse_documents(_document(name, replicas=count), source="bench")
        await place.people.apply(documents, source="bench")
        while custom.objects[key]["spec"]["revision"] == was:  # noqa: ASYNC110 - to the ms
            await asyncio.sleep(0)
        began = time.monotonic()
        while deployments.objects[key]["spec"]["replicas"] != count:  # noqa: ASYNC110 - to the ms
            await asyncio.sleep(0)
        waits.append((time.monotonic() - began) * 1e3)
    return waits


async def run(options: argparse.Namespace) -> list[Measure]:
    """Make the endpoints and measure."""
    place = Place(options)
    await place.install()
    say(f"making {options.endpoints} endpoints")
    made = await make(place, options.templates)
    say("starting a monitor over them")
    return [*made, *await measure(place, options)]


def _arguments(given: Sequence[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.scale", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--endpoints", type=int, default=1000)
    parser.add_argument("--nodes", type=int, default=500, help="of the cluster, at least")
    parser.add_argument("--templates", type=int, default=1, help="frozen for each endpoint")
    parser.add_argument("--rest", type=float, default=20.0, help="seconds to watch at rest")
    parser.add_argument("--samples", type=int, default=100, help="changes to time")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there as well")
    return parser.parse_args(given)


def main(given: Sequence[str]) -> int:
    """Return 0; no number fails a run."""
    options = _arguments(given)
    configure(service="bench", level="ERROR", format="text")
    measures = asyncio.run(run(options))
    title = (
        f"{options.endpoints} endpoints of {options.templates} templates, {os.cpu_count()} cores"
    )
    Console().print(table(measures, title))
    if options.json is not None:
        facts = {
            "endpoints": options.endpoints,
            "templates": options.templates,
            "cores": os.cpu_count(),
        }
        options.json.write_text(json.dumps(as_json(measures, facts), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
