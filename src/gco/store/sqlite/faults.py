"""What SQLite's errors mean to a reader of the store, and what a person can do about them."""

import contextlib
import errno
import sqlite3
from collections.abc import Iterator

from gco.errors import StoreDeniedError, StoreError, StoreIdentityError, StoreUnavailableError

_BUSY = (StoreUnavailableError, "another process holds its lock: try again")
_DENIED = (StoreDeniedError, "check that you may write to the file and its folder")
_FULL = (StoreUnavailableError, "free some disk space")
_FAULTY = (StoreUnavailableError, "check the disk that it is on")
_DAMAGED = (StoreIdentityError, "it is damaged or no store of gco: restore it, or move it away")

_MEANING: dict[int, tuple[type[StoreError], str]] = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_PROTOCOL: _BUSY,
    sqlite3.SQLITE_READONLY: _DENIED,
    sqlite3.SQLITE_PERM: _DENIED,
    sqlite3.SQLITE_AUTH: _DENIED,
    sqlite3.SQLITE_CANTOPEN: _DENIED,
    sqlite3.SQLITE_FULL: _FULL,
    sqlite3.SQLITE_IOERR: _FAULTY,
    sqlite3.SQLITE_NOMEM: _FAULTY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
}
_PRIMARY = 0xFF
"""The part of an extended result code that names its class (https://sqlite.org/rescode.html)."""


@contextlib.contextmanager
def translated(path: str) -> Iterator[None]:
    """Raise a StoreError, with what to do next, in place of what SQLite or the system raises."""
    try:
        yield
    except sqlite3.DatabaseError as error:
        code = getattr(error, "sqlite_errorcode", None)
        if code is None:  # not from SQLite itself: a mistake in the caller
            raise
        kind, advice = _MEANING.get(code & _PRIMARY, (StoreError, "this is a mistake in gco"))
        raise kind(f"the store {path} failed ({error}); {advice}") from error
    except OSError as error:
        kind, advice = _FULL if error.errno == errno.ENOSPC else _DENIED
        raise kind(f"the store {path} failed ({error.strerror}); {advice}") from error
