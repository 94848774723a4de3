"""Many new endpoints at once: what they cost, and how long they take beside a bare client."""

import asyncio
import dataclasses
import json
from collections import Counter
from collections.abc import Sequence
from typing import Any

from bench.bare import GROUP, RESOURCE
from bench.bare import USER_AGENT as BARE
from bench.counting import Tally, tally
from bench.observer import Observer, within
from bench.place import Place
from bench.processor import processor_seconds
from bench.quiet import quiet, work
from bench.report import Measure, at_least, at_most
from bench.yardstick import Yardstick
from gco.cluster.port import Manifest
from gco.core.model.ids import EndpointName
from gco.core.model.validation import parse_documents
from gco.kinds.registry import INFERENCE_ENDPOINT, Kind

_READY_SECONDS = 300.0
_MORE_REQUESTS = 3
_SHARE = 90.0


@dataclasses.dataclass(frozen=True, slots=True)
class Run:
    """What making the endpoints took."""

    seconds: float
    """From the first custom resource to the last endpoint that is Ready."""
    since_stored: float
    tally: Tally
    store: Counter[str]
    """The monitors' requests to the store, by operation."""
    processor: float
    """Seconds of processor time that both monitors used."""


async def measure(place: Place) -> Sequence[Measure]:
    """Make every endpoint, by GCO."""
    run = await make(place, place.names)
    count = len(place.names)
    beyond = (run.tally.requests - run.tally.made) / count
    details = {"requests": dict(run.tally.work), "objects": run.tally.made, "endpoints": count}
    return [
        Measure("requests for a new endpoint", run.tally.requests / count, "", count),
        Measure(
            "requests beyond the objects made, each endpoint",
            beyond,
            "",
            count,
            at_most(_MORE_REQUESTS),
            note="from nothing to Ready; Events count as requests, not as objects",
            details=details,
        ),
        Measure(
            "store requests for a new endpoint",
            run.store.total() / count,
            "",
            count,
            note="of both monitors, until they are at rest again",
            details=dict(run.store),
        ),
        Measure(
            "processor time of both monitors, each endpoint",
            1000 * run.processor / count,
            "ms",
            count,
        ),
        Measure(f"from stored to Ready, {count} endpoints", run.since_stored, "s", count),
        Measure(
            f"from the first custom resource to Ready, {count} endpoints", run.seconds, "s", count
        ),
    ]


async def compare(place: Place, yardstick: Yardstick, ours: float) -> Sequence[Measure]:
    """Make as many by the bare client; `ours` is what GCO took, in seconds."""
    count = len(yardstick.names)
    mark = place.audit.mark()
    began = await yardstick.start()
    theirs = await _all_ready(yardstick.observer, RESOURCE, yardstick.names, began)
    made = tally(await asyncio.to_thread(place.audit.requests, since=mark), BARE)
    return [
        Measure(
            f"the same {count} endpoints by a bare client",
            theirs,
            "s",
            count,
            details={"requests": dict(made.work), "group": GROUP},
        ),
        Measure(
            "bulk speed beside the bare client",
            100 * theirs / ours,
            "%",
            count,
            at_least(_SHARE),
            details={"gco_per_second": count / ours, "bare_per_second": count / theirs},
        ),
    ]


async def make(place: Place, names: Sequence[str]) -> Run:
    """Apply endpoints of these names, and return what it took until all were Ready."""
    loop = asyncio.get_running_loop()
    mark, stored_mark = place.audit.mark(), place.proxy.mark()
    before = sum(map(processor_seconds, place.monitors))
    made = [
        place.observer.when(INFERENCE_ENDPOINT, name, lambda it: it is not None) for name in names
    ]
    ready = [place.observer.when(INFERENCE_ENDPOINT, name, is_ready) for name in names]
    await place.service.apply(documents(names), source="bench")
    stored = loop.time()
    ends = [await within(it, _READY_SECONDS, "all endpoints being Ready") for it in ready]
    first = min(it.result() for it in made)
    await quiet(place)
    spent = await asyncio.to_thread(work, place, mark)
    return Run(
        seconds=max(ends) - first,
        since_stored=max(ends) - stored,
        tally=spent,
        store=Counter(it.operation for it in place.proxy.requests(since=stored_mark)),
        processor=sum(map(processor_seconds, place.monitors)) - before,
    )


def documents(names: Sequence[str]) -> Sequence[Any]:
    """Return endpoints as a person would have written them."""
    bodies = (
        {
            "apiVersion": "gco.io/v1alpha1",
            "kind": "InferenceEndpoint",
            "metadata": {"name": EndpointName(name)},
            "spec": {"image": "vllm/vllm-openai:v0.10.0", "replicas": 1},
        }
        for name in names
    )
    return parse_documents("\n---\n".join(map(json.dumps, bodies)), "bench.yaml")


def is_ready(resource: Manifest | None) -> bool:
    """Whether a custom resource says that it is Ready."""
    conditions = ((resource or {}).get("status") or {}).get("conditions") or ()
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


async def _all_ready(
    observer: Observer, kind: Kind, names: Sequence[str], began: asyncio.Future[float]
) -> float:
    """Return the seconds from the first custom resource until all are Ready."""
    ready = [observer.when(kind, name, is_ready) for name in names]
    first = await within(began, _READY_SECONDS, "the bare client's first custom resource")
    ends = [await within(it, _READY_SECONDS, "the bare client's endpoints") for it in ready]
    return max(ends) - first
