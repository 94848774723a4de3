"""The original monitor's table is read whole, and nothing is ever written to it."""

import itertools

import pytest

from gco.errors import StoreIdentityError
from gco.store.dynamodb import create_table, read_original
from tests.store.faulty_proxy import FaultyProxy
from tests.store.test_dynamodb import ORIGINAL

pytestmark = pytest.mark.real

TABLES = (f"original-{number}" for number in itertools.count(1))


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")


@pytest.fixture
async def proxy(dynamodb):
    async with FaultyProxy(dynamodb.endpoint_url).running() as running:
        yield running


@pytest.fixture
def table(dynamodb):
    name = next(TABLES)
    dynamodb.call("CreateTable", {"TableName": name, **ORIGINAL})
    return name


async def test_rows_come_as_plain_values_by_name(proxy, dynamodb, table):
    spec = {
        "image": {"S": "vllm/vllm-openai:v1"},
        "replicas": {"N": "2"},
        "share": {"N": "0.5"},
        "canary": {"NULL": True},
        "args": {"L": [{"S": "--x"}]},
        "autoscaling": {"M": {"enabled": {"BOOL": True}}},
    }
    row = {"endpoint_name": {"S": "web"}, "target_regions": {"SS": ["b", "a"]}, "spec": {"M": spec}}
    dynamodb.call("PutItem", {"TableName": table, "Item": row})
    dynamodb.call("PutItem", {"TableName": table, "Item": {"endpoint_name": {"S": "chat"}}})

    rows = await read_original(table, region="us-east-1", endpoint_url=proxy.url)

    assert rows == [
        {"endpoint_name": "chat"},
        {
            "endpoint_name": "web",
            "target_regions": ["a", "b"],
            "spec": {
                "image": "vllm/vllm-openai:v1",
                "replicas": 2,
                "share": "0.5",
                "canary": None,
                "args": ["--x"],
                "autoscaling": {"enabled": True},
            },
        },
    ]
    assert set(proxy.seen) == {"DescribeTable", "Scan"}


async def test_more_than_an_answer_holds_is_read_whole(dynamodb, table):
    for number in range(8):  # an answer holds 1 MB
        item = {"endpoint_name": {"S": f"web-{number}"}, "note": {"S": "x" * 300_000}}
        dynamodb.call("PutItem", {"TableName": table, "Item": item})

    rows = await read_original(table, region="us-east-1", endpoint_url=dynamodb.endpoint_url)

    assert [row["endpoint_name"] for row in rows] == [f"web-{number}" for number in range(8)]


async def test_a_store_of_ours_and_a_table_that_is_not_there_are_no_originals(dynamodb):
    where = {"region": "us-east-1", "endpoint_url": dynamodb.endpoint_url}
    ours = next(TABLES)
    await create_table(ours, **where)

    with pytest.raises(StoreIdentityError, match="not of the original monitor's layout"):
        await read_original(ours, **where)
    with pytest.raises(StoreIdentityError, match="does not exist"):
        await read_original("nowhere-at-all", **where)
