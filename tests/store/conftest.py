"""The stores under test, each behind one way to open it anew and to make its log expire."""

import contextlib
import dataclasses
import datetime as dt
import itertools
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from gco.core.model.ids import Seq
from gco.store.memory import MemoryStore
from gco.store.port import Store
from gco.store.sqlite import SqliteStore

_TABLES = (f"contract-{number}" for number in itertools.count(1))


FUTURE = dt.datetime(2100, 1, 1, tzinfo=dt.UTC)


class SteppedClock:
    """A clock that the test moves. It starts in the future: DynamoDB's expiry has its own clock."""

    def __init__(self) -> None:
        self.moment = FUTURE

    def now(self) -> dt.datetime:
        return self.moment

    def pass_days(self, days: int) -> None:
        self.moment += dt.timedelta(days=days)


@dataclasses.dataclass
class Place:
    """Where a store lives: opened any number of times, as by so many processes."""

    open: Callable[[], Awaitable[Store]]
    expire: Callable[[str, Seq], Awaitable[None]]
    """Forget the entries of a log (`changes` or `status/REGION`) up to a number, as time would."""
    clock: SteppedClock


def memory_place() -> Place:
    clock = SteppedClock()
    store = MemoryStore(clock=clock)

    async def open_again():
        return store

    async def expire(log, seq):
        kept = store._changes if log == "changes" else store._status_logs[log.split("/")[1]]
        kept._entries = [entry for entry in kept._entries if entry[1].seq > seq]

    return Place(open_again, expire, clock)


def sqlite_place(folder) -> Place:
    clock = SteppedClock()
    path = folder / "made" / "store.db"

    async def open_again():
        return await SqliteStore.open(path, clock=clock)

    async def expire(log, seq):
        name = "endpoints" if log == "changes" else log
        with contextlib.closing(sqlite3.connect(path)) as db, db:
            db.execute("DELETE FROM changes WHERE log = ? AND seq <= ?", (name, seq))

    return Place(open_again, expire, clock)


async def dynamodb_place(dynamodb) -> Place:
    from gco.store.dynamodb import DynamoDbStore, create_table  # noqa: PLC0415 -- slow to import

    clock = SteppedClock()
    table = next(_TABLES)
    where = {"region": "us-east-1", "endpoint_url": dynamodb.endpoint_url}
    await create_table(table, **where)

    async def open_again():
        return await DynamoDbStore.open(table, **where, tail_seconds=0.05, clock=clock)

    async def expire(log, seq):
        pk = "#changes" if log == "changes" else f"#status-log/{log.split('/')[1]}"
        for number in range(1, seq + 1):
            key = {"pk": {"S": pk}, "sk": {"S": f"{number:016d}"}}
            dynamodb.call("DeleteItem", {"TableName": table, "Key": key})

    return Place(open_again, expire, clock)


@pytest.fixture(params=["memory", "sqlite", pytest.param("dynamodb", marks=pytest.mark.real)])
async def place(request, tmp_path, monkeypatch) -> Place:
    if request.param == "memory":
        return memory_place()
    if request.param == "sqlite":
        return sqlite_place(tmp_path)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    return await dynamodb_place(request.getfixturevalue("dynamodb"))


@pytest.fixture
async def opened(place) -> AsyncIterator[Callable[[], Awaitable[Store]]]:
    """Open the place once more; everything opened is closed in the end."""
    async with contextlib.AsyncExitStack() as stack:

        async def open_one():
            store = await place.open()
            stack.push_async_callback(store.close)
            return store

        yield open_one


@pytest.fixture
async def store(opened) -> Store:
    return await opened()
