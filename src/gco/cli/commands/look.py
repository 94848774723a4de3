"""list, status, get, history: what there is."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

from functools import partial
from typing import Annotated

import typer

from gco.cli.commands.help import LOOK, examples
from gco.cli.options import (
    Format,
    NameArgument,
    OutputOption,
    SomeNamesArgument,
    WatchOption,
    flag,
)

app = typer.Typer()


@app.command(
    "list",
    rich_help_panel=LOOK,
    epilog=examples(
        ("gco list", "every endpoint, one line each"),
        ("gco list --watch", "and each change, until Ctrl-C"),
        ("gco list -o json", "a list; `ready` and `summary` say how each is"),
    ),
)
def list_(
    ctx: typer.Context,
    *,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """List endpoints, and what they wait for."""
    from gco.cli.actions import look
    from gco.cli.session import execute

    execute(ctx, partial(look.list_endpoints, output=output, watch=watch))


@app.command(
    "status",
    rich_help_panel=LOOK,
    epilog=examples(
        ("gco status llama-3-8b", "each region, why it waits, where it answers"),
        ("gco status llama-3-8b --watch", "the same, live"),
        ("gco status llama-3-8b --conditions", "and every condition the regions report"),
        ("gco status llama-3-8b -o json", "one object; several names or none: a list"),
    ),
)
def status(
    ctx: typer.Context,
    names: SomeNamesArgument = None,
    *,
    conditions: Annotated[
        bool, flag("--conditions", help="Every condition, not only what is odd.")
    ] = False,
    no_events: Annotated[bool, flag("--no-events", help="Do not ask the clusters.")] = False,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Show how endpoints are: regions, causes, repairs, addresses.

    Of endpoints that are named, and without --watch, the last events too, where a region's cluster
    can be asked from here (`gco context`) and answers within two seconds.
    """
    from gco.cli.actions import look
    from gco.cli.session import execute

    action = partial(
        look.status,
        names=names or (),
        conditions=conditions,
        events=not no_events,
        output=output,
        watch=watch,
    )
    execute(ctx, action)


@app.command(
    "get",
    rich_help_panel=LOOK,
    epilog=examples(
        ("gco get llama-3-8b", "every field, and which are defaults"),
        ("gco get llama-3-8b -o yaml > llama.yaml", "the file that `gco apply` takes"),
        ("gco get -o yaml > backup.yaml", "all of them in one file"),
        ("gco get llama-3-8b -o yaml --defaults", "with every default said"),
    ),
)
def get(
    ctx: typer.Context,
    names: SomeNamesArgument = None,
    *,
    defaults: Annotated[
        bool, flag("--defaults", help="Say defaults as well in JSON and YAML.")
    ] = False,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Show what endpoints shall be: stated fields and defaults."""
    from gco.cli.actions import look
    from gco.cli.session import execute

    action = partial(look.get, names=names or (), defaults=defaults, output=output, watch=watch)
    execute(ctx, action)


@app.command(
    "history",
    rich_help_panel=LOOK,
    epilog=examples(
        ("gco history llama-3-8b", "who changed what, when; newest first"),
        ("gco history llama-3-8b -o json", "with every field before and after"),
    ),
)
def history(ctx: typer.Context, name: NameArgument, *, output: OutputOption = Format.TABLE) -> None:
    """Show an endpoint's revisions: who changed what, when."""
    from gco.cli.actions import look
    from gco.cli.session import execute

    execute(ctx, partial(look.history, name=name, output=output))
