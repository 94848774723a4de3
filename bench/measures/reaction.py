"""How soon a change is acted upon."""

import asyncio
import random
from collections.abc import Sequence

from bench.bare import RESOURCE
from bench.observer import Observer, within
from bench.place import Place
from bench.quiet import quiet
from bench.report import Measure, at_most
from bench.samples import spread
from bench.yardstick import NAMESPACE, Yardstick
from gco.cluster.port import Manifest
from gco.core.model.ids import EndpointName
from gco.kinds.registry import DEPLOYMENT, INFERENCE_ENDPOINT, Kind

_SECONDS = 60.0
_REGION_MS, _STORE_MS = 10.0, 300.0


async def measure(place: Place, samples: int) -> Sequence[Measure]:
    """Scale one endpoint after another, through the service and the store."""
    await quiet(place)
    region, store = [], []
    for number in range(samples):
        name = place.names[number % len(place.names)]
        wanted = _replicas(place.observer, INFERENCE_ENDPOINT, name) % 2 + 1
        seen = _watch(place.observer, INFERENCE_ENDPOINT, name, wanted)
        done = _watch(place.observer, DEPLOYMENT, name, wanted)
        await place.service.scale(EndpointName(name), wanted)
        stored = asyncio.get_running_loop().time()
        end = await within(done, _SECONDS, f"{name} being scaled")
        store.append(1000 * (end - stored))
        region.append(1000 * (end - await seen))
        await _pause()
    return [
        *_rows("custom resource changed → Deployment changed", region, _REGION_MS),
        *_rows("stored → Deployment changed (DynamoDB Local)", store, _STORE_MS),
    ]


async def compare(place: Place, yardstick: Yardstick, samples: int) -> Sequence[Measure]:
    """Have the bare client react to the same change."""
    took = []
    for number in range(samples):
        name = yardstick.names[number % len(yardstick.names)]
        wanted = _replicas(yardstick.observer, RESOURCE, name) % 2 + 1
        seen = _watch(yardstick.observer, RESOURCE, name, wanted)
        done = _watch(yardstick.observer, DEPLOYMENT, name, wanted)
        change = [{"op": "replace", "path": "/spec/replicas", "value": wanted}]
        await place.cluster.patch(RESOURCE, NAMESPACE, name, change, manager="bench")
        end = await within(done, _SECONDS, f"{name} being scaled by the bare client")
        took.append(1000 * (end - await seen))
        await _pause()
    return _rows("reaction of a bare client", took, None)


def _rows(name: str, took: Sequence[float], target: float | None) -> Sequence[Measure]:
    found = spread(took)
    details = {"milliseconds": [round(each, 2) for each in took]}
    wanted = None if target is None else at_most(target)
    return [
        Measure(f"{name}, p50", found.p50, "ms", found.samples, wanted, details=details),
        Measure(f"{name}, p95", found.p95, "ms", found.samples),
    ]


def _watch(observer: Observer, kind: Kind, name: str, replicas: int) -> asyncio.Future[float]:
    def holds(manifest: Manifest | None) -> bool:
        return manifest is not None and manifest["spec"]["replicas"] == replicas

    return observer.when(kind, name, holds)


def _replicas(observer: Observer, kind: Kind, name: str) -> int:
    found = observer.get(kind, name)
    if found is None:
        raise TimeoutError(f"{name} is gone")
    replicas: int = found["spec"]["replicas"]
    return replicas


async def _pause() -> None:
    """Let the controllers finish, for a time that keeps no step with any period of theirs."""
    await asyncio.sleep(random.uniform(0.3, 0.6))  # noqa: S311 - no secret
