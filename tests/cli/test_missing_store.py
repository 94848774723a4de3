"""A mistyped path is not an empty store.

The invariant: a command about endpoints or regions creates neither a store nor its folder.
"""

import pytest

from tests.cli.world import World

REFUSED = [
    "list",
    "status web",
    "get",
    "history web",
    "wait web",
    "scale web --replicas 2",
    "stop web",
    "rollback web",
    "delete web --missing-ok --yes",
    "logs web",
    "health web",
    "invoke web hello",
    "regions list",
    "regions add web -r us-east-1",
    "regions forget us-east-1",
    "store info",
    "context bind us-east-1 east",
    "apply -f FILE",
    "apply -f FILE --dry-run",
    "diff -f FILE",
    "deploy web --image a",
]


@pytest.fixture
def nowhere(tmp_path):
    """A world whose store's file and folder do not exist."""
    world = World(tmp_path / "own")
    world.path = tmp_path / "mistyped" / "store.db"
    world.url = f"sqlite:///{world.path}"
    return world


def test_no_command_about_endpoints_or_regions_creates_a_missing_file(nowhere, tmp_path):
    file = World(tmp_path).file()
    for command in REFUSED:
        result = nowhere.run(*(file if word == "FILE" else word for word in command.split()))

        assert (result.exit_code, result.stdout) == (3, ""), (command, result.output)
        told = f"no store at {nowhere.path}: correct the path in --store or GCO_STORE"
        assert told in result.stderr.replace("\n  ", " "), command
    assert nowhere.run("store", "init", "--dry-run").exit_code == 0
    assert not nowhere.path.parent.exists()

    assert nowhere.run("store", "init").exit_code == 0
    assert nowhere.facts("list") == []


def test_a_persons_own_store_names_what_creates_it(tmp_path):
    result = World(tmp_path).run("list", store=False)

    assert result.exit_code == 3
    assert "start `gco sandbox up`" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_empty_file_is_no_store_and_stays_empty(tmp_path):
    world = World(tmp_path)
    world.path.touch()

    result = world.run("list")

    assert (result.exit_code, world.path.stat().st_size) == (3, 0)
    assert "the file is empty" in result.stderr
