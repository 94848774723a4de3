"""Invariant: a record that cannot be read is named on stderr, and hides no other from people.

A newer version wrote it, or a hand damaged it. What lists and counts goes by the others; what decides
by the absence of a record still ends.
"""

import json
import sqlite3

import pytest

from tests.cli.world import EAST, WEST, document

RECORDS = {
    "endpoint": "UPDATE endpoints SET record = ? WHERE name = 'web'",
    "region": "UPDATE regions SET record = ? WHERE name = 'eu-west-1'",
    "status": "UPDATE statuses SET record = ? WHERE name = 'web' AND region = 'us-east-1'",
}
NAMED = {
    "endpoint": "the record of endpoint web",
    "region": f"the record of region {WEST}",
    "status": f"the record of web in {EAST}",
}
DAMAGE = {"newer": '{"shape": "of a later version"}', "not-json": "\x00", "empty": ""}
LISTINGS = [("list",), ("status",), ("regions", "list")]


def damaged(world, kind, damage):
    world.applied(document("chat", regions=[{"name": EAST}]))
    with sqlite3.connect(world.path) as db:
        assert db.execute(RECORDS[kind], (DAMAGE[damage],)).rowcount == 1
    db.close()
    return world


@pytest.mark.parametrize("command", LISTINGS, ids=" ".join)
@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("kind", RECORDS)
def test_a_listing_shows_the_others_and_names_the_one_that_cannot_be_read(
    running, kind, damage, command
):
    world = damaged(running, kind, damage)

    table, data = world.run(*command), world.run(*command, "-o", "json")

    for result in (table, data):
        assert result.exit_code == 0, result.stderr
        assert result.stderr.count("warning: ") == result.stderr.count("cannot be read") == 1
        assert f"warning: {NAMED[kind]}" in result.stderr
    names = {row.get("name") or row["region"]["name"] for row in json.loads(data.stdout)}
    hidden = {"endpoint": "web", "region": WEST}.get(kind)
    assert (names >= {EAST}) if command[0] == "regions" else ("chat" in names)
    assert hidden not in names
    assert all(name in table.stdout for name in names)


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("kind", RECORDS)
def test_an_endpoint_is_not_shown_ready_by_what_cannot_be_read(running, kind, damage):
    world = damaged(running, kind, damage)

    shown = {row["name"]: row for row in json.loads(world.run("list", "-o", "json").stdout)}

    assert kind == "endpoint" or shown["web"]["ready"] is False


@pytest.mark.parametrize("damage", DAMAGE)
@pytest.mark.parametrize("kind", ["endpoint", "region"])
def test_another_endpoint_is_deleted_without_a_confirmation(running, kind, damage):
    world = damaged(running, kind, damage)

    deleted = world.run("delete", "chat")

    assert deleted.exit_code == 0, deleted.stderr


def test_a_mistyped_name_is_still_answered_with_the_nearest(running):
    world = damaged(running, "endpoint", "newer")

    result = world.run("get", "chatt")

    assert result.exit_code == 3
    assert "did you mean chat?" in result.stderr


def test_a_store_with_nothing_readable_is_not_called_empty(running):
    world = damaged(running, "endpoint", "newer")
    with sqlite3.connect(world.path) as db:
        db.execute("UPDATE endpoints SET record = ''")
    db.close()

    result = world.run("get", "cha")

    assert result.exit_code == 3
    assert "no endpoints yet" not in result.stderr


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_folder_is_applied_but_for_the_endpoint_whose_record_cannot_be_read(running, damage):
    """A record that cannot be read stops the request about it alone, which leaves it as it is."""
    world = damaged(running, "endpoint", damage)
    file = world.file("all.yaml", document("web", image="b:2"), document("new"), document("chat"))

    planned = world.run("diff", "-f", file, "-o", "json")
    assert world.run("get", "new").exit_code == 3
    applied = world.run("apply", "-f", file)
    again = world.run("apply", "-f", file, "-o", "json")
    alone = world.run("apply", "-f", world.file("web.yaml", document("web", image="b:2")))

    assert [r.exit_code for r in (planned, applied, again, alone)] == [1, 1, 1, 1]
    outcomes = [
        {row["name"]: row["outcome"] for row in json.loads(r.stdout)} for r in (planned, again)
    ]
    assert outcomes[0] == {"web": "unreadable", "new": "created", "chat": "changed"}
    assert outcomes[1] == {"web": "unreadable", "new": "unchanged", "chat": "unchanged"}
    assert "web  not applied: the record of endpoint web cannot be read (" in applied.stdout
    assert "new  created, revision 1" in applied.stdout
    assert "the record of endpoint web cannot be read (" in alone.stderr
    with sqlite3.connect(world.path) as db:
        [(record,)] = db.execute("SELECT record FROM endpoints WHERE name = 'web'")
    db.close()
    assert record == DAMAGE[damage]


@pytest.mark.parametrize(
    "command",
    [("scale", "web", "--replicas", "3"), ("stop", "web"), ("history", "web")],
    ids=" ".join,
)
def test_a_command_about_an_unreadable_record_names_the_record_the_field_and_the_way_on(
    running, command
):
    world = damaged(running, "endpoint", "newer")

    result = world.run(*command)

    assert result.exit_code == 1
    assert "the record of endpoint web cannot be read (" in result.stderr
    assert "upgrade gco" in result.stderr


def test_an_unreadable_endpoint_is_deleted_by_discarding_its_record(running):
    """Others of the same command are deleted; the error says the exact way to be rid of this one."""
    world = damaged(running, "endpoint", "newer")

    refused = world.run("delete", "web", "chat", "--yes")
    alone = world.run("delete", "web", "--yes")
    discarded = world.run("delete", "web", "--yes", "--discard-unreadable")

    assert (refused.exit_code, alone.exit_code, discarded.exit_code) == (1, 1, 0)
    for result in (refused, alone):
        assert "the record of endpoint web cannot be read (" in " ".join(result.stderr.split())
        assert "gco delete web --discard-unreadable" in " ".join(result.stderr.split())
    assert "Stored: chat; not stored: web" in " ".join(refused.stderr.split())
    assert "web  record discarded" in discarded.stdout
    shown = {
        row["name"]: row["state"] for row in json.loads(world.run("list", "-o", "json").stdout)
    }
    assert shown == {"chat": "deleted"}
