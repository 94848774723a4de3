"""Commands that change endpoints: what is stored, and what is said of it."""

import json
import sqlite3

import pytest

from gco.core.model.status import RegionState
from tests.cli.world import EAST, NEW, OLD, SOUTH, WEST, document


def stored(world, name="web"):
    async def work(store):
        return await store.get(name)

    return world.do(work)


def test_a_new_endpoint_says_where_it_joins_and_what_is_free_there(world):
    result = world.run("apply", "-f", world.file())

    assert result.exit_code == 0
    assert result.stdout.startswith("web  created, revision 1 (you, from web.yaml)\n")
    assert f"joins {SOUTH} (6 of 16 GPUs free), {WEST} (6 of 16 GPUs free)" in result.stdout


def test_a_change_shows_field_by_field_what_differs(running):
    path = running.file("web.yaml", document(image=NEW, replicas=2, regions=[EAST, WEST]))

    result = running.run("apply", path)

    assert "  spec.image  vllm/vllm-openai:v0.8.4 → v0.8.5\n" in result.stdout
    assert "restarts pods: yes, with surge (" in result.stdout


def test_a_file_that_changes_nothing_makes_no_revision(running):
    result = running.run("apply", "-f", running.file("same.yaml", stated(running)))

    assert result.stdout == "web  unchanged, at revision 1\n"
    assert stored(running).revision == 1


def test_a_dry_run_shows_the_change_and_stores_nothing(running):
    path = running.file("web.yaml", document(image=NEW, regions=[EAST, WEST]))

    result = running.run("apply", "-f", path, "--dry-run")

    assert "dry run: nothing was stored" in result.stdout
    assert stored(running).spec.image == OLD


def test_folders_stdin_and_several_documents_are_one_request(world):
    folder = world.folder / "endpoints"
    folder.mkdir()
    (folder / "a.yaml").write_text(json.dumps(document("a")))
    (folder / "b.json").write_text(json.dumps(document("b")))
    (folder / "notes.txt").write_text("not a document")
    both = f"{json.dumps(document('c'))}\n---\n{json.dumps(document('d'))}"

    result = world.run("apply", "-f", str(folder), "-f", "-", "-o", "json", stdin=both)

    assert [one["name"] for one in json.loads(result.stdout)] == ["a", "b", "c", "d"]
    assert {one["reason"] for one in json.loads(result.stdout)} == {"from endpoints, stdin"}


def test_what_is_wrong_in_any_file_is_told_at_once_and_nothing_is_stored(world):
    good = world.file("good.yaml", document("good"))
    bad = world.file("bad.yaml", document("bad", replicas=-1))
    worse = world.file("worse.yaml", document("worse", replcas=1))

    result = world.run("apply", good, bad, worse)

    assert result.exit_code == 2
    assert "nothing was changed; 2 problems in the request" in result.stderr
    assert "bad.yaml:1" in result.stderr
    assert "did you mean replicas?" in result.stderr
    assert world.facts("list") == []


def test_a_careful_writer_creates_only_what_is_not_there(world):
    path = world.file()

    assert world.run("apply", "-f", path, "--if-revision", "0").exit_code == 0
    assert world.run("apply", "-f", path, "--if-revision", "0").exit_code == 4


def test_flags_make_the_same_endpoint_that_a_file_would(world):
    result = world.run(
        *("deploy", "web", "--image", OLD, "-r", EAST, "-r", WEST, "--replicas", "2"),
        *("--gpus", "4", "-e", "A=b=c", "-l", "team=chat", "--port", "9000"),
        *("--", "--max-model-len=8192"),
    )

    endpoint = stored(world)
    assert result.exit_code == 0, result.stderr
    assert [region.name for region in endpoint.spec.regions] == [EAST, WEST]
    assert (endpoint.spec.replicas, endpoint.spec.resources.count) == (2, 4)
    assert (endpoint.spec.env[0].name, endpoint.spec.env[0].value) == ("A", "b=c")
    assert (endpoint.labels, endpoint.spec.args) == ({"team": "chat"}, ("--max-model-len=8192",))


@pytest.mark.parametrize(
    ("flags", "stated"),
    [
        pytest.param(["--min", "2", "--max", "6"], {"min": 2, "max": 6}, id="both"),
        pytest.param(["--max", "6"], {"max": 6}, id="the-most-alone"),
        pytest.param([], None, id="neither"),
    ],
)
def test_bounds_make_an_autoscaler(world, flags, stated):
    assert world.run("deploy", "web", "--image", OLD, "-r", EAST, *flags).exit_code == 0

    autoscaling = stored(world).spec.autoscaling
    assert (autoscaling and autoscaling.model_dump(exclude_none=True)) == stated


def test_bounds_that_contradict_each_other_are_refused_as_in_a_file(world):
    result = world.run("deploy", "web", "--image", OLD, "-r", EAST, "--min", "6", "--max", "2")

    assert (result.exit_code, "spec.autoscaling" in result.stderr) == (2, True), result.output


@pytest.mark.parametrize(
    ("arguments", "path", "before", "after"),
    [
        pytest.param(["scale", "web", "--replicas", "6"], "spec.replicas", "2", "6", id="scale"),
        pytest.param(["stop", "web"], "spec.state", None, "stopped", id="stop"),
        pytest.param(["update-image", "web", NEW], "spec.image", OLD, NEW, id="update-image"),
        pytest.param(
            ["scale", "web", "--replicas", "1", "-r", EAST],
            f"spec.regions[{EAST}].replicas",
            None,
            "1",
            id="scale one region",
        ),
    ],
)
def test_an_edit_is_a_revision_with_its_field_before_and_after(
    running, arguments, path, before, after
):
    facts = running.facts(*arguments)

    [change] = facts["changes"]
    assert (change["path"], change.get("before"), change["after"]) == (path, before, after)
    assert (facts["revision"], facts["previous"], facts["outcome"]) == (2, 1, "changed")


def test_a_stopped_endpoint_starts_again_and_a_rollback_goes_back(running):
    assert running.run("stop", "web").exit_code == 0
    assert "starts in" in running.run("start", "web").stdout
    assert running.run("update-image", "web", NEW).exit_code == 0

    assert running.facts("rollback", "web", "--to", "1")["revision"] == 5
    assert stored(running).spec.image == OLD


def test_a_rollback_names_the_counts_and_regions_that_it_takes_back(running):
    """Whoever rolls an image back learns that the replicas and regions of the day go with it."""
    running.run("update-image", "web", NEW)
    running.run("scale", "web", "--replicas", "10")
    running.run("regions", "add", "web", "-r", SOUTH)

    for how in (["--dry-run"], []):
        shown = " ".join(running.run("rollback", "web", "--to", "1", *how).stdout.split())
        told = "taken back as well, to what revision 1 says"
        assert f"warning: spec.replicas: 10 → 2; {told}" in shown
        assert f"warning: spec.regions[{SOUTH}]" in shown
        assert f"leaves {SOUTH}" in shown
    assert "spec.image: " not in shown

    running.run("scale", "web", "--replicas", "4")
    assert "taken back" not in running.run("rollback", "web").stdout  # what was asked for


def test_a_region_joins_and_leaves(running):
    assert f"joins {SOUTH}" in running.run("regions", "add", "web", "-r", SOUTH).stdout
    assert f"leaves {SOUTH}" in running.run("regions", "remove", "web", "-r", SOUTH).stdout


def test_an_old_warning_is_not_repeated_with_each_count(running):
    first = running.run("apply", "-f", running.file("web.yaml", document(image=NEW)))

    assert "warning: spec.route" in first.stdout
    assert "warning" not in running.run("scale", "web", "--replicas", "3").stdout


def test_a_deletion_says_where_objects_are_to_go_from_and_asking_twice_does_no_harm(running):
    first = running.run("delete", "web")
    again = running.run("delete", "web")

    assert first.stdout == f"web  is being deleted; objects are to go from {WEST}, {EAST}\n"
    assert again.stdout.startswith("web  is being deleted already")


def test_many_are_deleted_only_when_that_is_confirmed(running):
    running.applied(document("chat"), document("docs"))

    refused = running.run("delete", "web", "chat")
    confirmed = running.run("delete", "web", "chat", "--yes")

    assert (refused.exit_code, confirmed.exit_code) == (4, 0)
    assert stored(running, "chat").deleted_by == "ann"


def test_what_is_not_there_may_be_deleted_where_that_is_fine(world):
    assert world.facts("delete", "nobody", "--missing-ok") == []


def test_a_silent_region_is_forgotten_and_a_living_one_is_not(running):
    refused = running.run("regions", "forget", SOUTH)
    forced = running.run("regions", "forget", SOUTH, "--force")

    assert (refused.exit_code, forced.stdout) == (4, f"{SOUTH} is forgotten\n")


def test_apply_waits_where_it_is_told_to(running):
    running.report(EAST, state=RegionState.UPDATING, ready=1)

    late = running.run(
        "apply", "-f", running.file("w.yaml", stated(running)), "--wait", "--timeout", "0"
    )
    running.ready(EAST, WEST)
    ready = running.run("apply", "-f", running.file("w.yaml", stated(running)), "--wait")

    assert (late.exit_code, ready.exit_code) == (5, 0)


def stated(world):
    return world.facts("get", "web")


def test_an_apply_that_fails_half_way_lists_what_was_stored(world):
    names = [f"web-{n:03}" for n in range(60)]
    path = world.file("many.yaml", *(document(name) for name in names))
    with sqlite3.connect(world.path) as db:
        db.execute(
            "CREATE TRIGGER full BEFORE INSERT ON endpoints WHEN NEW.name = 'web-059' "
            "BEGIN SELECT RAISE(ABORT, 'disk is full'); END"
        )

    failed = world.run("apply", "-f", path, "-o", "json")

    facts = json.loads(failed.stdout)
    assert (failed.exit_code, facts["stored"], facts["notStored"]) == (1, names[:48], names[48:])
    assert "disk is full" in facts["error"]
    assert "Stored: web-000" in failed.stderr
    assert [one["name"] for one in world.facts("list")] == names[:48]


def test_what_is_too_large_is_a_wrong_request_in_dry_runs_as_well(world):
    path = world.file("large.yaml", document(args=["x" * 450_000]))
    for command in (("apply",), ("apply", "--dry-run"), ("diff",)):
        result = world.run(*command, "-f", path)
        assert (result.exit_code, "at most 380,000 bytes" in result.stderr) == (2, True)
