"""What a service brings with it: throttling, lost answers, credentials, tables of other layouts."""

import asyncio
import contextlib
import itertools

import pytest
from structlog.testing import capture_logs

from gco.core.model.endpoint import EndpointState
from gco.core.model.ids import EndpointName, EndpointUid, Epoch, Seq
from gco.errors import (
    ConflictError,
    GapError,
    SettingsError,
    StoreDeniedError,
    StoreError,
    StoreIdentityError,
    StoreUnavailableError,
)
from gco.store.dynamodb import DynamoDbStore, create_table
from gco.store.port import MAX_WRITES, Version
from tests.store.builders import (
    EAST,
    WEB,
    a_lease,
    a_region,
    a_status,
    creating,
    promoting,
    purging,
)
from tests.store.conftest import FUTURE, SteppedClock
from tests.store.faulty_proxy import (
    Dropped,
    Failed,
    FaultyProxy,
    Hung,
    Lost,
    bodies,
    cancelled,
)

pytestmark = pytest.mark.real

TABLES = (f"faulty-{number}" for number in itertools.count(1))
THROTTLED = Failed("ProvisionedThroughputExceededException")
IN_PROGRESS = Failed("TransactionInProgressException")
INTERNAL = Failed("InternalServerError", status=500)
WEEK = 7 * 24 * 3600
ORIGINAL = {
    "KeySchema": [{"AttributeName": "endpoint_name", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "endpoint_name", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")


@pytest.fixture
def table():
    return next(TABLES)


@pytest.fixture
async def proxy(dynamodb):
    async with FaultyProxy(dynamodb.endpoint_url).running() as running:
        yield running


@pytest.fixture
async def opened(proxy, table):
    """Open the table through the proxy, made first; what is opened is closed in the end."""
    await create_table(table, region="us-east-1", endpoint_url=proxy.url)
    async with contextlib.AsyncExitStack() as stack:

        async def open_one(**options):
            store = await open_table(table, proxy, **options)
            stack.push_async_callback(store.close)
            return store

        yield open_one


@pytest.fixture
async def store(opened, proxy):
    opened_store = await opened()
    proxy.seen.clear()
    return opened_store


async def open_table(table, proxy, **options):
    defaults = {"tail_seconds": 0.05, "clock": SteppedClock(), "region": "us-east-1"}
    return await DynamoDbStore.open(table, endpoint_url=proxy.url, **{**defaults, **options})


def raw(dynamodb, table, pk, sk):
    """Return an item as DynamoDB holds it, asked without any client library."""
    key = {"pk": {"S": pk}, "sk": {"S": sk}}
    return dynamodb.call("GetItem", {"TableName": table, "Key": key}).get("Item")


@contextlib.contextmanager
def impatient(store, seconds=0.3):
    """Within this context the store gives up soon: for outages, not for what a slow machine does."""
    before, store._client.time_out = store._client.time_out, seconds
    yield
    store._client.time_out = before


async def everything(entries):
    return [entry async for entry in entries]


# Throttling and lost answers

PASSING = [
    pytest.param([THROTTLED, THROTTLED, THROTTLED], id="throttled"),
    pytest.param([INTERNAL, Failed("ServiceUnavailable", status=503)], id="failed inside"),
    pytest.param([Dropped()], id="request lost"),
    pytest.param([Lost()], id="answer lost"),
    pytest.param([Lost(), IN_PROGRESS, THROTTLED], id="answer lost and still under way"),
]
CONFLICTS = [
    pytest.param([cancelled("None", "None", "None", code)], id=code)
    for code in ("TransactionConflict", "ThrottlingError", "ProvisionedThroughputExceeded")
]


@pytest.mark.parametrize("faults", PASSING + CONFLICTS)
async def test_a_write_is_stored_once_whatever_passes(store, proxy, faults):
    proxy.next("TransactWriteItems", *faults)

    assert await store.write([creating()]) == 1
    assert (await store.get(WEB)).generation == 1
    assert [c.seq for c in await everything(store.changes(Seq(0)))] == [1]


@pytest.mark.parametrize("faults", PASSING)
async def test_a_lease_is_taken_once_whatever_passes(store, proxy, faults):
    proxy.next("TransactWriteItems", *faults)

    await store.write_fleet_lease(a_lease(), seen=None)
    assert await store.fleet_lease() == a_lease()


@pytest.mark.parametrize("faults", PASSING)
async def test_an_epoch_is_counted_once_whatever_passes(store, proxy, faults):
    proxy.next("TransactWriteItems", *faults)

    assert await store.lead_region(a_region()) == 1


@pytest.mark.parametrize("faults", PASSING)
async def test_a_status_is_logged_once_whatever_passes(store, proxy, faults):
    await store.lead_region(a_region())
    proxy.next("TransactWriteItems", *faults)

    assert await store.write_statuses(EAST, Epoch(1), [a_status()]) == 1
    assert await store.status_head(EAST) == 1


@pytest.mark.parametrize(
    "faults", [*PASSING, pytest.param([cancelled("TransactionConflict")], id="being written")]
)
async def test_reading_what_changed_waits_for_what_passes(store, proxy, faults):
    await store.write([creating()])
    proxy.next("TransactGetItems", *faults)

    assert list(await store.get_many([WEB])) == [WEB]


async def test_a_query_goes_on_after_what_passes(store, proxy):
    await store.write([creating()])
    proxy.next("Query", THROTTLED, Lost(), INTERNAL)

    assert [e.name for e in await everything(store.list())] == ["web"]


async def test_of_two_whose_answers_are_lost_one_still_wins(opened, proxy):
    one, other = await opened(), await opened()
    await one.write([creating()])
    read = await one.get(WEB)
    proxy.next("TransactWriteItems", Lost(), Lost())

    results = await asyncio.gather(
        one.write([promoting(read)]), other.write([promoting(read)]), return_exceptions=True
    )
    assert sorted(isinstance(result, ConflictError) for result in results) == [False, True]
    assert await one.head() == 2


OUTAGES = [
    pytest.param(THROTTLED, id="throttled for ever"),
    pytest.param(INTERNAL, id="failing for ever"),
    pytest.param(Dropped(), id="dropped"),
    pytest.param(Hung(), id="hung"),
]


@pytest.mark.parametrize("fault", OUTAGES)
async def test_an_outage_ends_in_an_error_within_the_time_out(opened, proxy, fault):
    store = await opened()
    for operation in ("GetItem", "Query", "TransactWriteItems"):
        proxy.always(operation, fault)

    for attempt in (store.get(WEB), everything(store.list()), store.write([creating()])):
        async with asyncio.timeout(5):
            with impatient(store), pytest.raises(StoreUnavailableError, match="does not answer"):
                await attempt

    proxy.heal()
    assert await store.write([creating()]) == 1


async def test_a_head_that_others_always_move_first_ends_in_an_error(opened, proxy):
    store = await opened()
    proxy.always("TransactWriteItems", cancelled("None", "None", "None", "TransactionConflict"))

    with impatient(store), pytest.raises(StoreUnavailableError, match="too busy"):
        await store.write([creating()])


async def test_waiting_goes_on_while_the_store_is_out_of_reach(opened, proxy):
    store = await opened()
    proxy.always("Query", Dropped())
    version = await store.wait(Version(0))

    async with asyncio.timeout(5):
        assert await store.wait(version) == version


async def test_an_address_where_nobody_listens_is_said_so(table):
    with pytest.raises(StoreUnavailableError, match=r"does not answer.*127.0.0.1:9"):
        await DynamoDbStore.open(
            table, region="us-east-1", endpoint_url="http://127.0.0.1:9", time_out=1.0
        )


# Requests


async def test_a_tail_at_rest_is_one_request_however_many_endpoints(store, proxy):
    await store.write([creating(f"e-{number}") for number in range(MAX_WRITES)])
    head = await store.head()
    proxy.seen.clear()

    assert await everything(store.changes(head)) == []
    assert proxy.seen == ["Query"]


async def test_a_lone_writer_sends_one_request_a_write(store, proxy):
    await store.write([creating()])
    read = await store.get(WEB)
    proxy.seen.clear()
    await store.write([promoting(read)])

    assert proxy.seen == ["TransactWriteItems"]


# Purges


async def test_revisions_that_a_purge_could_not_delete_go_with_the_next(opened, proxy):
    store = await opened()
    await store.write([creating("a"), creating("b")])
    purge = purging(await store.get(EndpointName("a")))
    proxy.always("BatchWriteItem", INTERNAL)
    with impatient(store, seconds=2), capture_logs() as logged:
        await store.write([purge])
    assert [line["event"] for line in logged] == ["old revisions are left for the next purge"]

    proxy.heal()
    await store.write([purging(await store.get(EndpointName("b")))])
    assert await store.revisions(EndpointName("a"), EndpointUid("uid-1")) == []


async def test_a_half_removed_region_is_removed_by_the_next_try(opened, proxy):
    store = await opened()
    await store.lead_region(a_region())
    await store.write_statuses(EAST, Epoch(1), [a_status()])
    proxy.always("BatchWriteItem", INTERNAL)
    with impatient(store, seconds=2), pytest.raises(StoreUnavailableError):
        await store.remove_region(EAST)

    proxy.heal()
    await store.remove_region(EAST)
    assert await store.statuses(EAST) == []


# Records


async def test_records_are_attributes_that_people_can_query(store, dynamodb, table):
    write = creating()
    await store.write([write])

    item = raw(dynamodb, table, "#endpoints", "web")
    assert item["state"] == {"S": EndpointState.DEPLOYING.value}
    assert item["generation"] == item["revision"] == {"N": "1"}
    assert item["targets"]["M"]["us-east-1"]["M"]["replicas"] == {"N": "2"}
    assert item["spec"]["S"].startswith('{"image":')
    assert raw(dynamodb, table, "web#uid-1", "0000000001")["actor"] == {"S": "ann"}


async def test_entries_of_a_log_expire_after_a_week_and_heads_never(store, dynamodb, table):
    await store.lead_region(a_region())
    await store.write([creating()])
    await store.write_statuses(EAST, Epoch(1), [a_status()])

    for log in ("#changes", "#status-log/us-east-1"):
        entry = raw(dynamodb, table, log, f"{1:016d}")
        assert entry["expires"] == {"N": str(int(FUTURE.timestamp()) + WEEK)}
        assert "expires" not in raw(dynamodb, table, log, "head")
    expiry = dynamodb.call("DescribeTimeToLive", {"TableName": table})["TimeToLiveDescription"]
    assert expiry == {"AttributeName": "expires", "TimeToLiveStatus": "ENABLED"}


async def test_a_record_of_a_newer_version_fails_by_name(store, dynamodb, table):
    await store.write([creating()])
    item = raw(dynamodb, table, "#endpoints", "web") | {"newField": {"S": "new"}}
    dynamodb.call("PutItem", {"TableName": table, "Item": item})

    with pytest.raises(StoreError, match=r"web under #endpoints .*newField.*upgrade gco"):
        await store.get(WEB)


# Which table


async def test_making_a_table_twice_changes_nothing(proxy, table):
    where = {"region": "us-east-1", "endpoint_url": proxy.url}
    first = await create_table(table, **where)
    store = await open_table(table, proxy)
    await store.write([creating()])
    again = await create_table(table, **where)

    assert (first.created, again.created) == (True, False)
    assert first.identity == again.identity == await store.identity()
    assert (await store.get(WEB)).generation == 1
    await store.close()


async def test_those_who_make_a_table_at_once_make_one_store(proxy, table):
    where = {"region": "us-east-1", "endpoint_url": proxy.url}
    results = await asyncio.gather(*(create_table(table, **where) for _ in range(4)))

    assert len({result.identity for result in results}) == 1
    assert sum(result.created for result in results) == 1


async def test_what_an_endpoint_of_ones_own_cannot_do_is_said(proxy, table):
    result = await create_table(table, region="us-east-1", endpoint_url=proxy.url)

    assert result.notes == (
        "point-in-time recovery is not switched on: this endpoint does not know it",
    )


async def test_a_dry_run_shows_what_would_be_made_and_sends_nothing(proxy, table):
    result = await create_table(table, region="us-east-1", endpoint_url=proxy.url, dry_run=True)

    assert proxy.seen == []
    assert result.plan["create_table"]["BillingMode"] == "PAY_PER_REQUEST"
    assert set(result.plan) == {
        "create_table",
        "update_continuous_backups",
        "update_time_to_live",
    }
    assert (result.created, result.identity) == (False, None)


async def test_a_missing_table_is_said_with_the_next_step(proxy, table):
    with pytest.raises(StoreIdentityError, match=rf"no DynamoDB table {table} .*gco store init"):
        await open_table(table, proxy)


async def test_a_table_of_the_originals_layout_is_never_written(proxy, dynamodb, table):
    dynamodb.call("CreateTable", {"TableName": table, **ORIGINAL})
    row = {"endpoint_name": {"S": "llama"}, "desired_state": {"S": "running"}}
    dynamodb.call("PutItem", {"TableName": table, "Item": row})
    advice = rf"layout of the original.*such as {table}-v2.*gco import"

    with pytest.raises(StoreIdentityError, match=advice):
        await open_table(table, proxy)
    with pytest.raises(StoreIdentityError, match=advice):
        await create_table(table, region="us-east-1", endpoint_url=proxy.url)
    assert dynamodb.call("Scan", {"TableName": table})["Items"] == [row]
    assert set(proxy.seen) == {"DescribeTable"}


async def test_a_table_of_something_else_is_refused(proxy, dynamodb, table):
    theirs = {
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }
    dynamodb.call("CreateTable", {"TableName": table, **ORIGINAL, **theirs})

    with pytest.raises(StoreIdentityError, match="something else"):
        await open_table(table, proxy)


async def test_a_table_without_a_store_is_said_with_the_next_step(opened, dynamodb, table):
    identity = {"pk": {"S": "#store"}, "sk": {"S": "identity"}}
    dynamodb.call("DeleteItem", {"TableName": table, "Key": identity})

    with pytest.raises(StoreIdentityError, match=r"not initialised.*gco store init"):
        await opened()


async def test_a_store_of_a_newer_version_is_refused_with_what_to_do(opened, dynamodb, table):
    item = raw(dynamodb, table, "#store", "identity") | {"schemaVersion": {"N": "99"}}
    dynamodb.call("PutItem", {"TableName": table, "Item": item})

    with pytest.raises(StoreIdentityError, match=r"version 99.*upgrade gco"):
        await opened()


@pytest.mark.parametrize(
    "described",
    [
        pytest.param({"Replicas": [{"RegionName": "eu-west-1"}]}, id="current"),
        pytest.param({"GlobalTableVersion": "2017.11.29"}, id="legacy"),
    ],
)
async def test_a_global_table_is_refused(opened, proxy, described):
    proxy.change("DescribeTable", bodies(described))

    with pytest.raises(StoreIdentityError, match="global table"):
        await opened()


# Credentials and regions


@pytest.mark.parametrize(
    "code", ["UnrecognizedClientException", "ExpiredTokenException", "AccessDeniedException"]
)
async def test_refused_credentials_are_said_with_the_next_step(store, proxy, code):
    proxy.always("GetItem", Failed(code))

    with pytest.raises(StoreDeniedError, match=r"AWS refuses the credentials.*policy"):
        await store.get(WEB)
    assert proxy.seen == ["GetItem"]


async def test_a_log_in_an_emptied_table_is_a_gap_and_no_mistake(store, dynamodb, table):
    """Whatever happens to the table, a reader hears of it by one of the project's own errors."""
    await store.write([creating()])
    head = await store.head()
    await asyncio.to_thread(dynamodb.empty, table)
    with pytest.raises(GapError, match="now at 0, no longer reaches back to 1"):
        [change async for change in store.changes(head)]


@pytest.fixture
def nothing_configured(monkeypatch, tmp_path):
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


@pytest.mark.usefixtures("nothing_configured")
async def test_missing_credentials_are_said_with_the_next_step(proxy, table):
    with pytest.raises(StoreDeniedError, match=r"no AWS credentials.*AWS_PROFILE"):
        await open_table(table, proxy)


@pytest.mark.usefixtures("nothing_configured")
async def test_a_missing_region_is_said_with_the_next_step(proxy, table):
    with pytest.raises(SettingsError, match=r"name its AWS region.*region=us-east-1"):
        await open_table(table, proxy, region=None)


async def test_every_request_is_told_to_whoever_counts_them(opened, proxy, table):
    await opened()
    seen = []
    counted = await open_table(
        table, proxy, observe=lambda operation, result, _: seen.append((operation, result))
    )
    try:
        await counted.regions()
    finally:
        await counted.close()

    assert ("query", "success") in seen
