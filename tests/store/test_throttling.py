"""Readers of one throttled partition, in virtual time.

Invariants: whoever lists a partition together uses what it gives, and no more than its size for each
reader; meanwhile a single record is read, and written, within a second; a listing that is throttled
for longer than its patience fails, and continues after its last name.
"""

import asyncio
import contextlib

import pytest

from bench.samples import percentile
from bench.throttled import ThrottledTable
from gco.core.model.ids import EndpointName
from gco.errors import StoreThrottledError
from gco.store.dynamodb import keys
from gco.store.dynamodb.attributes import to_item
from gco.store.dynamodb.client import Client, unobserved
from gco.store.dynamodb.pace import Pace
from gco.store.dynamodb.store import DynamoDbStore
from tests.store.builders import a_spec, an_endpoint, promoting
from tests.store.conftest import SteppedClock
from tests.virtual_time import run

UNITS = 300.0
READERS = 8
RECORDS = 120
NAMES = [EndpointName(f"e-{number:03}") for number in range(RECORDS)]


def filled():
    spec = a_spec(env=[{"name": "A", "value": "x" * 4000}])
    table = ThrottledTable(read_units=UNITS)
    table.fill(to_item(keys.endpoint(name), an_endpoint(name, spec=spec)) for name in NAMES)
    return table


def store_on(table, *, time_out=10.0):
    client = Client(table, "t", "the table", time_out, unobserved)
    resources = contextlib.AsyncExitStack()
    return DynamoDbStore(client, resources, pace=Pace(0.3, 2.0), clock=SteppedClock())


async def names_of(store, **options):
    return [endpoint.name async for endpoint in store.list(**options)]


def test_many_listings_use_what_the_partition_gives_and_leave_room_for_a_single_record():
    async def scenario():
        table = filled()
        loop = asyncio.get_running_loop()
        seconds = []

        async def person():
            while True:
                began = loop.time()
                store = store_on(table)
                await store.write([promoting(await store.get(NAMES[7]))])
                seconds.append(loop.time() - began)
                await asyncio.sleep(0.3)

        began = loop.time()
        busy = asyncio.create_task(person())
        listings = await asyncio.gather(*(names_of(store_on(table)) for _ in range(READERS)))
        took = loop.time() - began
        busy.cancel()

        assert listings == [NAMES] * READERS
        assert table.begun[keys.ENDPOINTS] == READERS
        assert took <= 1.1 * READERS * table.size(keys.ENDPOINTS) / UNITS
        assert percentile(seconds, 99) <= 1.0

    run(scenario)


def test_a_listing_alone_is_not_held_up():
    async def scenario():
        table = filled()
        began = asyncio.get_running_loop().time()
        assert await names_of(store_on(table)) == NAMES
        assert asyncio.get_running_loop().time() - began < 0.1

    run(scenario)


def test_a_listing_that_gets_no_units_fails_and_continues_after_its_last_name():
    async def scenario():
        table = filled()
        store = store_on(table, time_out=1.0)
        partition = table._partition(keys.ENDPOINTS)
        read = []
        partition.reads.take(10 * UNITS)
        with pytest.raises(StoreThrottledError, match="throttles requests"):
            await names_of(store)
        await asyncio.sleep(10)

        async for endpoint in store.list(after=NAMES[9]):
            read.append(endpoint.name)
            if len(read) == 1:
                partition.reads.take(5 * UNITS)
        assert read == NAMES[10:]

    run(scenario)
