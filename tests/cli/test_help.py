"""Help: every command has examples that are real, and everything fits 80 columns."""

import re
import shlex

import pytest
import typer.main

from gco.cli.app import COMMANDS as PLACES
from gco.cli.app import ORDER, assemble

ROOT = typer.main.get_command(assemble())


def commands(group=ROOT, path=()):
    for name, command in group.commands.items():
        if hasattr(command, "commands"):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name), command


COMMANDS = {" ".join(path): command for path, command in commands()}


def test_every_command_has_its_place_in_the_help():
    assert set(ROOT.commands) == set(ORDER)


@pytest.mark.parametrize("name", ORDER)
def test_a_call_of_a_command_finds_it_without_assembling_every_other(name):
    called = typer.main.get_command(assemble(["--store", "list", name, "--help"]))

    assert name in called.commands
    assert set(called.commands) == {other for other in ORDER if PLACES[other] == PLACES[name]}


def test_help_lists_commands_in_order_of_use(empty):
    told = empty.run("--help").stdout

    places = [told.index(f"│ {name} ") for name in ORDER]
    assert places == sorted(places)


def test_gco_alone_shows_the_help(empty):
    result = empty.run()

    assert result.exit_code == 0
    assert "gco sandbox up" in result.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_the_help_of_every_command_has_examples(empty, name):
    result = empty.run(*name.split(), "--help", COLUMNS="80")

    assert result.exit_code == 0
    assert re.search(r"^ Examples", result.stdout, re.MULTILINE)
    assert re.search(rf"\$ .*gco .*{name}", result.stdout)
    assert [line for line in result.stdout.splitlines() if len(line.rstrip()) > 80] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_each_example_is_a_command_line_that_can_be_read(name):
    for line in re.findall(r"\$ (.*)", COMMANDS[name].epilog):
        plain = re.sub(r"  \[dim\].*", "", line).replace("\\[", "[")
        for words in (shlex.split(part) for part in re.split(r" \|\|? ", plain)):
            arguments = [word for word in words if not re.match(r"[A-Z]+=", word)][1:]
            if "gco" in words:
                parsed(arguments)


def parsed(arguments):
    """Read a command line as `gco` would, without running it; a bad one raises a usage error."""
    for mark in (">", "<"):
        if mark in arguments:
            arguments = arguments[: arguments.index(mark)]
    command, context = ROOT, ROOT.make_context("gco", list(arguments))
    while hasattr(command, "commands"):
        rest = [*context._protected_args, *context.args]
        name, command, rest = command.resolve_command(context, rest)
        context = command.make_context(name, rest, parent=context)


@pytest.mark.parametrize("name", COMMANDS)
def test_a_command_is_explained_in_a_line_that_fits_the_list(name):
    first, *_ = COMMANDS[name].help.split("\n\n")

    assert len(first) <= 62
    assert first.endswith(".")
