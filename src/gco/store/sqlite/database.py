"""One connection to the file, in a thread of its own, and transactions on it.

SQLite calls block, so none runs in the event loop. Each transaction is one function that runs whole
in that thread: a task that is cancelled while it waits leaves nothing half-done.
"""

import asyncio
import contextlib
import os
import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from gco.errors import StoreMissingError
from gco.store.sqlite import schema
from gco.store.sqlite.faults import translated

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], T]

LOCK_SECONDS = 5.0
"""How long another process's write is waited for until the store counts as unavailable."""


class Database:
    """An open file. Made by :meth:`open`."""

    def __init__(self, path: str, thread: ThreadPoolExecutor, db: sqlite3.Connection) -> None:
        self._path = path
        self._thread = thread
        self._db = db
        self.on_write: Callable[[], None] = lambda: None
        """Called in the event loop after each commit, even of a task that was cancelled."""

    @classmethod
    async def open(
        cls, path: Path, *, create: bool = True, lock_seconds: float = LOCK_SECONDS
    ) -> "Database":
        """Open the file; `create` makes a missing one first, with its folder, for the user alone.

        Raises StoreMissingError where there is no store and none is created, StoreIdentityError
        where the file is not ours, StoreUnavailableError where it cannot be opened.
        """
        thread = ThreadPoolExecutor(1, thread_name_prefix="gco-sqlite")
        loop = asyncio.get_running_loop()
        try:
            db = await loop.run_in_executor(thread, _connect, path, lock_seconds, create)
        except BaseException:
            thread.shutdown(wait=False)
            raise
        return cls(str(path), thread, db)

    async def read(self, work: Work[T]) -> T:
        """Run `work` over one snapshot of the file and return what it does."""
        return await self._in_thread(lambda: self._run("BEGIN", work))

    async def write(self, work: Work[T]) -> T:
        """Run `work` as a transaction that is on the disk when this returns, or as if never run.

        Raises StoreUnavailableError where the lock is not to be had or the disk is full.
        """
        loop = asyncio.get_running_loop()

        def run() -> T:
            done = self._run("BEGIN IMMEDIATE", work)
            loop.call_soon_threadsafe(self.on_write)
            return done

        return await self._in_thread(run)

    async def data_version(self) -> int:
        """Return a number that moves when another connection has written to the file."""

        def look() -> int:
            with translated(self._path):
                return int(self._db.execute("PRAGMA data_version").fetchone()[0])

        return await self._in_thread(look)

    async def close(self) -> None:
        """Close the file once what is under way has ended."""
        await self._in_thread(self._db.close)
        self._thread.shutdown(wait=False)

    async def _in_thread(self, call: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)

    def _run(self, begin: str, work: Work[T]) -> T:
        with translated(self._path), _transaction(self._db, begin):
            return work(self._db)


@contextlib.contextmanager
def _transaction(db: sqlite3.Connection, begin: str) -> Iterator[None]:
    db.execute(begin)
    try:
        yield
        db.execute("COMMIT")
    finally:
        if db.in_transaction:  # a full disk may have rolled it back by itself
            db.execute("ROLLBACK")


def _connect(path: Path, lock_seconds: float, create: bool) -> sqlite3.Connection:
    with translated(str(path)):
        if create:
            _create_file(path)
        elif not path.exists():
            raise StoreMissingError(f"no store at {path}")
        db = sqlite3.connect(path, timeout=lock_seconds, isolation_level=None)
        try:
            _prepare(db, path, create=create)
        except BaseException:
            db.close()
            raise
        return db


def _create_file(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with contextlib.suppress(FileExistsError):
        os.close(os.open(path, os.O_CREAT | os.O_EXCL, 0o600))


def _prepare(db: sqlite3.Connection, path: Path, *, create: bool) -> None:
    db.execute("PRAGMA synchronous = FULL")  # with WAL, NORMAL could lose the last commits
    with _transaction(db, "BEGIN"):  # one moment: another process may be making the tables
        ready = schema.is_ready(db, str(path))
    if ready:
        return
    if not create:  # an empty file, or one whose tables another process has yet to create
        raise StoreMissingError(f"no store at {path}: the file is empty")
    db.execute("PRAGMA journal_mode = WAL")  # kept in the file
    with _transaction(db, "BEGIN IMMEDIATE"):
        schema.create(db, str(path))
