"""What others note of a pod in Kubernetes Events, where the pod's own status does not say it.

kubelet's words on a volume that it cannot mount and on a probe that fails, and what a provisioner
of nodes (Karpenter, EKS Auto Mode) does or cannot do for a pod that no node takes.
"""

import dataclasses
import enum
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gco.core.region.actions import Manifest
from gco.kinds.reading import LONGEST_NAME, as_mapping, clip, quote

PODS_ONLY: Final = "regarding.kind=Pod"
"""The field selector of Events that are about pods."""
_SCHEDULER: Final = "default-scheduler"
_CLAIM: Final = re.compile(r"\bnodeclaim/(\S+)")
_KILLED: Final = re.compile(r"failed startup probe, will be restarted")


class NoteKind(enum.Enum):
    """What a note is about."""

    NODE_COMES = "node comes"
    """A node is being made for the pod; the words are the NodeClaim's name."""
    NO_NODE = "no node"
    """The provisioner cannot make one; its words say why."""
    NO_VOLUME = "no volume"
    PULLING = "pulling"
    """Its volumes are mounted, and its image is on the way."""
    PROBE_FAILED = "probe failed"
    NEVER_STARTED = "never started"
    """The container was killed because its start-up probe did not pass in time."""


_PLAIN: Final = {
    "FailedMount": NoteKind.NO_VOLUME,
    "FailedAttachVolume": NoteKind.NO_VOLUME,
    "Pulling": NoteKind.PULLING,
    "Unhealthy": NoteKind.PROBE_FAILED,
}
"""Reasons of Events that mean one thing."""


@dataclasses.dataclass(frozen=True, slots=True)
class Note:
    """One Event about a pod. How often it was repeated is not kept: nothing depends on it."""

    pod: str
    uid: str
    """The pod's uid: a pod of the same name may have been there before."""
    kind: NoteKind
    words: str
    created: str
    """When it was first noted, as the API server writes times."""


def note(manifest: Manifest) -> Note | None:
    """Return what an Event says of a pod, or None where nothing here depends on it."""
    found = _read(manifest)
    if found is None:
        return None
    kind, words = found
    about = as_mapping(manifest.get("regarding"))
    created = manifest["metadata"].get("creationTimestamp") or ""
    name, uid = clip(about.get("name"), LONGEST_NAME), clip(about.get("uid"), LONGEST_NAME)
    return Note(name, uid, kind, words, created)


def pod_of(noted: Note | None) -> str | None:
    """Return the name of the pod that a note is about."""
    return noted.pod if noted is not None else None


def latest(notes: Iterable[Note], *kinds: NoteKind) -> Note | None:
    """Return the newest of the notes that are of one of `kinds`."""
    found = (n for n in notes if n.kind in kinds)
    return max(found, key=lambda n: (n.created, n.words), default=None)


def _read(manifest: Manifest) -> tuple[NoteKind, str] | None:
    reason, words = clip(manifest.get("reason")), quote(manifest.get("note"))
    if reason == "Nominated":
        claim = _CLAIM.search(words)
        return (NoteKind.NODE_COMES, claim[1]) if claim else None
    if reason == "FailedScheduling":
        return None if _reporter(manifest) == _SCHEDULER else (NoteKind.NO_NODE, words)
    if reason == "Killing":
        return (NoteKind.NEVER_STARTED, words) if _KILLED.search(words) else None
    return (_PLAIN[reason], words) if reason in _PLAIN else None


def _reporter(manifest: Mapping[str, Any]) -> str:
    source = manifest.get("deprecatedSource") or {}
    told: str = manifest.get("reportingController") or source.get("component") or ""
    return told
