"""Why an endpoint is not ready: every cause that shows, and the one that wins.

The ranks are those of the documentation's page on conditions. A message begins with the facts, up
to the first semicolon, and goes on with what to do next. Nothing in it ticks, so that a status is
written when something changed and not when time passed.
"""

import dataclasses
import re
from collections.abc import Callable, Iterable, Iterator, Mapping

from gco.core.model.status import AcceleratorCapacity
from gco.core.region.pods import PodRecord, Pods

RANK = (
    "NameTaken",
    "Forbidden",
    "Rejected",
    "WaitingForGPU",
    "NoMatchingNode",
    "QuotaExceeded",
    "VolumeNotFound",
    "ProvisioningNode",
    "InsufficientCapacity",
    "ImagePullFailed",
    "ModelDownloading",
    "ModelDownloadFailed",
    "OutOfMemory",
    "CrashLooping",
    "StillLoading",
    "NotAnswering",
    "RouteNotReady",
)
"""Reasons, the one that wins first."""
FATAL = frozenset(
    {"NameTaken", "Forbidden", "Rejected", "ImagePullFailed", "OutOfMemory", "CrashLooping"}
)
"""Reasons that waiting alone will not mend."""
_IMAGE = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
    }
)
_NODES = re.compile(r"\b0/(\d+) nodes? (?:is|are) available")
_LOG_LINES = 3


@dataclasses.dataclass(frozen=True, slots=True)
class Cause:
    """One reason why something is not as it should be."""

    reason: str
    message: str


@dataclasses.dataclass(frozen=True, slots=True)
class Ask:
    """What each pod asks for, and what is known of what there is."""

    replicas: int
    device: str
    """The accelerator's resource name; empty where none is asked for."""
    count: int
    startup_seconds: int
    capacity: Mapping[str, AcceleratorCapacity] | None = None
    """By resource name; None where it is not known."""


def worst(causes: Iterable[Cause]) -> Cause | None:
    """Return the cause that wins; of one reason the first."""
    return min(causes, key=lambda cause: RANK.index(cause.reason), default=None)


def workload_causes(pods: Pods, ask: Ask, log: str) -> Iterator[Cause]:
    """Return why fewer pods of the wanted template answer than are wanted.

    `log` is the end of what a crashing container wrote, where it is known.
    """
    if pods.blocked:
        yield _blocked(pods.blocked)
    waiting = [r for r in pods.wanted.values() if not r.ready]
    unscheduled = [r for r in waiting if r.unscheduled and not r.node]
    if unscheduled:
        yield _unscheduled(unscheduled, ask)
    for record in waiting:
        found = _container_cause(record, log)
        if found is not None:
            yield found
    yield _loading(pods, ask)


def crashing(pods: Pods) -> tuple[str, PodRecord] | None:
    """Return the name and record of a pod whose last log lines tell why it crashes."""
    for name, record in sorted(pods.wanted.items()):
        if not record.ready and record.restarts and record.ended is not None:
            return name, record
    return None


def _loading(pods: Pods, ask: Ask) -> Cause:
    facts = f"{pods.ready} of {ask.replicas} replicas ready"
    silent = [r for r in pods.wanted.values() if r.started and not r.ready]
    if silent and len(silent) + pods.ready >= ask.replicas:
        return Cause(
            "NotAnswering",
            f"{facts}; the server started and stopped answering its readiness probe: see its log",
        )
    return Cause(
        "StillLoading",
        f"{facts}; the others have a start-up budget of {ask.startup_seconds} s each",
    )


def _blocked(words: str) -> Cause:
    if "exceeded quota" in words:
        return Cause("QuotaExceeded", f"{words}; raise the quota or scale down")
    if "priorityclass" in words.lower() or "forbidden" in words.lower():
        return Cause("Rejected", f"pods are refused: {words}; correct the spec or the policy")
    return Cause("Rejected", f"pods cannot be made: {words}")


def _unscheduled(records: list[PodRecord], ask: Ask) -> Cause:
    words = records[0].unscheduled
    if ask.device and f"Insufficient {ask.device}" in words:
        return _waiting_for_device(len(records), words, ask)
    for pattern, cause in _SCHEDULER:
        if pattern in words:
            return cause(words)
    return _no_node(words)


def _waiting_for_device(pods: int, words: str, ask: Ask) -> Cause:
    nodes = _NODES.search(words)
    known = (ask.capacity or {}).get(ask.device)
    if known is not None:
        have = f"{known.free} free on {known.nodes} nodes"
    else:
        have = "too few free" + (f" on {nodes[1]} nodes" if nodes else "")
    asked = f"{pods * ask.count} × {ask.device} requested"  # noqa: RUF001  (as people write it)
    return Cause("WaitingForGPU", f"{asked}, {have}; free some, add a node, or scale down")


def _no_capacity(words: str) -> Cause:
    return Cause("InsufficientCapacity", f"{words}; add a node, or request less")


def _no_volume(words: str) -> Cause:
    return Cause("VolumeNotFound", f"{words}; create the volume claim")


def _no_node(words: str) -> Cause:
    return Cause(
        "NoMatchingNode",
        f"{words}; change spec.scheduling, or add a node with these labels and taints",
    )


_SCHEDULER: tuple[tuple[str, Callable[[str], Cause]], ...] = (
    ("persistentvolumeclaim", _no_volume),
    ("Insufficient ", _no_capacity),
    ("Too many pods", _no_capacity),
)
"""What the scheduler writes, and what it means; anything else is about labels and taints."""


def _container_cause(record: PodRecord, log: str) -> Cause | None:
    if record.waiting in _IMAGE:
        words = record.waiting_message or record.waiting
        return Cause(
            "ImagePullFailed",
            f"{record.image} cannot be pulled; {words}; check the image's name and pull secrets",
        )
    if record.waiting in (
        "CreateContainerConfigError",
        "CreateContainerError",
        "RunContainerError",
    ):
        return Cause("CrashLooping", f"the container cannot start; {record.waiting_message}")
    ended = record.ended
    if ended is None or not record.restarts:
        return None
    if ended.reason == "OOMKilled":
        return Cause(
            "OutOfMemory",
            "the server was killed for want of memory; raise spec.resources.limits.memory",
        )
    return Cause("CrashLooping", _crash(record, ended.exit_code, ended.message or log))


def _crash(record: PodRecord, code: int, words: str) -> str:
    lines = [line.strip() for line in words.splitlines() if line.strip()][-_LOG_LINES:]
    told = f"; its last words: {' | '.join(lines)}" if lines else "; see its log"
    return f"the server ended with exit code {code}, {record.restarts} restarts{told}"
