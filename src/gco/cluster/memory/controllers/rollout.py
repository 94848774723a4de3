"""How a Deployment moves its pods from old ReplicaSets to the new one; decisions only.

The arithmetic is that of k8s.io/kubernetes/pkg/controller/deployment (rolling.go, util.go).
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple, TypeAlias

Manifest: TypeAlias = dict[str, Any]


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
