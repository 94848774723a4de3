"""The fleet's lease in the store, as a lock that leaders are elected on."""

import asyncio
from collections.abc import AsyncIterator

from gco.core.model.ids import Epoch
from gco.runtime.backoff import spread
from gco.runtime.lock import LeaseRecord
from gco.store.port import FleetLease, Store, Version

LOOK_SECONDS = 2.0
"""The shortest pause between two looks at the lease: each costs a read of the store.

The store says that something was written, not what, so that a busy store would be read at each
write. The holder renews every two seconds, and looking more often shows nothing new; a candidate
thus learns of a release, and of the last renewal, at most this much later.
"""


class FleetLeaseLock:
    """Keeps the protocol :class:`gco.runtime.lock.Lock`; its transitions are the fleet's epoch.

    The record is never removed, so the epoch only grows.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def read(self) -> LeaseRecord | None:
        """Return the record as it is stored now; None before anyone held it."""
        lease = await self._store.fleet_lease()
        return None if lease is None else _record(lease)

    async def write(self, record: LeaseRecord, *, seen: LeaseRecord | None) -> LeaseRecord:
        """Store `record` if what is stored is still `seen`; raises ConflictError."""
        before = None if seen is None else _lease(seen, int(seen.token))
        lease = _lease(record, 1 if before is None else before.counter + 1)
        await self._store.write_fleet_lease(lease, seen=before)
        return _record(lease)

    async def watch(self) -> AsyncIterator[LeaseRecord | None]:
        """The record now, and again each time that it changed."""
        version = Version(0)
        record = await self.read()
        yield record
        while True:
            version = await self._store.wait(version)
            before, record = record, await self.read()
            if record != before:
                yield record
            await asyncio.sleep(spread(LOOK_SECONDS))


def _record(lease: FleetLease) -> LeaseRecord:
    return LeaseRecord(
        holder=lease.holder,
        duration=lease.duration,
        transitions=lease.epoch,
        token=str(lease.counter),
    )


def _lease(record: LeaseRecord, counter: int) -> FleetLease:
    return FleetLease(
        holder=record.holder,
        epoch=Epoch(record.transitions),
        counter=counter,
        duration=record.duration,
    )
