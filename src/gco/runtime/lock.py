"""The lease record, the port where it is kept, and what one process knows of it."""

import dataclasses
import math
import uuid
from collections.abc import AsyncIterator
from typing import Final, Protocol

LONGEST_SECONDS: Final = 600.0
"""A duration that is longer was written by hand, and would keep everybody from leading: a monitor's is
15 s, the original's 45 s."""


@dataclasses.dataclass(frozen=True, slots=True)
class LeaseRecord:
    """What a lock holds."""

    holder: str
    """Empty: released, anyone may take it at once."""
    duration: float
    """Seconds without a change after which anyone may take it."""
    transitions: int
    """Counted up each time that leadership is taken, by the same holder too."""
    token: str = ""
    """Given by the lock, another with each write: what the next write is conditional on."""


class Lock(Protocol):
    """Where the record is kept. Errors are those of gco.errors; it retries nothing."""

    async def read(self) -> LeaseRecord | None:
        """Return the record as it is stored now; None where there is none."""
        ...

    async def write(self, record: LeaseRecord, *, seen: LeaseRecord | None) -> LeaseRecord:
        """Store `record`, with a new token, if what is stored is still `seen`; return it.

        `seen` None creates it. Raises ClusterConflictError or ConflictError where something
        else is stored, or nothing any more.
        """
        ...

    def watch(self) -> AsyncIterator[LeaseRecord | None]:
        """The record now, and again each time that it changed; may end or fail at any time."""
        ...


class Sighting:
    """What one process has seen of the record, and from when on it may take it.

    The record has expired when it was not seen to change for its whole duration: the times are
    the process's own, nothing that another machine's clock said is looked at.
    """

    def __init__(self, identity: str, lease: float) -> None:
        self._identity = identity
        self._lease = lease
        self.record: LeaseRecord | None = None
        self.free_at = math.inf
        """When the record may be taken; infinite before the first look."""

    @property
    def looked(self) -> bool:
        """Whether there was a first look."""
        return self.free_at < math.inf

    @property
    def holder(self) -> str:
        """Who held the lease when it was last seen; empty: nobody."""
        return self.record.holder if self.record else ""

    @property
    def transitions(self) -> int:
        """How many times leadership had been taken when the record was last seen."""
        return self.record.transitions if self.record else 0

    def observe(self, record: LeaseRecord | None, now: float) -> bool:
        """Note what the lock held at `now` at the latest; return whether that is news."""
        if self.looked and record == self.record:
            return False
        if record is None:
            # Deleted by hand: its holder, if it had one, may think for a while that it leads.
            self.free_at = max(self.free_at, now) if self.looked else now
        elif record.holder in {"", self._identity}:
            self.free_at = now
        else:
            self.free_at = now + min(record.duration or self._lease, LONGEST_SECONDS)
        self.record = record
        return True

    def ended(self, holder: str, free_at: float) -> None:
        """Note that `holder` is proved to have ended: its record may be taken at `free_at`."""
        if self.holder == holder:
            self.free_at = min(self.free_at, free_at)

    def wrote(self, record: LeaseRecord) -> None:
        """Note what this process itself has stored."""
        self.record = record


def unique_identity(hostname: str) -> str:
    """Return an identity that no other process has, not even this one's next life."""
    return f"{hostname or 'gco'}_{uuid.uuid4()}"
