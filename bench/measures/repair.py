"""How soon an edit by hand is undone, kind by kind."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from bench.observer import changed_back, within
from bench.place import NAMESPACE, Place
from bench.quiet import quiet
from bench.report import Measure, at_most
from bench.samples import spread
from gco.cluster.port import Manifest
from gco.core.model.names import ingress_name
from gco.kinds.registry import (
    DEPLOYMENT,
    INFERENCE_ENDPOINT,
    INGRESS,
    POD_DISRUPTION_BUDGET,
    SERVICE,
    Kind,
)

_SECONDS = 60.0
_TARGET_MS = 15.0
_PAUSE = 0.4
"""Seconds between two edits: the controllers follow up on each."""
EDITOR = "kubectl-edit"


class Edit(NamedTuple):
    """One kind of edit: a value that is ours, and another one to put there."""

    kind: Kind
    path: str
    """JSON pointer; its last part is the key."""
    value: Any

    def read(self, manifest: Manifest) -> Any:  # noqa: ANN401 - any JSON value
        """Return the value in `manifest`."""
        found: Any = manifest
        for part in self.path.strip("/").split("/"):
            key = part.replace("~1", "/")
            found = found[int(key)] if isinstance(found, list) else found.get(key)
        return found


EDITS: dict[str, Edit] = {
    "Deployment image": Edit(
        DEPLOYMENT, "/spec/template/spec/containers/0/image", "vllm/vllm-openai:edited"
    ),
    "Deployment replicas": Edit(DEPLOYMENT, "/spec/replicas", 0),
    "Service port": Edit(SERVICE, "/spec/ports/0/port", 8080),
    "PodDisruptionBudget": Edit(POD_DISRUPTION_BUDGET, "/spec/maxUnavailable", 2),
    "Ingress path": Edit(INGRESS, "/spec/rules/0/http/paths/0/path", "/edited"),
    "Ingress annotation": Edit(
        INGRESS, "/metadata/annotations/alb.ingress.kubernetes.io~1target-type", "instance"
    ),
    "custom resource spec": Edit(INFERENCE_ENDPOINT, "/spec/replicas", 7),
}


async def measure(place: Place, samples: int) -> Sequence[Measure]:
    """Edit and delete objects of one endpoint after another."""
    await quiet(place)
    rows: list[Measure] = []
    used: dict[Kind, int] = {}
    for what, edit in EDITS.items():
        names = _unused(place, used, edit.kind, samples)
        took = [await _edited(place, edit, name) for name in names]
        rows.extend(_rows(what, took))
    deleted = [await _deleted(place, name) for name in _unused(place, {}, SERVICE, samples)]
    return [*rows, *_rows("Service deleted", deleted)]


def _unused(place: Place, used: dict[Kind, int], kind: Kind, count: int) -> Sequence[str]:
    """Return endpoints whose object of that kind was not repaired yet.

    An object that is edited again and again is fought over, and repaired ever later.
    """
    start = used.get(kind, 0)
    used[kind] = start + count
    return place.names[start : start + count]


async def _edited(place: Place, edit: Edit, name: str) -> float:
    """Return the milliseconds from an edit, answered or seen, to the sight of its repair."""
    target = ingress_name(name) if edit.kind == INGRESS else name  # type: ignore[arg-type]
    before = place.observer.get(edit.kind, target)
    if before is None:
        raise TimeoutError(f"{edit.kind.name} {target} is gone")
    good = edit.read(before)
    bad_at = place.observer.when(edit.kind, target, _differs(edit, good))
    good_at = place.observer.when(
        edit.kind, target, changed_back(lambda seen: seen is not None and edit.read(seen) == good)
    )
    change = [{"op": "replace", "path": edit.path, "value": edit.value}]
    await place.cluster.patch(edit.kind, NAMESPACE, target, change, manager=EDITOR)
    answered = asyncio.get_running_loop().time()
    end = await within(good_at, _SECONDS, f"the repair of {edit.kind.name} {target}")
    await asyncio.sleep(_PAUSE)
    return _milliseconds(min(answered, await bad_at), end)


async def _deleted(place: Place, name: str) -> float:
    gone_at = place.observer.when(SERVICE, name, lambda seen: seen is None)
    back_at = place.observer.when(SERVICE, name, changed_back(lambda seen: seen is not None))
    await place.cluster.delete(SERVICE, NAMESPACE, name)
    answered = asyncio.get_running_loop().time()
    end = await within(back_at, _SECONDS, f"Service {name} being made again")
    await asyncio.sleep(_PAUSE)
    return _milliseconds(min(answered, await gone_at), end)


def _milliseconds(begin: float, end: float) -> float:
    return 1000 * max(0.0, end - begin)


def _differs(edit: Edit, good: Any) -> Callable[[Manifest | None], bool]:  # noqa: ANN401 - JSON
    return lambda seen: seen is not None and edit.read(seen) != good


def _rows(what: str, took: Sequence[float]) -> Sequence[Measure]:
    found = spread(took)
    return [
        Measure(
            f"repair of {what}, p50",
            found.p50,
            "ms",
            found.samples,
            at_most(_TARGET_MS),
            note=f"p95 {found.p95:.1f} ms",
            details={"p95": found.p95, "milliseconds": [round(each, 2) for each in took]},
        )
    ]
