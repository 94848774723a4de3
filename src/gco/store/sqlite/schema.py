"""The tables of the file, and how it is made, recognised and refused.

A record is kept whole as JSON text; what is searched for or compared is a column beside it.
"""

import sqlite3
import uuid

from gco.errors import StoreIdentityError
from gco.store.records import SCHEMA_VERSION

APPLICATION_ID = 0x47434F31
"""Marks the file as ours (`GCO1`): see `PRAGMA application_id`."""

_TABLES = (
    "CREATE TABLE store (uid TEXT NOT NULL)",
    """CREATE TABLE endpoints (
        name TEXT PRIMARY KEY, uid TEXT NOT NULL, generation INTEGER NOT NULL,
        revision INTEGER NOT NULL, state TEXT NOT NULL, record TEXT NOT NULL)""",
    """CREATE TABLE revisions (
        name TEXT NOT NULL, uid TEXT NOT NULL, number INTEGER NOT NULL, record TEXT NOT NULL,
        PRIMARY KEY (name, uid, number))""",
    "CREATE TABLE heads (log TEXT PRIMARY KEY, seq INTEGER NOT NULL) WITHOUT ROWID",
    """CREATE TABLE changes (
        log TEXT NOT NULL, seq INTEGER NOT NULL, at INTEGER NOT NULL, names TEXT NOT NULL,
        PRIMARY KEY (log, seq)) WITHOUT ROWID""",
    # A removed region keeps its row, without a record: its epoch is never counted anew.
    """CREATE TABLE regions (
        name TEXT PRIMARY KEY, cluster_uid TEXT NOT NULL, epoch INTEGER NOT NULL, record TEXT)""",
    """CREATE TABLE statuses (
        region TEXT NOT NULL, name TEXT NOT NULL, uid TEXT NOT NULL, revision INTEGER NOT NULL,
        state TEXT NOT NULL, record TEXT NOT NULL, PRIMARY KEY (region, name))""",
    """CREATE TABLE fleet_lease (
        one INTEGER PRIMARY KEY CHECK (one = 1), holder TEXT NOT NULL, epoch INTEGER NOT NULL,
        counter INTEGER NOT NULL, duration REAL NOT NULL)""",
)


def is_ready(db: sqlite3.Connection, path: str) -> bool:
    """Whether the file has our tables; False where it is empty.

    Raises StoreIdentityError where it holds something else, or another version of our tables.
    """
    application = _pragma(db, "application_id")
    version = _pragma(db, "user_version")
    if application == APPLICATION_ID and version == SCHEMA_VERSION:
        return True
    if application == APPLICATION_ID:
        raise StoreIdentityError(
            f"{path} holds a store of schema version {version}, and this gco knows version "
            f"{SCHEMA_VERSION}: upgrade gco, or name another file"
        )
    if application or version or db.execute("SELECT 1 FROM sqlite_master").fetchone():
        raise StoreIdentityError(f"{path} is a database of something else: name another file")
    return False


def create(db: sqlite3.Connection, path: str) -> None:
    """Make the tables and the store's identity, in the transaction that is under way."""
    if is_ready(db, path):
        return  # another process was first
    for statement in _TABLES:
        db.execute(statement)
    db.execute("INSERT INTO store VALUES (?)", (str(uuid.uuid4()),))
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")


def identity(db: sqlite3.Connection) -> str:
    """Return the uid that the store was given when it was made."""
    return str(db.execute("SELECT uid FROM store").fetchone()[0])


def _pragma(db: sqlite3.Connection, name: str) -> int:
    return int(db.execute(f"PRAGMA {name}").fetchone()[0])
