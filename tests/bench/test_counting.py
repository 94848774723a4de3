"""What counts as work, and what as upkeep, in requests to Kubernetes and to the store."""

import json

import pytest

from bench.counting import StoreRequest, store_request, tally
from testbed.audit import Request

MONITOR = "gco-monitor/"


def asked(verb, resource, *, code=200, agent="gco-monitor/0.1.0"):
    return Request(verb, "/", resource, "gco", "web", "user", agent, code)


def test_leases_and_watches_are_counted_apart():
    found = tally(
        [asked("update", "leases"), asked("watch", "leases"), asked("watch", "pods")], MONITOR
    )
    assert (found.requests, found.leases, found.watches) == (0, 2, 1)


def test_work_is_counted_by_verb_and_resource():
    found = tally([asked("patch", "services"), asked("patch", "services")], MONITOR)
    assert found.work == {"patch services": 2}


def test_objects_are_what_was_created_but_for_events():
    found = tally(
        [
            asked("patch", "deployments", code=201),
            asked("patch", "deployments", code=200),
            asked("create", "events", code=201),
        ],
        MONITOR,
    )
    assert (found.made, found.requests) == (1, 3)


def test_other_programs_do_not_count():
    assert tally([asked("patch", "pods", agent="kubectl/v1")], MONITOR).requests == 0


def put(pk):
    return {"Put": {"TableName": "t", "Item": {"pk": {"S": pk}, "sk": {"S": "x"}}}}


def key(pk):
    return {"TableName": "t", "Key": {"pk": {"S": pk}, "sk": {"S": "x"}}}


@pytest.mark.parametrize(
    ("operation", "body", "expected"),
    [
        pytest.param("Query", {}, (False, False), id="query-reads"),
        pytest.param("TransactGetItems", {}, (False, False), id="transaction-that-reads"),
        pytest.param(
            "TransactWriteItems", {"TransactItems": [put("#regions")]}, (True, True), id="heartbeat"
        ),
        pytest.param("PutItem", put("#fleet")["Put"], (True, True), id="fleet-lease"),
        pytest.param("UpdateItem", key("#changes"), (True, False), id="update"),
        pytest.param("DeleteItem", key("web#1"), (True, False), id="delete"),
        pytest.param(
            "TransactWriteItems",
            {"TransactItems": [{"ConditionCheck": key("#regions")}, put("#status/east")]},
            (True, False),
            id="status-fenced-by-its-region",
        ),
        pytest.param(
            "TransactWriteItems",
            {"TransactItems": [{"Update": key("#regions")}, {"Delete": key("#status/east")}]},
            (True, False),
            id="heartbeat-with-more",
        ),
        pytest.param(
            "BatchWriteItem",
            {"RequestItems": {"t": [{"DeleteRequest": {"Key": key("web#1")["Key"]}}]}},
            (True, False),
            id="batch",
        ),
    ],
)
def test_a_write_is_upkeep_where_it_writes_heartbeats_and_leases_alone(operation, body, expected):
    found = store_request(f"DynamoDB_20120810.{operation}", json.dumps(body).encode())
    assert found == StoreRequest(operation, *expected)
