"""What the loop remembers of an endpoint between two runs. Losing it costs a request, no more."""

import dataclasses

from gco.core.region.actions import ObjectRef, Rendered
from gco.core.region.causes import Cause
from gco.core.region.drift import Drift
from gco.core.region.fights import Fight

_REFUSED_FIRST = 30.0
_REFUSED_LONGEST = 1000.0
_DELETE_ANEW = 30.0
"""Seconds until a delete that was accepted, and of which nothing was heard, is sent again."""


@dataclasses.dataclass(frozen=True, slots=True)
class Refusal:
    """An apply that the API server refused; the same one is not sent again before `until`."""

    hash: str
    cause: Cause
    times: int
    until: float


@dataclasses.dataclass(slots=True)
class Memory:
    """Times are seconds of the event loop's clock."""

    accepted: dict[ObjectRef, Rendered] = dataclasses.field(default_factory=dict)
    """Objects as our last apply left them, where that differs from what was rendered."""
    fights: dict[ObjectRef, Fight] = dataclasses.field(default_factory=dict)
    repaired: dict[ObjectRef, Drift] = dataclasses.field(default_factory=dict)
    """What the last repair of an object was about."""
    refusals: dict[ObjectRef, Refusal] = dataclasses.field(default_factory=dict)
    deletes: dict[str, float] = dataclasses.field(default_factory=dict)
    """When a delete of the object of that uid was accepted."""
    drift: Drift | None = None
    """The last finding, until it is reported."""
    unreported_since: float | None = None
    """Since when there is a status that waits to be written."""
    logs: dict[str, str] = dataclasses.field(default_factory=dict)
    """The end of a crashing container's log, by the pod's uid."""
    told: set[str] = dataclasses.field(default_factory=set)
    """What was logged once and need not be again."""

    def refuse(self, ref: ObjectRef, rendered_hash: str, cause: Cause, now: float) -> Refusal:
        """Remember that the API server refused `ref` as rendered."""
        before = self.refusals.get(ref)
        times = before.times + 1 if before is not None and before.hash == rendered_hash else 0
        wait = min(_REFUSED_LONGEST, _REFUSED_FIRST * 2.0**times)
        refusal = Refusal(rendered_hash, cause, times, now + wait)
        self.refusals[ref] = refusal
        return refusal

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

    def say_once(self, what: str) -> bool:
        """Whether `what` has not been said yet; it counts as said from now on."""
        if what in self.told:
            return False
        self.told.add(what)
        return True
