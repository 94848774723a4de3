"""Job -> pods, one after the other until one succeeds: of Jobs with one completion, as ours are.

As kube-controller-manager does it for restartPolicy Never: failed pods stay, another one comes
after 10 s, 20 s, 40 s…, podFailurePolicy is obeyed, and a Job that has ended goes after its
ttlSecondsAfterFinished. Pods that are deleted are replaced.
"""

import datetime as dt
from collections.abc import Iterator
from typing import Any, Final

from gco.clock import Clock
from gco.cluster.memory.controllers.loop import Loop
from gco.cluster.memory.controllers.mirror import Key, Mirror, key_of, uid_of
from gco.cluster.memory.managers import timestamp
from gco.cluster.memory.storage import copy
from gco.cluster.port import Cluster, Manifest
from gco.kinds.registry import JOB, POD, Kind

_FIRST_BACKOFF: Final = 10.0
_LONGEST_BACKOFF: Final = 600.0
_NAME: Final = "batch.kubernetes.io/job-name"
_UID: Final = "batch.kubernetes.io/controller-uid"


class Jobs:
    """The controller of Jobs."""

    def __init__(self, cluster: Cluster, mirror: Mirror, clock: Clock) -> None:
        self._cluster = cluster
        self._mirror = mirror
        self._clock = clock
        self.loop: Loop[Key] = Loop(self._reconcile)
        mirror.subscribe(self._changed)

    def _changed(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        manifest = new or old or {}
        if kind == JOB:
            self.loop.add(key_of(manifest))
        elif kind == POD:
            self.loop.add(self._mirror.controller(JOB, manifest))

    async def _reconcile(self, key: Key) -> float | None:
        job = self._mirror.get(JOB, key)
        if job is None or job["metadata"].get("deletionTimestamp"):
            return None
        if ended := _ended_at(job):
            return await self._expire(job, ended)
        pods = [pod for _, pod in self._mirror.owned(uid_of(job), POD)]
        verdict = _verdict(job, pods)
        again = None
        if verdict is None:
            again = await self._next_pod(job, pods)
        await self._tell(job, verdict)
        return again

    async def _next_pod(self, job: Manifest, pods: list[Manifest]) -> float | None:
        """Make a pod where none is at work, once the last failure is long enough ago."""
        at_work = [pod for pod in pods if _phase(pod) not in {"Failed", "Succeeded"}]
        if at_work or job["spec"].get("suspend"):
            return None
        failures = [pod for pod in pods if _phase(pod) == "Failed" and _counts(job, pod)]
        wait = self._backoff(failures)
        if wait > 0:
            return wait
        self._mirror.record(POD, await self._cluster.create(POD, _pod(job)))
        return None

    def _backoff(self, failures: list[Manifest]) -> float:
        if not failures:
            return 0.0
        pause = min(_FIRST_BACKOFF * 2.0 ** (len(failures) - 1), _LONGEST_BACKOFF)
        last = max(_finished(pod) or pod["metadata"]["creationTimestamp"] for pod in failures)
        return pause - (self._clock.now() - dt.datetime.fromisoformat(last)).total_seconds()

    async def _expire(self, job: Manifest, ended: str) -> float | None:
        kept = job["spec"].get("ttlSecondsAfterFinished")
        if kept is None:
            return None
        age = (self._clock.now() - dt.datetime.fromisoformat(ended)).total_seconds()
        if age < kept:
            return float(kept - age)
        namespace, name = key_of(job)
        await self._cluster.delete(JOB, namespace, name, uid=uid_of(job))
        return None

    async def _tell(self, job: Manifest, verdict: tuple[str, str] | None) -> None:
        pods = [pod for _, pod in self._mirror.owned(uid_of(job), POD)]
        counts = {
            "active": sum(_phase(pod) in {"Pending", "Running"} for pod in pods),
            "succeeded": sum(_phase(pod) == "Succeeded" for pod in pods),
            "failed": sum(_phase(pod) == "Failed" for pod in pods),
        }
        status: Manifest = {name: count for name, count in counts.items() if count}
        if verdict is not None:
            kind, reason = verdict
            now = timestamp(self._clock.now())
            status["conditions"] = [
                {"type": kind, "status": "True", "reason": reason, "lastTransitionTime": now}
            ]
        if status != job.get("status", {}):
            changed = {**job, "status": status}
            written = await self._cluster.replace(JOB, changed, subresource="status")
            self._mirror.record(JOB, written)


def _verdict(job: Manifest, pods: list[Manifest]) -> tuple[str, str] | None:
    """Return the condition that ends the Job, with its reason; None where it goes on."""
    if any(_phase(pod) == "Succeeded" for pod in pods):
        return "Complete", "CompletionsReached"
    failed = [pod for pod in pods if _phase(pod) == "Failed"]
    if any(_action(job, pod) == "FailJob" for pod in failed):
        return "Failed", "PodFailurePolicy"
    if sum(_counts(job, pod) for pod in failed) > job["spec"].get("backoffLimit", 6):
        return "Failed", "BackoffLimitExceeded"
    return None


def _counts(job: Manifest, pod: Manifest) -> bool:
    return _action(job, pod) != "Ignore"


def _action(job: Manifest, pod: Manifest) -> str:
    """Return what the Job's policy says of a failed pod: the first rule that fits."""
    rules = (job["spec"].get("podFailurePolicy") or {}).get("rules", ())
    return next((rule["action"] for rule in rules if _fits(rule, pod)), "Count")


def _fits(rule: Manifest, pod: Manifest) -> bool:
    if codes := rule.get("onExitCodes"):
        ended = [t for name, t in _terminated(pod) if codes.get("containerName", name) == name]
        return any(each.get("exitCode") in codes["values"] for each in ended)
    conditions = pod.get("status", {}).get("conditions", ())
    return any(
        (each["type"], each["status"]) == (wanted["type"], wanted.get("status", "True"))
        for wanted in rule.get("onPodConditions", ())
        for each in conditions
    )


def _terminated(pod: Manifest) -> Iterator[tuple[str, dict[str, Any]]]:
    for each in pod.get("status", {}).get("containerStatuses", ()):
        if ended := each.get("state", {}).get("terminated"):
            yield each["name"], ended


def _phase(pod: Manifest) -> str:
    phase: str = pod.get("status", {}).get("phase", "Pending")
    return phase


def _finished(pod: Manifest) -> str | None:
    times = [ended["finishedAt"] for _, ended in _terminated(pod) if "finishedAt" in ended]
    return max(times, default=None)


def _ended_at(job: Manifest) -> str | None:
    conditions = job.get("status", {}).get("conditions", ())
    times = (c["lastTransitionTime"] for c in conditions if c["type"] in {"Complete", "Failed"})
    return next(times, None)


def _pod(job: Manifest) -> Manifest:
    metadata, template = job["metadata"], copy(job["spec"]["template"])
    stated = template.get("metadata", {})
    owner = {
        "apiVersion": JOB.api_version,
        "kind": JOB.name,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    labels = {_NAME: metadata["name"], _UID: metadata["uid"]}
    return {
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            "labels": {**stated.get("labels", {}), **labels},
            "ownerReferences": [owner],
        },
        "spec": template["spec"],
    }
