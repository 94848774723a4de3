"""Help and reads are quick because they import little; the structure is held here, not the time."""

import json
import subprocess
import sys

import pytest

from tests.cli.world import environment

PROBE = """
import json, os, sys
opened = set()
def note(event, told):
    if event == "open" and isinstance(told[0], str):
        opened.add(os.path.basename(told[0]))
sys.addaudithook(note)
from gco.__main__ import main
try:
    main()
except SystemExit:
    pass
sys.stderr.write("LOADED " + json.dumps(sorted({*sys.modules, *opened})))
"""
COLLECTOR = """
import gc, sys
from gco.__main__ import main
def note(event, told):
    if event == "sqlite3.connect":
        sys.stderr.write(f"COLLECTS {gc.isenabled()}")
sys.addaudithook(note)
main()
"""
CLIENTS = {"aiohttp", "aiobotocore", "botocore", "lightkube", "prometheus_client", "structlog"}
METADATA = {"entry_points.txt"}
"""Of other packages: whoever looks for plugins opens every one."""
PARTS = {"gco.cluster", "gco.controllers", "gco.sandbox", "gco.server", "gco.store.dynamodb"}
OURS = {"gco.core", "gco.service", "gco.store", "gco.settings", "gco.wiring"}


def loaded(world, *arguments):
    """The modules that a command imports, and the names of the files that it opens."""
    return set(json.loads(probed(world, PROBE, *arguments).partition("LOADED ")[2]))


def probed(world, probe, *arguments):
    """Run a program of ours; return what it wrote to stderr."""
    done = subprocess.run(  # noqa: S603  (our own program)
        [sys.executable, "-c", probe, *arguments],
        env=environment(world),
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stderr


@pytest.mark.parametrize(
    ("arguments", "unwanted"),
    [
        pytest.param(["--help"], CLIENTS | PARTS | OURS | {"yaml", "orjson"}, id="help"),
        pytest.param(["apply", "--help"], CLIENTS | PARTS | OURS | {"yaml"}, id="apply --help"),
        pytest.param(["logs", "--help"], CLIENTS | PARTS | OURS | {"yaml"}, id="logs --help"),
        pytest.param(["chat", "--help"], CLIENTS | PARTS | OURS | {"yaml"}, id="chat --help"),
        pytest.param(["context", "list"], CLIENTS | PARTS | {"yaml"}, id="context list"),
        pytest.param(["list"], CLIENTS | PARTS | {"yaml"}, id="list"),
        pytest.param(["status", "web"], CLIENTS | PARTS | {"yaml"}, id="status"),
        pytest.param(["apply", "-f", "-"], CLIENTS | PARTS, id="apply"),
        pytest.param(["version"], CLIENTS | PARTS, id="version"),
    ],
)
def test_a_command_imports_no_more_than_it_needs(running, arguments, unwanted):
    assert loaded(running, *arguments) & (unwanted | METADATA) == set()


def test_garbage_is_collected_again_once_a_command_is_at_work(running):
    assert "COLLECTS True" in probed(running, COLLECTOR, "list")
