"""Why an endpoint is not ready: every cause that shows, and the one that wins.

The ranks are those of the documentation's page on conditions. A message begins with the facts, up
to the first semicolon, and goes on with what to do next. Nothing in it ticks, so that a status is
written when something changed and not when time passed.

A cause is final when waiting alone will not mend it: `gco wait` gives up then, and not before. What
heals by itself is not final at once: a registry's hiccup, a Secret that comes a moment later, a
crash after which the container runs again. What waits for room (accelerators, quota, volumes) is
never final: room comes without anybody touching the endpoint.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Final

from gco.core.model.status import AcceleratorCapacity
from gco.core.region.pods import Ended, PodRecord, Pods

RANK: Final = (
    "NameTaken",
    "Forbidden",
    "Rejected",
    "ApplyFailed",
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
PATIENCE: Final = dt.timedelta(seconds=90)
"""How long a container may fail to start: kubelet pulls an image at once, and 10, 30 and 70 s
later. What fails four times is not a registry's hiccup."""
LOOP_RESTARTS: Final = 3
"""So many restarts in a row are a loop; by then kubelet has backed off for 10, 20 and 40 s."""
_CALM: Final = dt.timedelta(minutes=10)
"""A run of this length ends a series of crashes, as it does for kubelet's back-off."""
_IMAGE: Final = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
    }
)
_NEVER_PULLED: Final = frozenset({"InvalidImageName", "ErrImageNeverPull"})
"""No registry is asked at all: no time heals these."""
_UNSTARTABLE: Final = frozenset(
    {"CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)
_NODES = re.compile(r"\b0/(\d+) nodes? (?:is|are) available")
_LOG_LINES = 3
_LINE = 200
"""Characters of a log line that a message quotes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Cause:
    """One reason why something is not as it should be."""

    reason: str
    message: str
    final: bool = False
    """Waiting alone will not mend it."""


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
    """Return the cause that wins; of one reason one that is final, else the first."""
    return min(causes, key=lambda cause: (RANK.index(cause.reason), not cause.final), default=None)


def workload_causes(pods: Pods, ask: Ask, log: str, now: dt.datetime) -> Iterator[Cause]:
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
        found = _container_cause(record, log, now)
        if found is not None:
            yield found
    yield _loading(pods, ask, now)


def judged_again(pods: Pods, ask: Ask, now: dt.datetime) -> float | None:
    """Return after how many seconds time alone changes what is said of these pods, or None."""
    ends = (_patience_ends(record, ask) for record in pods.wanted.values() if not record.ready)
    left = [(end - now).total_seconds() for end in ends if end is not None and end > now]
    return min(left, default=None)


def crashing(pods: Pods) -> tuple[str, PodRecord] | None:
    """Return the name and record of a pod whose last log lines tell why it crashes."""
    for name, record in sorted(pods.wanted.items()):
        if not record.ready and record.ended is not None and _loops(record, record.ended):
            return name, record
    return None


def _patience_ends(record: PodRecord, ask: Ask) -> dt.datetime | None:
    if record.waiting in _IMAGE | _UNSTARTABLE and record.unready_since is not None:
        return record.unready_since + PATIENCE
    if record.started and record.running_since is not None:
        return record.running_since + dt.timedelta(seconds=ask.startup_seconds)
    return None


def _persists(record: PodRecord, now: dt.datetime) -> bool:
    return record.unready_since is not None and now - record.unready_since >= PATIENCE


def _loading(pods: Pods, ask: Ask, now: dt.datetime) -> Cause:
    facts = f"{pods.ready} of {ask.replicas} replicas ready"
    silent = [r for r in pods.wanted.values() if not r.ready and _is_silent(r, ask, now)]
    if silent and len(silent) + pods.ready >= ask.replicas:
        return Cause(
            "NotAnswering",
            f"{facts}; the server started and does not answer its readiness probe: see its log",
        )
    return Cause(
        "StillLoading",
        f"{facts}{_restarts(pods)}; the others have a start-up budget of "
        f"{ask.startup_seconds} s each",
    )


def _is_silent(record: PodRecord, ask: Ask, now: dt.datetime) -> bool:
    """Whether a server that was up does not answer.

    One whose start-up probe has just passed is asked for its readiness only next: until it was
    ready once, it has its start-up budget.
    """
    if not record.started or record.was_ready:
        return record.started
    budget_ends = _patience_ends(record, ask)
    return budget_ends is not None and now >= budget_ends


def _restarts(pods: Pods) -> str:
    """Tell of a container that ended and runs again, or is about to."""
    ended = [r for r in pods.wanted.values() if not r.ready and r.ended is not None]
    if not ended:
        return ""
    most = max(ended, key=lambda record: record.restarts)
    how = "" if most.ended is None else _how(most.ended)
    return f", {_TIMES.get(most.restarts, f'restarted {most.restarts} times')}: {how}"


_TIMES: Final = {0: "about to be restarted", 1: "restarted once", 2: "restarted twice"}


def _how(ended: Ended) -> str:
    if ended.reason == "OOMKilled":
        return "killed for want of memory"
    return f"exit code {ended.exit_code}"


def _blocked(words: str) -> Cause:
    if "exceeded quota" in words:
        return Cause("QuotaExceeded", f"{words}; raise the quota or scale down")
    lower = words.lower()
    if "failed calling webhook" in lower or "not yet ready" in lower:
        return Cause("Rejected", f"pods cannot be made for now: {words}; see that webhook's pods")
    if "priorityclass" in lower or "forbidden" in lower or "denied" in lower:
        message = f"pods are refused: {words}; correct the spec or the policy"
        return Cause("Rejected", message, final=True)
    return Cause("Rejected", f"pods cannot be made: {words}; see the ReplicaSet's events")


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


def _container_cause(record: PodRecord, log: str, now: dt.datetime) -> Cause | None:
    if record.waiting in _IMAGE:
        words = record.waiting_message or record.waiting
        return Cause(
            "ImagePullFailed",
            f"{record.image} cannot be pulled; {words}; check the image's name and pull secrets",
            final=record.waiting in _NEVER_PULLED or _persists(record, now),
        )
    if record.waiting in _UNSTARTABLE:
        words = record.waiting_message or record.waiting
        return Cause(
            "CrashLooping",
            f"the container cannot start; {words}; correct what it names, or make what is missing",
            final=_persists(record, now),
        )
    ended = record.ended
    if ended is None or not _loops(record, ended):
        return None
    final = record.restarts >= LOOP_RESTARTS
    if ended.reason == "OOMKilled":
        return Cause(
            "OutOfMemory",
            "the server was killed for want of memory; raise spec.resources.limits.memory",
            final,
        )
    return Cause("CrashLooping", _crash(record, ended.exit_code, ended.message or log), final)


def _loops(record: PodRecord, ended: Ended) -> bool:
    """Whether the container ends again and again: one or two restarts heal many a thing."""
    if record.waiting == "CrashLoopBackOff":
        return True
    lately = ended.lasted is None or ended.lasted < _CALM
    return record.restarts >= LOOP_RESTARTS and lately


def _crash(record: PodRecord, code: int, words: str) -> str:
    lines = [line.strip()[:_LINE] for line in words.splitlines() if line.strip()][-_LOG_LINES:]
    told = f"; its last words: {' | '.join(lines)}" if lines else "; see its log"
    return f"the server ended with exit code {code}, {record.restarts} restarts{told}"
