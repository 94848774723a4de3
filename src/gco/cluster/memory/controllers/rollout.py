"""How a Deployment moves its pods from old ReplicaSets to the new one; decisions only.

The arithmetic is that of k8s.io/kubernetes/pkg/controller/deployment (rolling.go, sync.go, util.go).
"""

import math
from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

Manifest: TypeAlias = dict[str, Any]
_DESIRED: Final = "deployment.kubernetes.io/desired-replicas"
_MOST: Final = "deployment.kubernetes.io/max-replicas"
"""What a ReplicaSet's controller noted when it last scaled it: the Deployment's count, and the most
pods that all its ReplicaSets might have."""


class Limits(NamedTuple):
    """How far a rolling update may go beyond and below the wanted count."""

    surge: int
    unavailable: int


def limits(spec: Manifest) -> Limits:
    """Return a Deployment's limits as counts of pods."""
    rolling = (spec.get("strategy") or {}).get("rollingUpdate") or {}
    replicas = spec["replicas"]
    surge = _count(rolling.get("maxSurge", 0), replicas, up=True)
    unavailable = _count(rolling.get("maxUnavailable", 0), replicas, up=False)
    if not surge and not unavailable:
        unavailable = 1
    return Limits(surge, min(unavailable, replicas))


def _count(value: int | str, total: int, *, up: bool) -> int:
    if isinstance(value, int):
        return value
    share = int(value.rstrip("%")) * total / 100
    return math.ceil(share) if up else math.floor(share)


def wanted(replica_set: Manifest) -> int:
    """Return how many pods a ReplicaSet should have."""
    count: int = replica_set["spec"]["replicas"]
    return count


def available(replica_set: Manifest) -> int:
    """Return how many pods of a ReplicaSet are available."""
    count: int = replica_set.get("status", {}).get("availableReplicas", 0)
    return count


def noted(spec: Manifest) -> dict[str, str]:
    """Return the annotations of a ReplicaSet that is scaled for a Deployment of `spec`."""
    most = spec["replicas"] + (limits(spec).surge if _rolls(spec) else 0)
    return {_DESIRED: str(spec["replicas"]), _MOST: str(most)}


def is_scaled(spec: Manifest, every: Sequence[Manifest]) -> bool:
    """Whether the Deployment's count changed since its ReplicaSets were last scaled."""
    stated = (_noted(each, _DESIRED) for each in every if wanted(each))
    return any(count is not None and count != spec["replicas"] for count in stated)


def scaled_counts(
    spec: Manifest, status: Manifest, new: Manifest | None, old: Sequence[Manifest]
) -> dict[str, int]:
    """Return by name how many pods ReplicaSets should have where the Deployment's count changed.

    One that has all the pods gets the whole count; several share it in proportion, whether their
    pods are ready or not, and what rounding leaves over goes to the largest.
    """
    every = [*old, *([new] if new else ())]
    active = [each for each in every if wanted(each)]
    if len(active) <= 1:
        latest = active or [new or max(old, key=_created, default=None)]
        return {_name(each): spec["replicas"] for each in latest if each is not None}
    if new is not None and _is_saturated(spec, new):
        return {_name(each): 0 for each in active if each is not new}
    return _proportional(spec, status, active) if _rolls(spec) else {}


def _proportional(spec: Manifest, status: Manifest, active: list[Manifest]) -> dict[str, int]:
    allowed = spec["replicas"] + limits(spec).surge if spec["replicas"] else 0
    missing = allowed - sum(wanted(each) for each in active)
    active.sort(key=_created, reverse=missing > 0)
    active.sort(key=wanted, reverse=True)
    counts, added = {}, 0
    for each in active:
        share = _fraction(spec, status, each) - wanted(each) if missing != added else 0
        bound = min if missing > 0 else max
        share = bound(share, missing - added)
        counts[_name(each)] = wanted(each) + share
        added += share
    largest = _name(active[0])
    counts[largest] = max(0, counts[largest] + missing - added)
    return counts


def _fraction(spec: Manifest, status: Manifest, replica_set: Manifest) -> int:
    """Return the share of a ReplicaSet in the new count; halves are rounded up."""
    count: int = spec["replicas"]
    if not count:
        return 0
    most: int = _noted(replica_set, _MOST) or status.get("replicas", 0) or 1
    return math.floor(wanted(replica_set) * (count + limits(spec).surge) / most + 0.5)


def _is_saturated(spec: Manifest, new: Manifest) -> bool:
    counts = (_noted(new, _DESIRED), wanted(new), available(new))
    return all(count == spec["replicas"] for count in counts)


def _rolls(spec: Manifest) -> bool:
    return bool(spec["strategy"]["type"] == "RollingUpdate")


def _noted(replica_set: Manifest, name: str) -> int | None:
    stated = (replica_set["metadata"].get("annotations") or {}).get(name)
    return None if stated is None else int(stated)


def _name(replica_set: Manifest) -> str:
    return str(replica_set["metadata"]["name"])


def _created(replica_set: Manifest) -> str:
    return str(replica_set["metadata"]["creationTimestamp"])


def new_count(spec: Manifest, new: Manifest, old: Sequence[Manifest]) -> int:
    """Return how many pods the new ReplicaSet should have now."""
    target: int = spec["replicas"]
    if wanted(new) >= target or spec["strategy"]["type"] == "Recreate":
        return target
    total = wanted(new) + sum(wanted(each) for each in old)
    room = target + limits(spec).surge - total
    return wanted(new) + max(0, min(room, target - wanted(new)))


def old_counts(spec: Manifest, new: Manifest, old: Sequence[Manifest]) -> list[int]:
    """Return how many pods each old ReplicaSet should have now: unhealthy ones go first."""
    counts = [wanted(each) for each in old]
    floor = spec["replicas"] - limits(spec).unavailable
    spare = wanted(new) + sum(counts) - floor - (wanted(new) - available(new))
    if spare <= 0:
        return counts
    for position, each in enumerate(old):
        unhealthy = max(0, min(spare, counts[position] - available(each)))
        counts[position] -= unhealthy
        spare -= unhealthy
    running = available(new) + sum(min(available(e), c) for e, c in zip(old, counts, strict=True))
    excess = max(0, running - floor)
    for position, count in enumerate(counts):
        gone = min(count, excess)
        counts[position] -= gone
        excess -= gone
    return counts


def template_of(replica_set: Manifest) -> Manifest:
    """Return a ReplicaSet's pod template as its Deployment stated it."""
    template = replica_set["spec"]["template"]
    labels = template.get("metadata", {}).get("labels", {})
    kept = {key: value for key, value in labels.items() if key != HASH_LABEL}
    return {**template, "metadata": {**template.get("metadata", {}), "labels": kept}}


HASH_LABEL = "pod-template-hash"
