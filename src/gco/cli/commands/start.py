"""apply, diff, wait, invoke: from a file to an answer."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

import enum
from functools import partial
from typing import Annotated

import typer

from gco.cli.commands.help import LOOK, START, examples
from gco.cli.options import (
    TIMEOUT_SECONDS,
    DryRunOption,
    Format,
    NameArgument,
    NamesArgument,
    OutputOption,
    RegionsOption,
    TimeoutOption,
    WaitOption,
    flag,
    patience,
)

app = typer.Typer()

PathsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="Files, folders, or - for stdin.", show_default=False),
]
FileOption = Annotated[
    list[str] | None,
    typer.Option("--file", "-f", metavar="PATH", help="The same as an option.", show_default=False),
]


class Goal(enum.StrEnum):
    """What `gco wait` waits for."""

    READY = "ready"
    DELETED = "deleted"


@app.command(
    "apply",
    rich_help_panel=START,
    epilog=examples(
        ("gco apply -f llama.yaml", "create the endpoint, or change what differs"),
        ("gco apply -f endpoints/ --dry-run", "check a folder, store nothing"),
        ("gco apply -f llama.yaml --wait", "until every region runs it"),
        ("gco apply -f llama.yaml --if-revision 4", "refuse if someone changed it since"),
        ("gco get web -o yaml | gco apply -f -", "from stdin; several documents are fine"),
    ),
)
def apply(
    ctx: typer.Context,
    paths: PathsArgument = None,
    file: FileOption = None,
    *,
    dry_run: DryRunOption = False,
    if_revision: Annotated[
        int | None,
        typer.Option(
            "--if-revision",
            metavar="N",
            min=0,
            help="Only if N is the present revision (0: only if there is none).",
        ),
    ] = None,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Create or change endpoints from YAML or JSON documents.

    All documents are checked before anything is stored. What changes nothing makes no revision.
    A file owns the fields it states; a state or replicas it leaves out keep their value.
    """
    from gco.cli.actions import change
    from gco.cli.session import execute

    action = partial(
        change.apply,
        paths=_paths(paths, file),
        dry_run=dry_run,
        if_revision=if_revision,
        patience=patience(timeout, wait=wait),
        output=output,
    )
    execute(ctx, action)


@app.command(
    "diff",
    rich_help_panel=LOOK,
    epilog=examples(
        ("gco diff -f llama.yaml", "what would `gco apply` change?"),
        ("gco diff -f endpoints/ -o json", "for scripts"),
        ("gco diff -f web.yaml || gco apply -f web.yaml", "exit 0: the same, 1: differs"),
    ),
)
def diff(
    ctx: typer.Context,
    paths: PathsArgument = None,
    file: FileOption = None,
    *,
    output: OutputOption = Format.TABLE,
) -> None:
    """Show what `gco apply` would change.

    Exits with 0 where nothing differs, with 1 where something does.
    """
    from gco.cli.actions import change
    from gco.cli.session import execute

    execute(ctx, partial(change.diff, paths=_paths(paths, file), output=output))


@app.command(
    "wait",
    rich_help_panel=START,
    epilog=examples(
        ("gco wait llama-3-8b", "until every region is ready; a live table"),
        ("gco wait web chat --timeout 10m", "several; exit 5 when it takes longer"),
        ("gco wait web --for deleted", "until nothing of it is left"),
        ("gco wait web -o json", "progress on stderr, the end as JSON on stdout"),
    ),
)
def wait(
    ctx: typer.Context,
    names: NamesArgument,
    *,
    goal: Annotated[Goal, typer.Option("--for", help="What to wait for.")] = Goal.READY,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Wait until endpoints are ready, and show how far they are.

    Exits with 1 where a region will not get there by itself, with 5 when the time is over.
    """
    from gco.cli.actions import wait as waiting
    from gco.cli.session import execute
    from gco.service import Until

    until = Until(goal.value)
    execute(ctx, partial(waiting.wait, names=names, until=until, patience=timeout, output=output))


@app.command(
    "invoke",
    rich_help_panel=START,
    epilog=examples(
        ('gco invoke llama-3-8b "Say hello"', "ask a region that is ready"),
        ('gco invoke llama-3-8b "Say hello" -r eu-west-1 --stream', "ask one, word by word"),
        ('gco invoke llama-3-8b "Say hello" --all-regions', "ask each of them"),
        ("gco invoke llama-3-8b - < prompt.txt", "the prompt from stdin"),
    ),
)
def invoke(
    ctx: typer.Context,
    name: NameArgument,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What to ask, or - for stdin.")],
    *,
    region: RegionsOption = None,
    all_regions: Annotated[
        bool, flag("--all-regions", "-a", help="Ask every region that answers.")
    ] = False,
    stream: Annotated[bool, flag("--stream", "-s", help="Print the answer as it comes.")] = False,
    max_tokens: Annotated[
        int | None,
        typer.Option("--max-tokens", metavar="N", min=1, help="The longest answer."),
    ] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Send a prompt to an endpoint, and print the answer.

    It goes as users' requests do: over HTTP, through a region's entrance.
    """
    from gco.cli.actions import invoke as asking
    from gco.cli.session import execute

    action = partial(
        asking.ask,
        name=name,
        text=prompt,
        regions=region or (),
        all_regions=all_regions,
        stream=stream,
        max_tokens=max_tokens,
        output=output,
    )
    execute(ctx, action)


def _paths(paths: list[str] | None, file: list[str] | None) -> list[str]:
    given = [*(paths or ()), *(file or ())]
    if not given:
        raise typer.BadParameter("which documents? Give -f PATH: a file, a folder, or - for stdin")
    return given
