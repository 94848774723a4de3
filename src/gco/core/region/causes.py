"""Why an endpoint is not ready: every cause that shows, and the one that wins.

The ranks are those of the documentation's page on conditions. A message begins with the facts, up
to the first semicolon, and goes on with what to do next. Nothing in it ticks, so that a status is
written when something changed and not when time passed.

A cause is final when waiting alone will not mend it: `gco wait` gives up then, and not before. What
heals by itself is not final at once: a registry's hiccup, a Secret that comes a moment later, a
crash after which the container runs again. What waits for room (accelerators, quota, volumes) is
never final: room comes without anybody touching the endpoint.
"""

import datetime as dt
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from gco.core.region.cause import Ask, Cause
from gco.core.region.notes import Note, NoteKind, latest
from gco.core.region.pods import Ended, PodRecord, Pods
from gco.core.region.unplaced import not_made, unscheduled

__all__ = [
    "LOOP_RESTARTS",
    "PATIENCE",
    "RANK",
    "Ask",
    "Cause",
    "crashing",
    "judged_again",
    "workload_causes",
    "worst",
]

RANK: Final = (
    "NameTaken",
    "NotWatched",
    "AdoptionWaiting",
    "PolicyDenied",
    "Forbidden",
    "NamespaceTerminating",
    "Rejected",
    "ApplyFailed",
    "FoughtOver",
    "Terminating",
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
    "RouteConflict",
    "RouteNotReady",
    "SecondAutoscaler",
    "KedaNotInstalled",
)
"""Reasons, the one that wins first."""
PATIENCE: Final = dt.timedelta(seconds=90)
"""How long a container may fail to start: kubelet pulls an image at once, and 10, 30 and 70 s
later. What fails four times is not a registry's hiccup."""
LOOP_RESTARTS: Final = 3
"""So many restarts in a row are a loop; by then kubelet has backed off for 10, 20 and 40 s."""
_UNANSWERED_RESTARTS: Final = 2
"""So many start-up budgets used up in full are no slow disk."""
_CALM: Final = dt.timedelta(minutes=10)
"""A run of this length ends a series of crashes, as it does for kubelet's back-off."""
IMAGE_WAITS: Final = frozenset(
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
LOG_LINES: Final = 3
"""Lines of a crashing container's log that a message quotes."""
_LINE = 200
"""Characters of a log line that a message quotes."""


def worst(causes: Iterable[Cause]) -> Cause | None:
    """Return the cause that wins; of one reason one that is final, else the first."""
    return min(causes, key=lambda cause: (RANK.index(cause.reason), not cause.final), default=None)


def workload_causes(pods: Pods, ask: Ask, log: str, now: dt.datetime) -> Iterator[Cause]:
    """Return why fewer pods of the wanted template answer than are wanted.

    `log` is the end of what a crashing container wrote, where it is known.
    """
    if pods.blocked:
        yield not_made(pods.blocked)
    waiting = {name: r for name, r in pods.wanted.items() if not r.ready}
    unplaced = {name: r for name, r in waiting.items() if r.unscheduled and not r.node}
    if unplaced:
        yield unscheduled(unplaced, pods.notes, ask)
    found = [
        _container_cause(record, pods.notes.get(name, ()), log, ask, now)
        for name, record in waiting.items()
    ]
    yield from (cause for cause in found if cause is not None)
    if not any(cause is not None and cause.reason == "NotAnswering" for cause in found):
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
    if record.waiting in IMAGE_WAITS | _UNSTARTABLE and record.unready_since is not None:
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


def _container_cause(
    record: PodRecord, notes: Sequence[Note], log: str, ask: Ask, now: dt.datetime
) -> Cause | None:
    unstarted = _unstarted(record, notes, now)
    if unstarted is not None:
        return unstarted
    ended = record.ended
    if ended is not None and not record.started and _never_started(ended, notes):
        return _unanswered(record, notes, ask)
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


def _unstarted(record: PodRecord, notes: Sequence[Note], now: dt.datetime) -> Cause | None:
    """Return why the container has not been started at all, where something stands in the way."""
    volume = latest(notes, NoteKind.NO_VOLUME, NoteKind.PULLING)
    if volume is not None and volume.kind is NoteKind.NO_VOLUME and record.is_being_created:
        words = f"{volume.words}; make what it names, or correct spec.podOverrides"
        return Cause("VolumeNotFound", words)
    if record.waiting in IMAGE_WAITS:
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
    return None


def _never_started(ended: Ended, notes: Sequence[Note]) -> bool:
    """Whether the container was ended for using up its start-up budget, not by itself."""
    return ended.reason == "Unhealthy" or latest(notes, NoteKind.NEVER_STARTED) is not None


def _unanswered(record: PodRecord, notes: Sequence[Note], ask: Ask) -> Cause:
    probe = latest(notes, NoteKind.PROBE_FAILED)
    words = f": {probe.words}" if probe is not None else ""
    return Cause(
        "NotAnswering",
        f"the server does not answer its start-up probe within {ask.startup_seconds} s{words}; "
        "correct spec.probes.readyPath or spec.port, or raise spec.probes.startupSeconds",
        final=record.restarts >= _UNANSWERED_RESTARTS,
    )


def _loops(record: PodRecord, ended: Ended) -> bool:
    """Whether the container ends again and again: one or two restarts heal many a thing."""
    if record.waiting == "CrashLoopBackOff":
        return True
    lately = ended.lasted is None or ended.lasted < _CALM
    return record.restarts >= LOOP_RESTARTS and lately


def last_words(text: str) -> list[str]:
    """Return the end of what a program wrote, as much of it as a message quotes.

    A progress bar that is drawn over and over counts as the lines that a terminal showed.
    """
    lines = (line.strip()[:_LINE] for line in text.splitlines())
    return [line for line in lines if line][-LOG_LINES:]


def _crash(record: PodRecord, code: int, words: str) -> str:
    lines = last_words(words)
    told = f"; its last words: {' | '.join(lines)}" if lines else "; see its log"
    return f"the server ended with exit code {code}, {record.restarts} restarts{told}"
