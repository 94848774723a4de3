"""Exit codes that scripts can use, and errors that say what, where and what to do next."""

import pytest

from gco.core.model.status import ConditionType, RegionState
from tests.cli.world import EAST, NEW, WEST, document

STALLED = (ConditionType.STALLED, "True", "ImagePullFailed", "it cannot be pulled")

CODES = {
    "a read": (0, ["list"], ""),
    "an edit": (0, ["scale", "web", "--replicas", "3"], ""),
    "no difference": (0, ["diff", "-f", "same"], ""),
    "a difference": (1, ["diff", "-f", "other"], ""),
    "no such command": (2, ["frobnicate"], "No such command"),
    "no such option": (2, ["list", "--frobnicate"], "No such option"),
    "an argument is missing": (2, ["scale"], "Missing argument"),
    "a bad duration": (2, ["wait", "web", "--timeout", "3q"], "90s, 10m"),
    "no documents": (2, ["apply"], "which documents?"),
    "no such file": (2, ["apply", "-f", "nowhere.yaml"], "nowhere.yaml  cannot be read"),
    "an invalid document": (2, ["apply", "-f", "invalid"], "1 problem in the request"),
    "an unknown region": (2, ["regions", "add", "web", "-r", "eu-wst-1"], "did you mean eu-west-1"),
    "a bad store": (2, ["--store", "redis://x", "list"], "neither kind of store"),
    "not a pair": (2, ["deploy", "b", "--image", "a", "-e", "A"], "--env  A given; NAME=VALUE"),
    "no such endpoint": (3, ["get", "wep"], "no endpoint is called wep; did you mean web?"),
    "no such revision": (3, ["rollback", "web", "--to", "9"], "no revision 9"),
    "no such region": (3, ["regions", "forget", "us-wst-1"], "no region is called us-wst-1"),
    "a taken name": (4, ["deploy", "web", "--image", "a"], "the name web is taken"),
    "a stale edit": (4, ["apply", "-f", "other", "--if-revision", "7"], "at revision 1"),
    "the last region": (4, ["regions", "remove", "one", "-r", EAST], "is the only region"),
    "an autoscaler's count": (
        4,
        ["scale", "scaled", "--replicas", "6"],
        "scaled is scaled by its autoscaler between 2 and 8; change `spec.autoscaling` or pass --pin",
    ),
    "a pinned count": (0, ["scale", "scaled", "--replicas", "6", "--pin"], ""),
    "much at once": (4, ["delete", "web", "one"], "confirm it with --yes"),
    "too late": (5, ["wait", "one", "--timeout", "0"], "is not ready after 0 s"),
}


@pytest.fixture
def files(running):
    running.applied(document("one", regions=[EAST]))
    running.applied(document("scaled", autoscaling={"min": 2, "max": 8}))
    return {
        "same": running.file("same.yaml", document(replicas=2, regions=[EAST, WEST])),
        "other": running.file("other.yaml", document(image=NEW, regions=[EAST, WEST])),
        "invalid": running.file("invalid.yaml", document(replicas=-1)),
    }


@pytest.mark.parametrize("case", CODES)
def test_the_exit_code_says_what_kind_of_end_it_was(running, files, case):
    code, arguments, told = CODES[case]

    result = running.run(*(files.get(argument, argument) for argument in arguments))

    assert (result.exit_code, told in result.stderr) == (code, True), result.stderr
    assert "Traceback" not in result.output


def test_a_region_that_will_not_get_there_ends_a_wait_with_1(running):
    running.applied(document(image=NEW, regions=[EAST, WEST]))
    for region in (EAST, WEST):
        running.report(region, state=RegionState.ERROR, ready=0, conditions=[STALLED])

    result = running.run("wait", "web")

    assert result.exit_code == 1
    assert "web will not get there by itself: 0/2 regions ready" in result.stderr


def test_a_store_that_cannot_be_opened_ends_with_1_and_says_why(empty):
    empty.path.write_text("this is no store of ours, and longer than a header of SQLite is" * 9)

    result = empty.run("list")

    assert result.exit_code == 1
    assert "move it away" in result.stderr


def test_an_error_goes_to_stderr_alone(running):
    result = running.run("get", "nobody", "-o", "json")

    assert (result.stdout, result.exit_code) == ("", 3)


def test_a_conflict_says_its_code_so_that_scripts_are_written_from_what_is_seen(running):
    assert "(exit 4)" in running.run("deploy", "web", "--image", "a").stderr


def test_a_traceback_is_shown_only_to_those_who_ask(running):
    result = running.run("--verbose", "get", "nobody")

    assert result.exit_code == 3
    assert "Traceback" in result.stderr


def test_a_name_in_an_empty_store_is_told_how_to_begin(empty):
    result = empty.run("get", "web")

    assert result.exit_code == 3
    assert "gco sandbox up" in result.stderr
