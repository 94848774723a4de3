"""How the pods of a rollout replace each other: by what is free, and planned anew where that failed.

Strategy `auto` is chosen when a new template is due: a new pod first where one more fits or a node
can be made for it, else in place, one pod at a time. The choice is kept on the Deployment and stands
for that rollout. It changes from surge to in place where a new pod stays pending, and from in place
to surge as soon as a single replica may be left and no downtime is allowed: the last ready pod never
goes first. At rest it is a surge, with which no pod goes before another is ready, whoever restarts
the Deployment and changes its count.

Pods that have no room are missing already, before the rollout takes any: it may miss one more than
those, else it would wait for them for ever. See docs/decisions/0016.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Iterable
from typing import Final

from gco.core.model.ids import TemplateKey
from gco.core.model.spec import Rollout, RolloutStrategy
from gco.core.region.notes import NoteKind, latest
from gco.core.region.observe import Workload
from gco.core.region.pods import PodRecord, Pods
from gco.core.region.replacing import Replacing, choose, is_auto, may_gap
from gco.core.region.room import Need, Room

PENDING_WAIT: Final = dt.timedelta(seconds=30)
"""How long a new pod may be pending before the rollout goes on in place: pods that are about to go
free their accelerators meanwhile."""
NODE_WAIT: Final = dt.timedelta(minutes=10)
"""The same where nodes are made on demand: a GPU node takes minutes."""
_ALL: Final = 100
"""Per cent of the replicas: all of them."""


@dataclasses.dataclass(frozen=True, slots=True)
class Rolling:
    """What there is of an endpoint's rollout."""

    stated: Rollout | None
    replicas: int
    key: TemplateKey
    """Of the template that is wanted."""
    workload: Workload | None
    pods: Pods
    fewest: int
    """The fewest replicas that may run before our next write."""

    @property
    def due(self) -> bool:
        """Whether the Deployment is about to get another template."""
        return self.workload is not None and self.workload.template_key != self.key

    @property
    def under_way(self) -> bool:
        """Whether pods of an earlier template are still to be replaced."""
        return not self.due and bool(self.pods.old)

    @property
    def may_gap(self) -> bool:
        """Whether a pod may go before its replacement is ready."""
        return may_gap(self.stated, self.fewest)

    @property
    def held(self) -> bool:
        """Whether the last ready pod serves on until its replacement finds room, come what may.

        That is a single one, or the one that is left where all others have no room.
        """
        allowed = bool(self.stated and self.stated.allow_downtime)
        short = self.workload is not None and self.workload.unavailable >= _ALL and not allowed
        return (self.due or self.under_way) and (short or not self.may_gap)

    def replacing(
        self, room: Callable[[], Room | None], need: Need, now: dt.datetime
    ) -> Replacing | None:
        """Return how pods are to be replaced; None where the stated strategy, or a default, says it.

        `room` tells what is free for this endpoint, None where that is not known; it is asked only
        where something is to be chosen. At rest the answer is a surge: Kubernetes takes maxSurge 0 as
        maxUnavailable 1 at least, so that in place a restart and a scale to 1 end the last pod.
        """
        if not is_auto(self.stated):
            return None
        if self.due:
            return self._chosen(room(), need)
        if not self.under_way:
            return Replacing.SURGE
        wait = self.replan_in(room, now)
        step = Replacing.IN_PLACE if wait is not None and wait <= 0 else self._current
        unsafe = step is Replacing.IN_PLACE and not self.may_gap
        return Replacing.SURGE if unsafe else step

    def replan_in(self, room: Callable[[], Room | None], now: dt.datetime) -> float | None:
        """Return after how many seconds a pod that is pending has the rollout planned anew."""
        since = self._pending_since
        stuck = self._current is Replacing.SURGE or self.fewest == 1
        if since is None or not stuck or self._current is Replacing.IN_PLACE or not self.may_gap:
            return None
        return (since + self._patience(room()) - now).total_seconds()

    def unavailable(
        self, room: Callable[[], Room | None], need: Need, owner: str, now: dt.datetime
    ) -> int:
        """Return the per cent of replicas that may be missing during the rollout; 0 for one pod.

        It is one pod more than have no room, and only rises during one template's rollout. `owner`
        is the endpoint, `namespace/name`, by which `room` counts its pods.
        """
        kept = 0 if self.due or self.workload is None else self.workload.unavailable
        if not self._counts_missing:
            return kept
        missing = self._without_room(room(), need, owner, now)
        if missing < 1:
            return kept
        return max(kept, min(_ALL, -(-_ALL * (1 + missing) // self.replicas)))

    def recount_in(self, now: dt.datetime) -> float | None:
        """Return after how many seconds one more pod may count as one without room."""
        if not self._counts_missing:
            return None
        records = (*self.pods.wanted.values(), *self.pods.old.values())
        waits = (
            (since + wait - now).total_seconds()
            for since in _pending_times(records)
            for wait in (PENDING_WAIT, NODE_WAIT)
        )
        return min((wait for wait in waits if wait > 0), default=None)

    @property
    def _counts_missing(self) -> bool:
        never = (RolloutStrategy.SURGE, RolloutStrategy.RECREATE)
        stated = self.stated.strategy if self.stated else None
        return (self.due or self.under_way) and self.replicas > 0 and stated not in never

    def _without_room(self, room: Room | None, need: Need, owner: str, now: dt.datetime) -> int:
        """Return how many replicas have no room.

        A pod whose place is still held by one that ends, or free already, has room. Both are counted
        in one snapshot, so that a pod between them is not missed. Where accelerators do not say it
        (a lack of CPU, or nodes that may not be read), a pod has to wait for longer.
        """
        placed = sum(bool(r.node) for r in (*self.pods.wanted.values(), *self.pods.old.values()))
        placed += self.pods.leaving
        slow = min(self.replicas - placed, self._waited(NODE_WAIT, now))
        if room is None or not need.devices:
            return slow
        bound = room.bound.get(owner, 0)
        unplaced = self.replicas - bound - _fitting(room, need, self.replicas - bound)
        return max(slow, min(unplaced, self._waited(self._patience(room), now)))

    def _waited(self, patience: dt.timedelta, now: dt.datetime) -> int:
        """Return how many pods have been without a node for that long.

        Until a node takes one pod of the wanted template, at most one of these counts: a template that
        no node can take must not cost one ready pod after the other.
        """
        wanted, old = (
            sum(since + patience <= now for since in _pending_times(records.values()))
            for records in (self.pods.wanted, self.pods.old)
        )
        taken = any(record.node for record in self.pods.wanted.values())
        return old + (wanted if taken else min(wanted, 1))

    @property
    def _current(self) -> Replacing | None:
        return self.workload.replacing if self.workload is not None else None

    @property
    def _pending_since(self) -> dt.datetime | None:
        if not (is_auto(self.stated) and self.under_way):
            return None
        return min(_pending_times(self.pods.wanted.values()), default=None)

    def _chosen(self, room: Room | None, need: Need) -> Replacing | None:
        if room is None or not need.devices:
            return None
        fits = room.take(need) is not None
        return choose(self.stated, self.fewest, fits=fits or room.elastic)

    def _patience(self, room: Room | None) -> dt.timedelta:
        """Nodes that are made take minutes, unless whoever makes them says that it cannot."""
        if room is None or not room.elastic:
            return PENDING_WAIT
        noted = (note for notes in self.pods.notes.values() for note in notes)
        said = latest(noted, NoteKind.NODE_COMES, NoteKind.NO_NODE)
        none = said is not None and said.kind is NoteKind.NO_NODE
        return PENDING_WAIT if none else NODE_WAIT


def _pending_times(records: Iterable[PodRecord]) -> list[dt.datetime]:
    """Return since when each of `records` that no node takes is pending."""
    return [r.unscheduled_since for r in records if not r.node and r.unscheduled_since is not None]


def _fitting(room: Room, need: Need, most: int) -> int:
    """Return how many pods fit into what is free, up to `most`."""
    for count in range(most):
        left = room.take(need)
        if left is None:
            return count
        room = left
    return max(0, most)
