"""`gco import`: what it shows, writes and tells, from a table on a real DynamoDB API."""

import itertools

import pytest

from tests.cli.world import EAST, WEST
from tests.store.test_dynamodb import ORIGINAL

pytestmark = pytest.mark.real

TABLES = (f"cli-original-{number}" for number in itertools.count(1))
ROW = {
    "endpoint_name": {"S": "web"},
    "desired_state": {"S": "running"},
    "target_regions": {"L": [{"S": EAST}, {"S": "mars-1"}]},
    "spec": {
        "M": {
            "image": {"S": "vllm/vllm-openai:v0.8.4"},
            "replicas": {"N": "2"},
            "gpu_type": {"S": "g5.xlarge"},
        }
    },
}


@pytest.fixture
def original(dynamodb, monkeypatch):
    """The original's table with one row; its URL."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "local")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "local")
    table = next(TABLES)
    dynamodb.call("CreateTable", {"TableName": table, **ORIGINAL})
    dynamodb.call("PutItem", {"TableName": table, "Item": ROW})
    return f"dynamodb://{table}?region=us-east-1&endpoint={dynamodb.endpoint_url}"


def rows(dynamodb, url):
    table = url.removeprefix("dynamodb://").partition("?")[0]
    return dynamodb.call("Scan", {"TableName": table})["Items"]


def test_what_would_be_written_what_is_lost_and_what_to_do_is_shown(world, original, dynamodb):
    result = world.run("import", original)

    assert result.exit_code == 0, result.stderr
    shown = result.stdout
    assert "web" in shown
    assert "spec.replicas" in shown
    assert "gpu_type g5.xlarge: not kept" in shown
    assert "nothing was written (1 created); --write writes it" in shown
    assert "Never take a region out of a row" in shown
    stop, start = shown.index("stop the original monitor"), shown.index("REGION=mars-1")
    assert stop < start
    assert world.run("get", "web").exit_code == 3
    assert rows(dynamodb, original) == [ROW]


def test_it_is_written_once_and_the_table_stays_as_it_is(world, original, dynamodb):
    written = world.facts("import", original, "--write")
    again = world.facts("import", original, "--write")

    [first], [second] = written["endpoints"], again["endpoints"]
    assert (first["fate"], first["written"]) == ("created", True)
    assert (second["fate"], second["written"]) == ("unchanged", False)
    places = {place["region"]: place for place in written["cutOver"]}
    assert places[EAST]["registered"]
    assert not places["mars-1"]["registered"]
    assert WEST not in places
    assert rows(dynamodb, original) == [ROW]
    [entry] = world.facts("history", "web")
    assert entry["reason"].startswith("imported from cli-original-")


def test_a_row_that_cannot_be_moved_is_told_by_the_exit_code_too(world, original, dynamodb):
    table = original.removeprefix("dynamodb://").partition("?")[0]
    canary = {"M": {"image": {"S": "x:2"}}}
    spec = {"M": {**ROW["spec"]["M"], "canary": canary}}
    dynamodb.call("PutItem", {"TableName": table, "Item": {**ROW, "spec": spec}})

    result = world.run("import", original)

    assert result.exit_code == 1
    assert "promote it or roll it back with the original first" in result.stdout


@pytest.mark.parametrize(
    ("table", "told"),
    [
        pytest.param("sqlite:///other.db", "is no table", id="a-file"),
        pytest.param("?", "cannot be read", id="no-name"),
    ],
)
def test_what_names_no_table_is_refused(world, table, told):
    result = world.run("import", table)

    assert result.exit_code == 2
    assert told in result.stderr
