"""Commands that show: the same facts as a table and as data, in shapes that stay."""

import json

import pytest
import yaml

from gco.core.model.status import ConditionType, RegionState
from tests.cli.world import EAST, NEW, OLD, SOUTH, WEST, document

DRIFTED = (ConditionType.DRIFTED, "False", "Repaired", "Deployment web: spec.replicas")


def test_an_empty_store_says_how_to_begin(empty):
    assert empty.run("list").stdout == "no endpoints yet; `gco sandbox up` or `gco apply -f …`\n"
    assert empty.run("status").stdout.startswith("no endpoints yet")
    assert empty.run("regions", "list").stdout.startswith("no region is registered yet")
    assert empty.facts("list") == []


def test_a_list_has_one_line_an_endpoint_in_a_pipe(running):
    running.applied(document("chat"))

    lines = running.run("list").stdout.splitlines()

    assert lines[0].split() == ["NAME", "STATE", "REGIONS", "REV", "CHANGED", "IMAGE", "WHY"]
    assert [line.split()[:4] for line in lines[1:]] == [
        ["chat", "deploying", "0/3", "1"],
        ["web", "running", "2/2", "1"],
    ]


@pytest.mark.parametrize("command", ["list", "status"])
def test_what_is_seen_of_an_endpoint_has_a_shape_that_scripts_rely_on(running, command):
    [facts] = running.facts(command)

    assert set(facts) == {
        *("name", "uid", "namespace", "labels", "state", "revision", "generation"),
        *("ready", "failed", "summary", "regions", "createdAt", "updatedAt"),
        *("image", "server", "accelerator", "acceleratorsPerReplica"),
    }
    assert (facts["state"], facts["ready"], facts["summary"]) == (
        "running",
        True,
        "2/2 regions ready",
    )
    assert set(facts["regions"][0]) == {
        *("region", "target", "targetRevision", "targetReplicas", "state", "done", "failed"),
        *("replicasReady", "replicasDesired", "observedRevision", "since", "reason", "message"),
        *("conditions", "url"),
    }


def test_one_name_gives_an_object_and_several_give_a_list(running):
    running.applied(document("chat"))

    assert running.facts("status", "web")["name"] == "web"
    assert [one["name"] for one in running.facts("status", "web", "chat")] == ["web", "chat"]
    assert [one["metadata"]["name"] for one in running.facts("get")] == ["chat", "web"]


def test_status_says_why_what_was_repaired_and_where_it_answers(running):
    running.register(EAST, address="http://east.example.com")
    running.report(EAST, conditions=[DRIFTED])
    running.report(
        WEST, state=RegionState.PENDING, ready=0, reason="WaitingForGPU", message="2 requested"
    )

    told = running.run("status", "web").stdout

    assert "web  1/2 regions ready; eu-west-1: WaitingForGPU (2 requested)" in told
    assert f"{EAST}  Drifted, repaired just now: Deployment web: spec.replicas" in told
    assert f"{EAST}  answers at http://east.example.com/inference/web" in told


@pytest.mark.parametrize("output", ["yaml", "json"])
def test_what_get_prints_is_a_document_that_changes_nothing(running, output):
    printed = running.run("get", "web", "-o", output).stdout

    applied = running.run("apply", "-f", "-", stdin=printed)

    assert applied.stdout == "web  unchanged, at revision 1\n"


def test_all_endpoints_are_one_file_that_can_be_applied_again(running):
    running.applied(document("chat", image=NEW))
    printed = running.run("get", "-o", "yaml").stdout

    applied = running.run("apply", "-f", "-", stdin=printed)

    assert applied.stdout == "chat  unchanged, at revision 1\nweb  unchanged, at revision 1\n"


def test_defaults_are_marked_for_people_and_left_out_of_documents_unless_asked_for(running):
    plain = running.facts("get", "web")
    full = running.facts("get", "web", "--defaults")

    assert "spec.port" in running.run("get", "web").stdout
    assert "8000  (default)" in running.run("get", "web").stdout
    assert "port" not in plain["spec"]
    assert full["spec"]["port"] == 8000


def test_a_secret_is_masked_where_people_look_and_kept_in_the_document(world):
    secret = {"name": "HF_TOKEN", "value": "hf_abcdefghijklmnopqrst"}
    world.applied(document(env=[secret]))

    assert secret["value"] not in world.run("get", "web").stdout
    assert world.facts("get", "web")["spec"]["env"] == [secret]


def test_the_history_tells_who_changed_what(running):
    assert running.run("update-image", "web", NEW, USER="ci").exit_code == 0

    table = running.run("history", "web").stdout.splitlines()
    facts = running.facts("history", "web")

    assert table[0].split() == ["REV", "WHEN", "WHO", "WHAT"]
    assert table[1].endswith("ci   image v0.8.4 → v0.8.5")
    assert table[2].endswith("you  created (from applied.yaml)")
    assert [(entry["number"], entry["actor"]) for entry in facts] == [(2, "ci"), (1, "ann")]
    assert facts[0]["changes"] == [{"path": "spec.image", "before": OLD, "after": NEW}]


def test_regions_are_listed_with_what_is_free_there(world):
    world.register(SOUTH, free=2)

    few = world.facts("regions", "list", "--free", "4")

    assert [info["region"]["name"] for info in few] == [WEST, EAST]
    assert "2 of 16 GPUs free" in world.run("regions", "list").stdout


def test_the_store_is_made_once_and_says_what_it_holds(empty):
    empty.path.unlink()
    planned = empty.run("store", "init", "--dry-run")
    missing = not empty.path.exists()
    made, again = empty.facts("store", "init"), empty.facts("store", "init")
    info = empty.facts("store", "info")

    assert (planned.exit_code, missing) == (0, True)
    assert (made["created"], again["created"]) == (True, False)
    assert info == {
        "url": empty.url,
        "identity": made["identity"],
        "schemaVersion": 1,
        "endpoints": 0,
        "regions": 0,
        "unreadable": 0,
        "changes": 0,
    }


def test_a_table_is_planned_without_any_request(empty):
    result = empty.run(
        "--store", "dynamodb://gco-test?region=us-east-1", "store", "init", "--dry-run"
    )

    assert result.exit_code == 0, result.output
    assert "PAY_PER_REQUEST" in result.stdout
    assert "PointInTimeRecoveryEnabled: true" in result.stdout


def test_versions_are_told(empty):
    assert empty.run("--version").stdout.startswith("gco ")
    assert set(empty.facts("version")) == {"gco", "python", "platform"}
    assert yaml.safe_load(empty.run("version", "-o", "yaml").stdout)["gco"]


def test_json_is_the_same_for_every_reader_whatever_the_terminal(running):
    coloured = running.run("list", "-o", "json", FORCE_COLOR="1")

    assert json.loads(coloured.stdout) == running.facts("list")


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [
        pytest.param({}, False, id="a pipe"),
        pytest.param({"FORCE_COLOR": "1"}, True, id="asked for"),
        pytest.param({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False, id="NO_COLOR wins"),
    ],
)
def test_colours_are_for_terminals_and_for_those_who_want_them(running, environment, coloured):
    printed = running.run("list", **environment).stdout

    assert ("\x1b[3" in printed) is coloured
