"""Endpoints and their revisions: reads, and the one transaction that writes them."""

import datetime as dt
import sqlite3
from collections.abc import Mapping, Sequence

from gco.core.model.endpoint import Endpoint, Revision, Write
from gco.core.model.ids import (
    EndpointName,
    EndpointUid,
    Epoch,
    Generation,
    RevisionNumber,
    Seq,
)
from gco.errors import NotFoundError, UnreadableError
from gco.store import rules
from gco.store.port import KEPT_REVISIONS
from gco.store.records import attempt, decode, encode
from gco.store.sqlite import leases, logs

PAGE = 200
"""Endpoints read at a time: a listing holds the thread for some milliseconds, not for its whole."""
_PARAMETERS = 500
"""Older builds of SQLite take 999 parameters in one statement."""


def get(db: sqlite3.Connection, name: EndpointName) -> Endpoint:
    """Return the endpoint; raises NotFoundError."""
    row = db.execute("SELECT record FROM endpoints WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFoundError(f"no endpoint {name} is stored")
    return decode(Endpoint, row[0], where=f"of endpoint {name}")


def get_many(
    db: sqlite3.Connection, names: Sequence[EndpointName]
) -> Mapping[EndpointName, Endpoint | UnreadableError]:
    """Return those of `names` that exist, or why one cannot be read."""
    found = {}
    for start in range(0, len(names), _PARAMETERS):
        part = names[start : start + _PARAMETERS]
        marks = ",".join("?" * len(part))
        query = f"SELECT name, record FROM endpoints WHERE name IN ({marks})"  # noqa: S608 -- marks only
        found.update({name: _attempt(name, record) for name, record in db.execute(query, part)})
    return found


def page(
    db: sqlite3.Connection, after: str
) -> Sequence[tuple[EndpointName, Endpoint | UnreadableError]]:
    """Return up to PAGE endpoints whose names follow `after`, or why one cannot be read."""
    rows = db.execute(
        "SELECT name, record FROM endpoints WHERE name > ? ORDER BY name LIMIT ?", (after, PAGE)
    )
    return [(name, _attempt(name, record)) for name, record in rows]


def write(
    db: sqlite3.Connection, writes: Sequence[Write], fleet_epoch: Epoch | None, now: dt.datetime
) -> Seq:
    """Store all of `writes` and one change; raises ConflictError, FencedError."""
    if fleet_epoch is not None:
        leases.refuse_fenced(db, fleet_epoch)
    for item in writes:
        _refuse_stale(db, item)
    for item in writes:
        _store(db, item)
    return logs.append(db, logs.ENDPOINTS, [item.name for item in writes], now)


def discard(db: sqlite3.Connection, name: EndpointName, now: dt.datetime) -> Seq:
    """Remove a record that cannot be read; raises NotFoundError, ConflictError."""
    row = db.execute("SELECT record FROM endpoints WHERE name = ?", (name,)).fetchone()
    if row is None:
        raise NotFoundError(f"no endpoint {name} is stored")
    rules.check_discarded(name, _attempt(name, row[0]))
    db.execute("DELETE FROM revisions WHERE name = ?", (name,))
    db.execute("DELETE FROM endpoints WHERE name = ?", (name,))
    return logs.append(db, logs.ENDPOINTS, [name], now)


def revision(
    db: sqlite3.Connection, name: EndpointName, uid: EndpointUid, number: RevisionNumber
) -> Revision:
    """Return one revision; raises NotFoundError."""
    row = db.execute(
        "SELECT record FROM revisions WHERE name = ? AND uid = ? AND number = ?",
        (name, uid, number),
    ).fetchone()
    if row is None:
        raise NotFoundError(f"no revision {number} of endpoint {name} is kept")
    return decode(Revision, row[0], where=f"of revision {number} of {name}")


def revisions(
    db: sqlite3.Connection, name: EndpointName, uid: EndpointUid, limit: int
) -> Sequence[Revision | UnreadableError]:
    """Return the newest revisions, newest first, or why one cannot be read."""
    rows = db.execute(
        "SELECT number, record FROM revisions WHERE name = ? AND uid = ? "
        "ORDER BY number DESC LIMIT ?",
        (name, uid, limit),
    )
    return [attempt(Revision, record, where=f"of revision {n} of {name}") for n, record in rows]


def _attempt(name: EndpointName, record: str) -> Endpoint | UnreadableError:
    return attempt(Endpoint, record, where=f"of endpoint {name}")


def _refuse_stale(db: sqlite3.Connection, item: Write) -> None:
    row = db.execute("SELECT generation FROM endpoints WHERE name = ?", (item.name,)).fetchone()
    stored = Generation(row[0]) if row else None
    if stored != item.expected:
        raise rules.generation_conflict(item, stored)
    if (new := item.revision) is not None:
        taken = db.execute(
            "SELECT 1 FROM revisions WHERE name = ? AND uid = ? AND number = ?",
            (new.name, new.uid, new.number),
        ).fetchone()
        if taken:
            raise rules.revision_conflict(item, stored)


def _store(db: sqlite3.Connection, item: Write) -> None:
    if (endpoint := item.endpoint) is None:
        db.execute(
            "DELETE FROM revisions WHERE name = ?1 AND uid = "
            "(SELECT uid FROM endpoints WHERE name = ?1)",
            (item.name,),
        )
        db.execute("DELETE FROM endpoints WHERE name = ?", (item.name,))
        return
    columns = (endpoint.name, endpoint.uid, endpoint.generation, endpoint.revision)
    db.execute(
        "INSERT OR REPLACE INTO endpoints VALUES (?, ?, ?, ?, ?, ?)",
        (*columns, endpoint.state.value, encode(endpoint).decode()),
    )
    if item.revision is not None:
        _keep(db, item.revision)


def _keep(db: sqlite3.Connection, new: Revision) -> None:
    key = (new.name, new.uid, new.number)
    db.execute("INSERT INTO revisions VALUES (?, ?, ?, ?)", (*key, encode(new).decode()))
    db.execute(
        "DELETE FROM revisions WHERE name = ? AND uid = ? AND number <= ?",
        (new.name, new.uid, new.number - KEPT_REVISIONS),
    )
