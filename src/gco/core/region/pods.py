"""Records of pods, and which of them run the template that is wanted."""

import dataclasses
import datetime as dt
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from gco.core.model.names import APP_LABEL, CONTAINER
from gco.core.region.actions import Manifest
from gco.core.region.notes import Note
from gco.core.region.observe import PodSet, Workload, controller_uid
from gco.kinds.reading import clip, quote, quote_end
from gco.kinds.registry import REPLICA_SET


@dataclasses.dataclass(frozen=True, slots=True)
class Ended:
    """How the container's previous run ended."""

    reason: str
    """`OOMKilled`, `Error`, `Completed`, …"""
    exit_code: int
    message: str
    lasted: dt.timedelta | None = None
    """How long that run was; None where nobody wrote it down."""


@dataclasses.dataclass(frozen=True, slots=True)
class PodRecord:
    """What is kept of a pod."""

    uid: str
    app: str
    pod_set: str
    """The uid of the ReplicaSet that owns it; empty where none does."""
    phase: str
    ready: bool
    deleting: bool
    node: str
    """Empty until it is scheduled."""
    unscheduled: str
    """The scheduler's words on why no node takes it; empty where one did, or none has looked yet."""
    waiting: str
    """Why the container waits: `ImagePullBackOff`, `CrashLoopBackOff`, …; empty where it does not."""
    waiting_message: str
    started: bool
    """Its start-up probe has passed."""
    restarts: int
    ended: Ended | None
    image: str
    running_since: dt.datetime | None = None
    """When the container's present run began; None where it does not run."""
    unscheduled_since: dt.datetime | None = None
    """Since when no node takes it; None where one did, or none has looked yet."""
    unready_since: dt.datetime | None = None
    """When the pod stopped being ready, or was first seen on its node; None where it is ready."""
    leaving_since: dt.datetime | None = None
    """When its grace period is over; None while nobody asked for its end."""
    finalizers: tuple[str, ...] = ()
    """What its deletion waits for; empty while nobody has asked for it."""

    @property
    def is_being_created(self) -> bool:
        """Whether the container waits for what it needs: volumes, a sandbox, its image."""
        return self.running_since is None and self.waiting in ("", "ContainerCreating")

    @property
    def was_ready(self) -> bool:
        """Whether the container answered in its present run, and does so no longer."""
        return (
            self.running_since is not None
            and self.unready_since is not None
            and self.unready_since > self.running_since
        )


def pod(manifest: Manifest) -> PodRecord:
    """Return the record of a pod as the API server returns it."""
    meta, status = manifest["metadata"], manifest.get("status") or {}
    container, deleted_at = _container(status), meta.get("deletionTimestamp")
    waiting = (container.get("state") or {}).get("waiting") or {}
    return PodRecord(
        uid=meta["uid"],
        app=sys.intern((meta.get("labels") or {}).get(APP_LABEL, "")),
        pod_set=controller_uid(manifest, REPLICA_SET.name),
        phase=status.get("phase") or "Pending",
        ready=_is(status, "Ready", "True"),
        deleting=deleted_at is not None,
        leaving_since=dt.datetime.fromisoformat(deleted_at) if deleted_at else None,
        finalizers=tuple(meta.get("finalizers") or ()) if deleted_at else (),
        node=sys.intern(manifest["spec"].get("nodeName") or ""),
        unscheduled=unscheduled_words(status),
        waiting=clip(waiting.get("reason")),
        waiting_message=quote(waiting.get("message")),
        started=bool(container.get("started")),
        restarts=container.get("restartCount", 0),
        ended=_ended(container),
        image=_image(manifest),
        running_since=_time((container.get("state") or {}).get("running"), "startedAt"),
        unscheduled_since=_since(status, "PodScheduled"),
        unready_since=_since(status, "Ready"),
    )


@dataclasses.dataclass(frozen=True, slots=True)
class Pods:
    """The pods of one endpoint, told apart by the template that they were made from."""

    wanted: Mapping[str, PodRecord]
    """Of the wanted template, those on their way out left aside."""
    old: Mapping[str, PodRecord]
    """Of an earlier template, those on their way out left aside."""
    leaving: int
    blocked: str
    """Why the wanted template's ReplicaSet cannot make pods; empty where it can."""
    notes: Mapping[str, Sequence[Note]] = dataclasses.field(default_factory=dict)
    """What others noted of the wanted pods, by name."""
    ending: Mapping[str, PodRecord] = dataclasses.field(default_factory=dict)
    """Those on their way out."""
    late: Mapping[str, PodRecord] = dataclasses.field(default_factory=dict)
    """Of these, the ones that have outlived their grace period for a while."""
    unowned: frozenset[str] = frozenset()
    """Pods that have the endpoint's labels and no ReplicaSet: nobody ends or replaces them."""

    @property
    def ready(self) -> int:
        """How many pods of the wanted template answer."""
        return sum(record.ready for record in self.wanted.values())

    @property
    def answering(self) -> bool:
        """Whether any pod answers, of whatever template."""
        return any(r.ready for r in (*self.wanted.values(), *self.old.values()))

    @property
    def count(self) -> int:
        """All pods that hold resources, those on their way out included."""
        return len(self.wanted) + len(self.old) + self.leaving


def all_old(pods: Pods) -> Pods:
    """Return `pods` where none of them has the template that is wanted."""
    return dataclasses.replace(pods, wanted={}, old={**pods.old, **pods.wanted}, blocked="")


def sort_pods(
    workload: Workload | None,
    pod_sets: Iterable[PodSet],
    records: Mapping[str, PodRecord],
    notes: Callable[[str], Iterable[Note]] = lambda _: (),
) -> Pods:
    """Tell the pods of the template that `workload` has now from those of earlier templates.

    Pods that have ended (evicted, completed) hold nothing and count as neither; nor do those that no
    ReplicaSet owns, as `kubectl debug --copy-to --keep-labels` makes them. `notes` tells what
    others noted of a pod: asked of those alone that are not ready.
    """
    current = _current(workload, pod_sets)
    every = {n: r for n, r in records.items() if r.phase not in ("Succeeded", "Failed")}
    live = {n: r for n, r in every.items() if r.pod_set}
    staying = {n: r for n, r in live.items() if not r.deleting}
    wanted = {n: r for n, r in staying.items() if current is not None and r.pod_set == current.uid}
    return Pods(
        wanted=wanted,
        old={name: record for name, record in staying.items() if name not in wanted},
        leaving=len(live) - len(staying),
        ending={n: r for n, r in live.items() if r.deleting},
        unowned=frozenset(every.keys() - live.keys()),
        blocked=(current.blocked if current else "") or (workload.blocked if workload else ""),
        notes={
            name: tuple(n for n in notes(name) if n.uid == record.uid)
            for name, record in wanted.items()
            if not record.ready
        },
    )


def _current(workload: Workload | None, pod_sets: Iterable[PodSet]) -> PodSet | None:
    if workload is None:
        return None
    ours = (s for s in pod_sets if s.deployment == workload.uid)
    same = (s for s in ours if s.template == workload.template)
    return min(same, key=lambda s: (s.created, s.uid), default=None)  # as its controller chooses


def _container(status: Mapping[str, Any]) -> dict[str, Any]:
    statuses = status.get("containerStatuses") or ()
    return next((s for s in statuses if s["name"] == CONTAINER), {})


def _image(manifest: Manifest) -> str:
    containers = manifest["spec"].get("containers") or ()
    found = (clip(c.get("image")) for c in containers if c["name"] == CONTAINER)
    return sys.intern(next(found, ""))


def _ended(container: Mapping[str, Any]) -> Ended | None:
    now = (container.get("state") or {}).get("terminated")
    last = now or (container.get("lastState") or {}).get("terminated")
    if not last:
        return None
    begun, over = _time(last, "startedAt"), _time(last, "finishedAt")
    return Ended(
        clip(last.get("reason")),
        last.get("exitCode", 0),
        quote_end(last.get("message")),  # its last words say why
        lasted=over - begun if begun and over else None,
    )


def _time(stated: Mapping[str, Any] | None, field: str) -> dt.datetime | None:
    found = (stated or {}).get(field)
    return dt.datetime.fromisoformat(found) if found else None


def _since(status: Mapping[str, Any], kind: str) -> dt.datetime | None:
    """Return since when a condition of that type does not hold."""
    conditions = status.get("conditions") or ()
    found = (c for c in conditions if c["type"] == kind and c["status"] != "True")
    return _time(next(found, None), "lastTransitionTime")


def unscheduled_words(status: Mapping[str, Any]) -> str:
    """Return why no node takes a pod of that status, in the scheduler's words; else nothing."""
    for condition in status.get("conditions") or ():
        if condition["type"] == "PodScheduled" and condition["status"] == "False":
            words = condition.get("message") or condition.get("reason")
            return quote(words) or "Unschedulable"
    return ""


def _is(status: Mapping[str, Any], kind: str, value: str) -> bool:
    conditions = status.get("conditions") or ()
    return any(c["type"] == kind and c["status"] == value for c in conditions)
