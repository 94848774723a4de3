"""DynamoDB Local answers, on the loopback address alone, and comes back from outages."""

import socket
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from testbed.dynamodb import DynamoDBLocal
from testbed.errors import CommandFailed
from testbed.skipping import skipping

pytestmark = pytest.mark.real


def _make_table(server: DynamoDBLocal, name: str) -> None:
    server.call(
        "CreateTable",
        {
            "TableName": name,
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
        },
    )
    server.call("PutItem", {"TableName": name, "Item": {"pk": {"S": "a"}, "n": {"N": "1"}}})


def _read(server: DynamoDBLocal, name: str) -> Any:
    key = {"pk": {"S": "a"}}
    return server.call("GetItem", {"TableName": name, "Key": key, "ConsistentRead": True})["Item"]


def test_an_item_is_read_back(dynamodb: DynamoDBLocal) -> None:
    _make_table(dynamodb, "read-back")
    assert _read(dynamodb, "read-back") == {"pk": {"S": "a"}, "n": {"N": "1"}}


def test_a_failed_condition_is_an_error(dynamodb: DynamoDBLocal) -> None:
    _make_table(dynamodb, "conditional")
    with pytest.raises(CommandFailed, match="ConditionalCheckFailedException"):
        dynamodb.call(
            "PutItem",
            {
                "TableName": "conditional",
                "Item": {"pk": {"S": "a"}},
                "ConditionExpression": "attribute_not_exists(pk)",
            },
        )


def test_only_the_loopback_address_is_served(dynamodb: DynamoDBLocal) -> None:
    """A server on every interface would answer on each address of the loopback network."""
    port = urlsplit(dynamodb.endpoint_url).port
    with socket.socket() as client, pytest.raises(ConnectionRefusedError):
        client.connect(("127.0.0.2", port))


def test_a_frozen_server_keeps_its_tables() -> None:
    with skipping(), DynamoDBLocal() as server:
        _make_table(server, "kept")
        server.pause()
        with pytest.raises(TimeoutError):
            server.call("ListTables", {}, seconds=0.2)
        server.resume()
        assert _read(server, "kept")["n"] == {"N": "1"}


@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_a_durable_server_keeps_address_and_tables_over_an_outage(kill: bool) -> None:
    with skipping(), DynamoDBLocal(durable=True) as server:
        _make_table(server, "kept")
        url = server.endpoint_url
        server.stop_server(kill=kill)
        with pytest.raises(ConnectionRefusedError):
            server.call("ListTables", {})
        server.start_server()
        assert server.endpoint_url == url
        assert _read(server, "kept")["n"] == {"N": "1"}


def test_after_a_stop_no_process_is_left() -> None:
    server = DynamoDBLocal()
    with skipping():
        server.start()
    pid = server.pid
    server.stop()
    assert not Path(f"/proc/{pid}").exists()
