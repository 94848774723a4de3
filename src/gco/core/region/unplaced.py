"""Why pods cannot be made, and why no node takes those that were: quotas, policies, room, labels.

Messages contain no number that other endpoints' pods change (how much is free, how many nodes lack
what): all endpoints that wait would write their status whenever any pod of the cluster comes or goes.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from gco.core.region.cause import Ask, Cause
from gco.core.region.claims import Claim
from gco.core.region.notes import Note, NoteKind, latest
from gco.core.region.pods import PodRecord

_NODES: Final = re.compile(r"0/[0-9]+ nodes? (?:is|are) available: ")
_COUNT: Final = re.compile(r"^[0-9]+ ")

_MORE: Final = "allow more instance types, zones or capacity types, or request less"
_GIVEN_UP: Final = Claim(launched=False, problem="the cloud has no such machine at the moment")
"""A NodeClaim that could not be launched is deleted, and another one is tried."""


def not_made(words: str) -> Cause:
    """Return why a ReplicaSet's controller cannot make pods, by its own words."""
    if "exceeded quota" in words:
        return Cause("QuotaExceeded", f"{words}; raise the quota or scale down")
    lower = words.lower()
    if "failed calling webhook" in lower or "not yet ready" in lower:
        return Cause("Rejected", f"pods cannot be made for now: {words}; see that webhook's pods")
    if "priorityclass" in lower or "forbidden" in lower or "denied" in lower:
        message = f"pods are refused: {words}; correct the spec or the policy"
        return Cause("Rejected", message, final=True)
    return Cause("Rejected", f"pods cannot be made: {words}; see the ReplicaSet's events")


def unscheduled(
    records: Mapping[str, PodRecord], notes: Mapping[str, Sequence[Note]], ask: Ask
) -> Cause:
    """Return why no node takes `records`, of which there is at least one.

    What a provisioner of nodes does for a pod says more than the scheduler's words do.
    """
    noted = [n for name in records for n in notes.get(name, ())]
    said = latest(noted, NoteKind.NODE_COMES, NoteKind.NO_NODE)
    if said is not None:
        return _provisioned(said, len(records), ask)
    words = next(iter(records.values())).unscheduled
    if ask.device and f"Insufficient {ask.device}" in words:
        return _waiting_for_device(len(records), ask)
    return scheduling_cause(words)


def scheduling_cause(words: str) -> Cause:
    """Return what the scheduler's `words` on a pod mean, accelerators aside."""
    words = steady(words)
    lower = words.lower()
    found = (cause for pattern, cause in _SCHEDULER if pattern in lower)
    return next(found, _no_node)(words)


def steady(words: str) -> str:
    """Return the scheduler's `words` on a pod without what other pods change.

    The scheduler counts the nodes for each reason, sorts the reasons by these counts, and appends
    how far preemption would help. All three change whenever pods of others come or go.
    """
    found = _NODES.match(words)
    if found is None:
        return words
    listed = words[found.end() :].partition(". ")[0].rstrip(".").split(", ")
    reasons = sorted({_COUNT.sub("", reason) for reason in listed})
    return f"no node is available: {', '.join(reasons)}"


def _provisioned(said: Note, pods: int, ask: Ask) -> Cause:
    if said.kind is NoteKind.NO_NODE:
        return Cause(
            "InsufficientCapacity",
            f"{said.words}; {_MORE}",
        )
    claim = ask.claims.get(said.words, _GIVEN_UP) if ask.claims is not None else None
    if claim is not None and claim.problem:
        return Cause(
            "InsufficientCapacity",
            f"no node for NodeClaim {said.words}: {claim.problem}; {_MORE}",
        )
    how = "has its machine and joins" if claim is not None and claim.launched else "is being made"
    return Cause(
        "ProvisioningNode",
        f"{_asked(pods, ask)}a node {how} (NodeClaim {said.words}); it takes some minutes, "
        f"and `kubectl describe nodeclaim {said.words}` shows how far it is",
    )


def _asked(pods: int, ask: Ask) -> str:
    return f"{pods * ask.count} × {ask.device} requested, " if ask.device else ""  # noqa: RUF001


def _waiting_for_device(pods: int, ask: Ask) -> Cause:
    step = f"free some, add a node, or {_OTHERWISE[ask.held]}"
    have = f"no node that its pods may use has {ask.count} free"
    if ask.largest == 0:
        have = "no node that its pods may use has any"
        step = "add a node, or change spec.scheduling"
    elif ask.largest is not None and ask.largest < ask.count:
        have = f"the largest node that its pods may use has {ask.largest}"
        step = "add a larger node, or request fewer per replica"
    return Cause("WaitingForGPU", f"{_asked(pods, ask)}{have}; {step}")


_OTHERWISE: Final = {False: "scale down", True: "allow a gap with rollout.allowDowntime"}


def _no_capacity(words: str) -> Cause:
    return Cause("InsufficientCapacity", f"{words}; add a node, or request less")


def _no_volume(words: str) -> Cause:
    return Cause("VolumeNotFound", f"{words}; create the volume claim, or see why it is not bound")


def _no_node(words: str) -> Cause:
    return Cause(
        "NoMatchingNode",
        f"{words}; change spec.scheduling, or add a node with these labels and taints",
    )


_SCHEDULER: Final[tuple[tuple[str, Callable[[str], Cause]], ...]] = (
    ("persistentvolume", _no_volume),
    ("persistent volume", _no_volume),
    ("volume node affinity", _no_volume),
    ("insufficient ", _no_capacity),
    ("too many pods", _no_capacity),
)
"""What the scheduler writes, in lower case, and what it means; anything else is about labels and
taints."""
