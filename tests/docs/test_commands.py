"""Every command in the documentation does what its page says, or is at least one that can be typed."""

import re

import click
import pytest
import typer.main

from gco.cli.app import assemble
from tests.docs.consoles import Command, commands, gco_calls, unseen
from tests.docs.pages import OPTIONS, PAGES, ROOT, Block, blocks, every

GCO = typer.main.get_command(assemble())
TARGETS = set(
    re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
)
RUN = [
    page
    for page in PAGES
    if any(b.language == "console" and "no-run" not in b.options for b in blocks(page))
]


def named(value) -> str:
    return value.place if isinstance(value, Block) else str(value.relative_to(ROOT))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_blocks_are_marked_as_tests_readme_says(page):
    odd = [b.place for b in blocks(page) if b.language not in OPTIONS or b.unread]
    unknown = [
        (b.place, o) for b in blocks(page) for o in b.options if o not in OPTIONS[b.language]
    ]
    unexplained = [b.place for b in blocks(page) if "" in b.options.values()]

    assert (odd, unknown, unexplained) == ([], [], [])


@pytest.mark.parametrize("block", every("console"), ids=named)
def test_a_command_has_options_that_exist(block):
    for command in commands(block):
        for words in gco_calls(command.line):
            read(words, at=block.place)
        for target in re.findall(r"^make (\w+)", command.line):
            assert target in TARGETS, f"{block.place}: make {target}"


def read(words, *, at):
    """Read a command line as `gco` would, without running it."""
    try:
        command, context = GCO, GCO.make_context("gco", list(words))
        while isinstance(command, click.Group) or hasattr(command, "commands"):
            rest = [*context._protected_args, *context.args]
            name, command, rest = command.resolve_command(context, rest)
            context = command.make_context(name, rest, parent=context)
    except click.exceptions.Exit:
        return  # --help and --version
    except Exception as error:
        raise AssertionError(f"{at}: gco {' '.join(words)}: {error}") from error


@pytest.mark.parametrize("page", RUN, ids=named)
def test_the_commands_of_a_page_do_what_it_shows(page, terminal):
    for block in blocks(page):
        if block.language == "console" and "no-run" not in block.options:
            typed = commands(block)
            assert typed, f"{block.place}: no line begins with `$ `"
            for command in typed:
                follow(command, block, terminal, last=command is typed[-1])
        elif "title" in block.options:
            path = terminal.folder / block.options["title"]
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(block.text, encoding="utf-8")


def follow(command: Command, block, terminal, *, last: bool) -> None:
    done = terminal.run(command.line)
    told = f"{block.place}: $ {command.line}\n{done.output}"
    assert done.code == (int(block.options.get("exit", "0")) if last else 0), told
    assert unseen(command.shown, done.output) == [], told
