"""The reference of the command line, as a page: made from what `gco … --help` says."""

import re
from collections.abc import Iterator
from typing import Any, Final

import typer.main

from gco.cli.app import assemble

_HEAD: Final = """\
# Every command

Made from `gco --help` by `make generate`; each command has the same with `--help`.
"""


def page() -> str:
    """Return the page as Markdown."""
    root = typer.main.get_command(assemble())
    return "\n".join([_HEAD, *_sections("gco", root)])


def _sections(name: str, command: Any) -> Iterator[str]:  # noqa: ANN401 - click's, under typer's cover
    context = command.make_context(name, [], resilient_parsing=True)
    yield _section(name, command, context)
    if hasattr(command, "list_commands"):
        for inner in command.list_commands(context):
            yield from _sections(f"{name} {inner}", command.get_command(context, inner))


def _section(name: str, command: Any, context: Any) -> str:  # noqa: ANN401
    records = [(p, p.get_help_record(context)) for p in command.get_params(context)]
    rows = [
        f"| {_names(told[0])} | {_cell(told[1])} |"
        for p, told in records
        if told and p.name != "help"
    ]
    table = ["| option | |", "|---|---|", *rows, ""] if rows else []
    return "\n".join([f"## {name}\n", _prose(command.help), "", *table, *_examples(command.epilog)])


def _names(text: str) -> str:
    return _cell(f"`{re.sub(r' ?<.*?>', '', text).strip()}`")


def _examples(epilog: str | None) -> Iterator[str]:
    """Yield the examples as a block; what is said beside or above one becomes its comment."""
    lines = [line.replace("\\[", "[") for line in (epilog or "").splitlines()[1:]]
    if lines:
        yield '```console {no-run="examples of the help"}'
        for line in lines:
            yield re.sub(r" *\[dim\](?:# )?(.*?)\[/dim\]", r"  # \1", line).strip()
        yield "```\n"


def _prose(text: str | None) -> str:
    return "\n\n".join(" ".join(part.split()) for part in (text or "").split("\n\n"))


def _cell(text: str) -> str:
    plain = re.sub(r"\\?\[/?dim\]", "", text or "")
    return " ".join(plain.split()).replace("|", "\\|")
