"""The fleet's lease."""

import sqlite3

from gco.core.model.ids import Epoch
from gco.errors import ConflictError, FencedError, StoreError
from gco.store.port import FleetLease


def read(db: sqlite3.Connection) -> FleetLease | None:
    """Return the lease, None before anyone held it; raises StoreError where a column is odd."""
    row = db.execute("SELECT holder, epoch, counter, duration FROM fleet_lease").fetchone()
    if row is None:
        return None
    if not all(map(isinstance, row, (str, int, int, float))):  # SQLite keeps what does not convert
        raise StoreError("the fleet lease cannot be read: delete the row of the table fleet_lease")
    holder, epoch, counter, duration = row
    return FleetLease(holder, Epoch(epoch), counter, duration)


def write(db: sqlite3.Connection, lease: FleetLease, seen: FleetLease | None) -> None:
    """Store `lease`; raises ConflictError unless the stored one is still `seen`."""
    if read(db) != seen:
        raise ConflictError("the fleet lease changed since it was read")
    columns = (lease.holder, lease.epoch, lease.counter, lease.duration)
    db.execute("INSERT OR REPLACE INTO fleet_lease VALUES (1, ?, ?, ?, ?)", columns)


def refuse_fenced(db: sqlite3.Connection, epoch: Epoch) -> None:
    """Raise FencedError unless the lease is at `epoch`."""
    lease = read(db)
    if lease is None or lease.epoch != epoch:
        raise FencedError(f"the fleet lease is no longer at epoch {epoch}")
