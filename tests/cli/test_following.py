"""Commands that go on: each change is one line in a pipe, and one JSON object where that is asked."""

import contextlib
import json
import signal
import subprocess
import sys

import pytest

from gco.core.model.status import RegionState
from tests.cli.world import EAST, WEST, document, environment


@contextlib.contextmanager
def started(world, *arguments):
    """A `gco` process whose stdout is a pipe; it is gone afterwards."""
    process = subprocess.Popen(  # noqa: S603  (our own program)
        [sys.executable, "-m", "gco", *arguments],
        env=environment(world, USER="ann"),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def waiting(world):
    world.applied(document(replicas=2, regions=[EAST]))
    return world


def test_a_wait_in_a_pipe_is_a_line_for_each_change_and_ends_when_all_is_ready(waiting):
    with started(waiting, "wait", "web") as process:
        first = process.stdout.readline()
        waiting.report(
            EAST, state=RegionState.CREATING, ready=1, reason="StillLoading", message="1 of 2"
        )
        second = process.stdout.readline()
        waiting.ready(EAST)
        rest, _ = process.communicate()

    assert "web  us-east-1  pending  0/2  revision 1  Pending" in first
    assert "web  us-east-1  creating  1/2  revision 1  StillLoading: 1 of 2" in second
    assert "web  us-east-1  running  2/2  revision 1  Ready" in rest
    assert process.returncode == 0


def test_a_wait_as_data_keeps_progress_off_stdout(waiting):
    waiting.ready(EAST)

    result = waiting.run("wait", "web", "-o", "json")

    assert json.loads(result.stdout)["ready"] is True
    assert "us-east-1  running  2/2" in result.stderr


def test_a_wait_for_the_end_ends_when_nothing_is_left(waiting):
    waiting.run("delete", "web")
    with started(waiting, "wait", "web", "--for", "deleted") as process:
        assert "us-east-1" in process.stdout.readline()
        waiting.purge()
        _, told = process.communicate()

    assert (process.returncode, told) == (0, "web is deleted; nothing of it is left\n")


def test_a_wait_for_what_is_deleted_meanwhile_ends_with_3(waiting):
    with started(waiting, "wait", "web") as process:
        assert process.stdout.readline()
        waiting.run("delete", "web")
        waiting.purge()
        _, told = process.communicate()

    assert (process.returncode, "web was deleted meanwhile" in told) == (3, True)


def test_several_are_waited_for_together(waiting):
    waiting.applied(document("chat", regions=[WEST]))
    waiting.ready(EAST)
    waiting.ready(WEST, name="chat")

    result = waiting.run("wait", "web", "chat", "-o", "json")

    assert [one["name"] for one in json.loads(result.stdout)] == ["web", "chat"]


def test_a_watched_list_is_one_object_a_line_at_each_change(waiting):
    with started(waiting, "list", "--watch", "-o", "json") as process:
        before = json.loads(process.stdout.readline())
        waiting.ready(EAST)
        after = json.loads(process.stdout.readline())
        while not after[0]["ready"]:  # the report and the promotion may come one by one
            after = json.loads(process.stdout.readline())

    assert (before[0]["ready"], after[0]["summary"]) == (False, "1/1 regions ready")


def test_a_watched_status_in_yaml_is_a_series_of_documents(waiting):
    with started(waiting, "status", "web", "--watch", "-o", "yaml") as process:
        assert process.stdout.readline() == "name: web\n"
        waiting.ready(EAST)
        assert "---\n" in iter(process.stdout.readline, "")


def test_ctrl_c_ends_a_watch_without_a_word(waiting):
    with started(waiting, "list", "--watch") as process:
        assert process.stdout.readline()
        process.send_signal(signal.SIGINT)
        _, told = process.communicate()

    assert (process.returncode, told) == (130, "")


def test_a_reader_that_goes_away_is_no_mistake_of_gco(waiting):
    with started(waiting, "list", "--watch") as process:
        assert process.stdout.readline()
        process.stdout.close()
        waiting.ready(EAST)
        told = process.stderr.read()
        process.wait()

    assert (process.returncode, told) == (1, "")
