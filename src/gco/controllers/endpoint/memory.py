"""What the loop remembers of an endpoint between two runs. Losing it costs a request, no more."""

import dataclasses

from gco.core.region.actions import ObjectRef, Rendered
from gco.core.region.causes import Cause
from gco.core.region.drift import Drift
from gco.core.region.fights import Fight
from gco.runtime.backoff import FORBIDDEN_BACKOFF, REJECTED_BACKOFF

_MOMENT = 30.0
"""Seconds after which what could have been a passing weakness of the API server is none."""
_DELETE_ANEW = 30.0
"""Seconds until a delete that was accepted, and of which nothing was heard, is sent again."""


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """A request that the API server refused; the same one is not sent again before `until`."""

    hash: str
    cause: Cause
    times: int
    since: float
    until: float


@dataclasses.dataclass(slots=True)
class Memory:
    """Times are seconds of the event loop's clock."""

    accepted: dict[ObjectRef, Rendered] = dataclasses.field(default_factory=dict)
    """Objects as our last apply left them, where that differs from what was rendered."""
    fights: dict[ObjectRef, Fight] = dataclasses.field(default_factory=dict)
    repaired: dict[ObjectRef, Drift] = dataclasses.field(default_factory=dict)
    """What the last repair of an object was about."""
    drifted: dict[ObjectRef, str] = dataclasses.field(default_factory=dict)
    """The hash of our fields before that repair."""
    refusals: dict[ObjectRef, Refusal] = dataclasses.field(default_factory=dict)
    failing: dict[ObjectRef, float] = dataclasses.field(default_factory=dict)
    """Since when the API server fails at an object, as it does while a webhook is down."""
    deletes: dict[str, float] = dataclasses.field(default_factory=dict)
    """When a delete of the object of that uid was accepted."""
    drift: Drift | None = None
    """The last finding, until it is reported."""
    unreported_since: float | None = None
    """Since when there is a status that waits to be written."""
    logs: dict[str, str] = dataclasses.field(default_factory=dict)
    """The end of a crashing container's log, by the pod's uid."""
    told: dict[str, str] = dataclasses.field(default_factory=dict)
    """What was logged last on a subject, and need not be again."""

    sightings: dict[str, tuple[str, float]] = dataclasses.field(default_factory=dict)
    """What was seen last on a subject, and since when it is the same."""

    def first_seen(self, subject: str, what: str, now: float) -> float:
        """Return since when `what` is what is seen on `subject`: from now on, where it is news."""
        if self.sightings.get(subject, ("", now))[0] != what:
            self.sightings[subject] = (what, now)
        return self.sightings[subject][1]

    def refuse(self, ref: ObjectRef, request: str, cause: Cause, now: float) -> Refusal:
        """Remember that the API server refused `request` about `ref`, for what `cause` says.

        A missing permission is final only once it has been missing for a while.
        """
        before = self.refusals.get(ref)
        if before is None or before.hash != request:
            before = None
        times, since = (before.times + 1, before.since) if before else (0, now)
        backoff = FORBIDDEN_BACKOFF if cause.reason == "Forbidden" else REJECTED_BACKOFF
        final = cause.reason != "Forbidden" or now - since >= _MOMENT
        cause = dataclasses.replace(cause, final=final)
        refusal = Refusal(request, cause, times, since, now + backoff.delay(times))
        self.refusals[ref] = refusal
        return refusal

    def failed(self, ref: ObjectRef, now: float) -> bool:
        """Note that the API server failed at `ref`; return whether it has for a while."""
        return now - self.failing.setdefault(ref, now) >= _MOMENT

    def worked(self, ref: ObjectRef) -> None:
        """Note that the API server did what it was asked about `ref`."""
        self.refusals.pop(ref, None)
        self.failing.pop(ref, None)

    def refused(self, ref: ObjectRef, rendered_hash: str, now: float) -> Refusal | None:
        """Return why `ref` as rendered is not sent now, or None."""
        found = self.refusals.get(ref)
        waits = found is not None and found.hash == rendered_hash and now < found.until
        return found if waits else None

    def deleted(self, uid: str, now: float) -> None:
        """Remember that a delete of that object was accepted; forget those long past."""
        self.deletes = {u: at for u, at in self.deletes.items() if now - at < _DELETE_ANEW}
        self.deletes[uid] = now

    def deleting(self, uid: str, now: float) -> bool:
        """Whether a delete of that object is under way."""
        sent = self.deletes.get(uid)
        return sent is not None and now - sent < _DELETE_ANEW

    def say_once(self, subject: str, what: str) -> bool:
        """Whether `what` is news on `subject`; it counts as said from now on."""
        news = self.told.get(subject) != what
        self.told[subject] = what
        return news
