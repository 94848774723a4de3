"""docs/operations.md tells of everything that there is to set, to scrape and to look up, and of no more."""

import json
import re
from pathlib import Path

import pytest

import gco.store.dynamodb
from gco.core.region.causes import RANK
from gco.core.region.drift import DriftKind
from gco.settings import Settings
from gco.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs/operations.md").read_text(encoding="utf-8")
ACTIONS = {
    "batch_write_item": {"BatchWriteItem"},
    "transact_get_items": {"GetItem"},
    "transact_write_items": {"ConditionCheckItem", "DeleteItem", "PutItem"},
}
"""What AWS calls the permission of an operation, where that is not the operation's own name."""


def section(title: str) -> str:
    """Return what stands below a heading, up to the next of its level or above."""
    level = title.partition(" ")[0]
    _, _, rest = TEXT.partition(f"{title}\n")
    return re.split(rf"^#{{1,{len(level)}}} ", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(title: str) -> dict[str, list[str]]:
    """Return a section's table by the name in its first column."""
    cells = (
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in section(title).splitlines()
        if line.startswith("| `")
    )
    return {first.strip("`"): rest for first, *rest in cells}


def test_every_setting_is_documented_and_no_other():
    variables = {str(field.validation_alias) for field in Settings.model_fields.values()}

    assert rows("## Settings").keys() == variables


@pytest.mark.parametrize("variable", sorted(rows("## Settings")))
def test_a_setting_has_the_documented_default(variable):
    told = rows("## Settings")[variable][0].strip("`")
    [field] = [f for f in Settings.model_fields.values() if f.validation_alias == variable]

    if field.default not in (None, ""):
        assert told == str(field.default)


def test_every_metric_is_documented_with_its_labels():
    metrics = Metrics(version="1", process=False)
    collectors = metrics.registry._collector_to_names  # what no sample has been taken of, too
    told = {
        (_scraped(collector), ", ".join(f"`{label}`" for label in _labels(collector)))
        for collector in collectors
    }

    assert {(name, cells[0]) for name, cells in rows("## Metrics").items()} == told


def _scraped(collector) -> str:
    [family] = collector.describe()
    suffix = {"counter": "_total", "info": "_info"}.get(family.type, "")
    return f"{family.name}{suffix}"


def _labels(collector) -> tuple[str, ...]:
    [family] = collector.collect()
    if family.type == "info":
        return tuple(family.samples[0].labels)
    return collector._labelnames


def test_reasons_are_listed_in_the_order_in_which_they_win():
    assert tuple(rows("## Why an endpoint is not ready")) == RANK


def test_every_outcome_of_a_hand_edit_is_told():
    told = section("## Why an endpoint is not ready")

    assert all(f"`{kind.value}`" in told for kind in DriftKind)


def test_the_policies_allow_every_operation_on_the_table_and_no_other():
    source = "".join(
        path.read_text(encoding="utf-8")
        for path in Path(gco.store.dynamodb.__path__[0]).glob("*.py")
    )
    operations = set(
        re.findall(r'"((?:batch|transact|create|describe|get|query|update)(?:_[a-z_]+)?)"', source)
    )
    used = {action for name in operations for action in ACTIONS.get(name, {_camel(name)})}
    policies = [json.loads(block) for block in re.findall(r"```json\n(.*?)```", TEXT, re.DOTALL)]
    allowed = [action for policy in policies for action in policy["Statement"][0]["Action"]]

    assert sorted(allowed) == sorted(f"dynamodb:{action}" for action in used)


def _camel(operation: str) -> str:
    return "".join(word.capitalize() for word in operation.split("_"))


def test_what_the_manifests_configure_is_a_setting():
    monitor = (ROOT / "deploy/kubernetes/monitor.yaml").read_text(encoding="utf-8")
    configured = set(re.findall(r"^  ([A-Z][A-Z0-9_]+):", monitor, re.MULTILINE))

    assert configured
    assert configured <= rows("## Settings").keys()
