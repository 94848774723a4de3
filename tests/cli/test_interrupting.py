"""Ctrl-C in the middle of a request for many endpoints: what was stored is named, and is true."""

import contextlib
import json
import os
import signal
import sqlite3
import sys
import threading

import pytest

from gco.store.sqlite import database
from tests.cli.world import document

NAMES = [f"web-{number:02}" for number in range(50)]
"""Two batches: a transaction takes 48."""


@contextlib.contextmanager
def interrupted_in_the_first_write(path):
    """Hold the file's lock until the command waits for it, interrupt the command, and let go."""
    lock = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    lock.execute("BEGIN IMMEDIATE")

    polled = threading.Event()

    def interrupt():
        while not any(map(_waits_for_the_lock, sys._current_frames().values())):
            polled.wait(0.002)
        os.kill(os.getpid(), signal.SIGINT)
        lock.execute("ROLLBACK")

    watcher = threading.Thread(target=interrupt)
    watcher.start()
    try:
        yield
    finally:
        watcher.join()
        lock.close()


def _waits_for_the_lock(frame):
    begins = frame.f_code is database._transaction.__wrapped__.__code__
    return begins and frame.f_locals.get("begin") == "BEGIN IMMEDIATE"


@pytest.mark.parametrize("output", ["table", "json"])
def test_ctrl_c_during_an_apply_names_what_was_stored(world, output):
    file = world.file("many.yaml", *(document(name) for name in NAMES))

    with interrupted_in_the_first_write(world.path):
        result = world.run("apply", "-f", file, "-o", output)

    stored = [facts["name"] for facts in world.facts("list")]
    assert (result.exit_code, stored) == (130, NAMES[:48])
    assert "interrupted. Stored: web-00, web-01, " in result.stderr.replace("\n  ", " ")
    assert "not stored: web-48, web-49" in result.stderr.replace("\n  ", " ")
    if output == "json":
        assert json.loads(result.stdout) == {
            "error": "interrupted",
            "stored": NAMES[:48],
            "unknown": [],
            "notStored": NAMES[48:],
        }
    else:
        assert result.stdout == ""
    assert world.run("apply", "-f", file).exit_code == 0


def test_ctrl_c_during_a_delete_names_what_is_deleted(world):
    world.applied(*(document(name) for name in NAMES))

    with interrupted_in_the_first_write(world.path):
        result = world.run("delete", *NAMES, "--yes", "-o", "json")

    assert (result.exit_code, json.loads(result.stdout)["notStored"]) == (130, NAMES[48:])
