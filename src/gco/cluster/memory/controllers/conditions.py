"""The status of a Deployment: counts, and the conditions Available, Progressing, ReplicaFailure."""

import datetime as dt
from collections.abc import Sequence
from typing import Final

from gco.cluster.memory.controllers.rollout import available, limits, wanted
from gco.cluster.memory.managers import timestamp
from gco.cluster.memory.storage import copy
from gco.cluster.port import Manifest

_COMPLETE: Final = "NewReplicaSetAvailable"
_LATE: Final = "ProgressDeadlineExceeded"


def deployment_status(
    deployment: Manifest, new: Manifest | None, old: Sequence[Manifest], *, now: dt.datetime
) -> tuple[Manifest, float | None]:
    """Return the status, and after how many seconds the progress deadline wants another look."""
    before = deployment.get("status", {})
    every = [*old, *([new] if new else ())]
    counts = _counts(every, new)
    kept = {"collisionCount": before["collisionCount"]} if "collisionCount" in before else {}
    status: Manifest = {
        "observedGeneration": deployment["metadata"]["generation"],
        **{name: count for name, count in counts.items() if count},
        **kept,
        "conditions": copy({"conditions": before.get("conditions", [])})["conditions"],
    }
    _available(status, deployment["spec"], counts, now)
    again = _progressing(status, deployment, new, counts, now)
    _failure(status, every, now)
    return status, again


def _counts(every: Sequence[Manifest], new: Manifest | None) -> dict[str, int]:
    total = _sum(every, "replicas")
    ready = sum(available(each) for each in every)
    return {
        "replicas": total,
        "updatedReplicas": _sum([new] if new else [], "replicas"),
        "readyReplicas": _sum(every, "readyReplicas"),
        "availableReplicas": ready,
        "unavailableReplicas": max(0, sum(wanted(each) for each in every) - ready),
    }


def _sum(every: Sequence[Manifest], field: str) -> int:
    return sum(each.get("status", {}).get(field, 0) for each in every)


def _available(status: Manifest, spec: Manifest, counts: dict[str, int], now: dt.datetime) -> None:
    allowed = limits(spec).unavailable if spec["strategy"]["type"] == "RollingUpdate" else 0
    enough = counts["availableReplicas"] >= spec["replicas"] - allowed
    reason = "MinimumReplicasAvailable" if enough else "MinimumReplicasUnavailable"
    says = "has" if enough else "does not have"
    put(status, "Available", enough, reason, f"Deployment {says} minimum availability.", now=now)


def _progressing(
    status: Manifest,
    deployment: Manifest,
    new: Manifest | None,
    counts: dict[str, int],
    now: dt.datetime,
) -> float | None:
    if new is None:
        return None
    name, target = new["metadata"]["name"], deployment["spec"]["replicas"]
    done = [counts[each] for each in ("updatedReplicas", "replicas", "availableReplicas")]
    if done == [target] * 3:
        says = f'ReplicaSet "{name}" has successfully progressed.'
        put(status, "Progressing", True, _COMPLETE, says, now=now)
        return None
    before = next((c for c in status["conditions"] if c["type"] == "Progressing"), None)
    if before is None or (before["reason"] == _COMPLETE and not counts["updatedReplicas"]):
        says = f'Created new replica set "{name}"'
        put(status, "Progressing", True, "NewReplicaSetCreated", says, now=now, renew=True)
    elif _moved(deployment.get("status", {}), counts):
        says = f'ReplicaSet "{name}" is progressing.'
        put(status, "Progressing", True, "ReplicaSetUpdated", says, now=now, renew=True)
    return _deadline(status, deployment["spec"], name, now)


def _moved(before: Manifest, counts: dict[str, int]) -> bool:
    """Return whether the rollout came closer to its end since the status was last written."""
    names = ("updatedReplicas", "readyReplicas", "availableReplicas")
    fewer_old = counts["replicas"] - counts["updatedReplicas"] < (
        before.get("replicas", 0) - before.get("updatedReplicas", 0)
    )
    return fewer_old or any(counts[name] > before.get(name, 0) for name in names)


def _deadline(status: Manifest, spec: Manifest, name: str, now: dt.datetime) -> float | None:
    condition = next(c for c in status["conditions"] if c["type"] == "Progressing")
    if condition["reason"] in (_LATE, _COMPLETE):
        return None
    since = dt.datetime.fromisoformat(condition["lastUpdateTime"])
    left = spec["progressDeadlineSeconds"] - (now - since).total_seconds()
    if left > 0:
        return float(left) + 1
    put(
        status,
        "Progressing",
        False,
        _LATE,
        f'ReplicaSet "{name}" has timed out progressing.',
        now=now,
    )
    return None


def _failure(status: Manifest, every: Sequence[Manifest], now: dt.datetime) -> None:
    failures = [
        condition
        for each in every
        for condition in each.get("status", {}).get("conditions", ())
        if condition["type"] == "ReplicaFailure" and condition["status"] == "True"
    ]
    if failures:
        put(
            status, "ReplicaFailure", True, failures[-1]["reason"], failures[-1]["message"], now=now
        )
    else:
        status["conditions"] = [c for c in status["conditions"] if c["type"] != "ReplicaFailure"]


def put(
    status: Manifest,
    kind: str,
    holds: bool,
    reason: str,
    message: str,
    *,
    now: dt.datetime,
    renew: bool = False,
) -> None:
    """Put a condition into `status`; its times move only when it says something else, or `renew`."""
    moment, value = timestamp(now), "True" if holds else "False"
    before = next((c for c in status["conditions"] if c["type"] == kind), None)
    said = {"type": kind, "status": value, "reason": reason, "message": message}
    same = before is not None and all(before.get(name) == text for name, text in said.items())
    moved = before is None or before["status"] != value
    since = moment if before is None or moved else before["lastTransitionTime"]
    updated = moment if before is None or renew or not same else before["lastUpdateTime"]
    condition = {**said, "lastUpdateTime": updated, "lastTransitionTime": since}
    others = [c for c in status["conditions"] if c["type"] != kind]
    status["conditions"] = sorted([*others, condition], key=lambda each: str(each["type"]))
