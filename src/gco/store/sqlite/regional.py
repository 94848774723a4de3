"""Regions and what they say of the endpoints, fenced by the epoch of each region's leader."""

import datetime as dt
import sqlite3
from collections.abc import Mapping, Sequence

from gco.core.model.ids import EndpointName, Epoch, RegionName, Seq
from gco.core.model.status import Region, RegionStatus
from gco.errors import FencedError, NotFoundError, UnreadableError
from gco.store import rules
from gco.store.port import StatusRemoval
from gco.store.records import attempt, encode
from gco.store.sqlite import logs


def every(db: sqlite3.Connection) -> Sequence[tuple[RegionName, Region | UnreadableError]]:
    """Return every registered region by name, or why it cannot be read."""
    rows = db.execute("SELECT name, record FROM regions WHERE record NOT NULL ORDER BY name")
    return [(name, attempt(Region, record, where=f"of region {name}")) for name, record in rows]


def lead(db: sqlite3.Connection, region: Region, *, replace_cluster: bool) -> Epoch:
    """Store the region with its epoch counted up; raises ConflictError for another cluster."""
    row = db.execute(
        "SELECT epoch, cluster_uid, record NOT NULL FROM regions WHERE name = ?", (region.name,)
    ).fetchone()
    stored, bound_to, registered = row or (0, region.cluster_uid, False)
    if registered and bound_to != region.cluster_uid and not replace_cluster:
        raise rules.cluster_conflict(region, bound_to)
    epoch = Epoch(stored + 1)
    _store(db, region.model_copy(update={"epoch": epoch}))
    return epoch


def update(db: sqlite3.Connection, region: Region) -> None:
    """Store the region; raises FencedError unless its epoch is the stored one."""
    _refuse_fenced(db, region.name, region.epoch)
    _store(db, region)


def remove(db: sqlite3.Connection, name: RegionName) -> None:
    """Forget the region and what it said, but not its epoch; raises NotFoundError."""
    gone = db.execute(
        "UPDATE regions SET record = NULL, epoch = epoch + 1 WHERE name = ? AND record NOT NULL",
        (name,),
    )
    if not gone.rowcount:
        raise NotFoundError(f"no region {name} is registered")
    db.execute("DELETE FROM statuses WHERE region = ?", (name,))


def statuses(
    db: sqlite3.Connection, region: RegionName
) -> Sequence[tuple[EndpointName, RegionStatus | UnreadableError]]:
    """Return everything that the region says by endpoint name, or why it cannot be read."""
    rows = db.execute("SELECT name, record FROM statuses WHERE region = ? ORDER BY name", (region,))
    return [(name, _attempt(record, name, region)) for name, record in rows]


def statuses_of(
    db: sqlite3.Connection, wanted: Mapping[EndpointName, Sequence[RegionName]]
) -> Sequence[tuple[EndpointName, RegionStatus | UnreadableError]]:
    """Return what the regions named for each endpoint say of it, or why it cannot be read."""
    return [
        (name, status)
        for name, regions in wanted.items()
        for region in regions
        if (status := _said(db, region, name)) is not None
    ]


def write_statuses(
    db: sqlite3.Connection,
    region: RegionName,
    epoch: Epoch,
    said: Sequence[RegionStatus | StatusRemoval],
    now: dt.datetime,
) -> Seq:
    """Store what is news in `said` and one entry in the region's log; raises FencedError."""
    _refuse_fenced(db, region, epoch)
    log = logs.status_log(region)
    changed = [item.name for item in said if _say(db, region, item)]
    return logs.append(db, log, changed, now) if changed else logs.head(db, log)


def _say(db: sqlite3.Connection, region: RegionName, item: RegionStatus | StatusRemoval) -> bool:
    """Store what is said of one endpoint; return whether it is news."""
    if isinstance(item, StatusRemoval):
        gone = db.execute(
            "DELETE FROM statuses WHERE region = ? AND name = ? AND uid = ?",
            (region, item.name, item.uid),
        )
        return bool(gone.rowcount)
    row = db.execute(
        "SELECT uid, revision FROM statuses WHERE region = ? AND name = ?", (region, item.name)
    ).fetchone()
    if row and not rules.is_news(item, *row):
        return False
    columns = (region, item.name, item.uid, item.observed_revision, item.state.value)
    db.execute(
        "INSERT OR REPLACE INTO statuses VALUES (?, ?, ?, ?, ?, ?)",
        (*columns, encode(item).decode()),
    )
    return True


def _said(
    db: sqlite3.Connection, region: RegionName, name: EndpointName
) -> RegionStatus | UnreadableError | None:
    row = db.execute(
        "SELECT record FROM statuses WHERE region = ? AND name = ?", (region, name)
    ).fetchone()
    return _attempt(row[0], name, region) if row else None


def _attempt(record: str, name: EndpointName, region: RegionName) -> RegionStatus | UnreadableError:
    return attempt(RegionStatus, record, where=f"of {name} in {region}")


def _store(db: sqlite3.Connection, region: Region) -> None:
    db.execute(
        "INSERT OR REPLACE INTO regions VALUES (?, ?, ?, ?)",
        (region.name, region.cluster_uid, region.epoch, encode(region).decode()),
    )


def _refuse_fenced(db: sqlite3.Connection, region: RegionName, epoch: Epoch) -> None:
    row = db.execute(
        "SELECT epoch FROM regions WHERE name = ? AND record NOT NULL", (region,)
    ).fetchone()
    if row is None or row[0] != epoch:
        raise FencedError(f"region {region} is no longer at epoch {epoch}")
