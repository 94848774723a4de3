"""The change logs: one of the endpoints, one of each region's statuses."""

import datetime as dt
import sqlite3
from collections.abc import Sequence

import orjson

from gco.core.model.endpoint import Change
from gco.core.model.ids import EndpointName, RegionName, Seq
from gco.store import rules

ENDPOINTS = "endpoints"
PAGE = 500
"""Entries read at a time."""
_TRIMMED_AT_ONCE = 64


def status_log(region: RegionName) -> str:
    """Return the name of the region's log."""
    return f"status/{region}"


def head(db: sqlite3.Connection, log: str) -> Seq:
    """Return the number of the log's last entry, 0 before the first."""
    row = db.execute("SELECT seq FROM heads WHERE log = ?", (log,)).fetchone()
    return Seq(row[0] if row else 0)


def append(
    db: sqlite3.Connection, log: str, names: Sequence[EndpointName], now: dt.datetime
) -> Seq:
    """Add one entry that names `names`, and forget the entries that have expired."""
    (seq,) = db.execute(
        "INSERT INTO heads VALUES (?, 1) ON CONFLICT (log) DO UPDATE SET seq = seq + 1 RETURNING seq",
        (log,),
    ).fetchone()
    entry = (log, seq, int(now.timestamp()), orjson.dumps(names).decode())
    db.execute("INSERT INTO changes VALUES (?, ?, ?, ?)", entry)
    _trim(db, log, int((now - dt.timedelta(days=rules.LOG_DAYS)).timestamp()))
    return Seq(seq)


def page(db: sqlite3.Connection, log: str, after: Seq) -> Sequence[Change]:
    """Return up to PAGE entries that follow `after`; raises GapError.

    An entry that cannot be read is a gap: its reader lists everything, then follows.
    """
    rows = db.execute(
        "SELECT seq, names FROM changes WHERE log = ? AND seq > ? ORDER BY seq LIMIT ?",
        (log, after, PAGE),
    ).fetchall()
    found = [change for seq, names in rows if (change := _change(seq, names)) is not None]
    end = head(db, log) if len(found) < PAGE else found[-1].seq
    return rules.without_gaps(after, end, found)


def _change(seq: int, names: str) -> Change | None:
    """Return one entry, None where its names are not a list of strings."""
    try:
        named = orjson.loads(names)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(named, list) or not all(isinstance(name, str) for name in named):
        return None
    return Change(Seq(seq), tuple(map(EndpointName, named)))


def _trim(db: sqlite3.Connection, log: str, before: int) -> None:
    """Delete what was written before `before`, a little at each write, oldest first."""
    db.execute(
        "DELETE FROM changes WHERE log = ?1 AND at < ?2 AND seq IN "
        "(SELECT seq FROM changes WHERE log = ?1 ORDER BY seq LIMIT ?3)",
        (log, before, _TRIMMED_AT_ONCE),
    )
