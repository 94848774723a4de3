"""docs/security.md: its IAM policies fit the table's keys, and keep each region to its own items."""

import fnmatch
import json
import re
from pathlib import Path

import pytest

from gco.store.dynamodb import keys

TEXT = (Path(__file__).parents[2] / "docs/security.md").read_text(encoding="utf-8")
UID = "0f1e2d3c-0000-4000-8000-000000000000"
OWN, OTHER = "us-east-1", "eu-west-1"
POLICIES = {
    title: json.loads(block)
    for title, block in re.findall(r"```json \{title=\"([^\"]+)\"\}\n(.*?)```", TEXT, re.DOTALL)
}
SHARED = {
    "endpoint": keys.endpoint("web")[0],
    "revision": keys.revisions("web", UID),
    "changes": keys.CHANGES,
}
FLEET = {"lease": keys.FLEET_LEASE[0], "purged": keys.PURGED}
REGION = {"record": keys.REGIONS, "status": keys.statuses(OWN), "log": keys.status_log(OWN)}
OTHERS = {"status": keys.statuses(OTHER), "log": keys.status_log(OTHER)}
IDENTITY = {"identity": keys.IDENTITY[0]}


def writes(title, key):
    """Whether the policy lets its holder put an item of the hash key `key`."""
    for statement in POLICIES[title]["Statement"]:
        if "dynamodb:PutItem" in statement["Action"]:
            condition = statement["Condition"]
            assert condition["Null"] == {"dynamodb:LeadingKeys": "false"}
            patterns = condition["ForAllValues:StringLike"]["dynamodb:LeadingKeys"]
            return any(fnmatch.fnmatchcase(key, pattern) for pattern in patterns)
    return False


@pytest.mark.parametrize("key", {**SHARED, **FLEET, **REGION}.values())
def test_a_monitor_writes_what_its_loops_need(key):
    assert writes("A monitor", key)


@pytest.mark.parametrize("key", {**OTHERS, **IDENTITY}.values())
def test_a_monitor_writes_no_other_regions_status_and_no_identity(key):
    assert not writes("A monitor", key)


@pytest.mark.parametrize("key", SHARED.values())
def test_a_person_writes_endpoints(key):
    assert writes("A person", key)


@pytest.mark.parametrize("key", {**FLEET, **REGION, **OTHERS, **IDENTITY}.values())
def test_a_person_writes_nothing_that_only_monitors_do(key):
    assert not writes("A person", key)


def test_the_keys_above_are_all_that_the_table_has():
    named = {name for name in vars(keys) if name.isupper()}
    functions = {n for n, v in vars(keys).items() if callable(v) and v.__module__ == keys.__name__}

    assert named == {"ENDPOINTS", "CHANGES", "REGIONS", "PURGED", "FLEET_LEASE", "IDENTITY", "HEAD"}
    assert functions == {
        *("endpoint", "revisions", "revision", "log_entry"),
        *("region", "statuses", "status", "status_log"),
    }


def test_both_policies_ask_for_no_action_beyond_the_whole_one():
    page = (Path(__file__).parents[2] / "docs/operations.md").read_text(encoding="utf-8")
    whole = set(re.findall(r"\"(dynamodb:\w+)\"", page))

    assert whole
    for policy in POLICIES.values():
        asked = {action for statement in policy["Statement"] for action in statement["Action"]}
        assert asked <= whole
