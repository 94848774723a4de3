"""import: what the original monitor runs becomes GCO's, without a restart."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

from functools import partial
from typing import Annotated

import typer

from gco.cli.commands.help import PLACES, examples
from gco.cli.completion import complete_regions
from gco.cli.options import Format, OutputOption, flag

app = typer.Typer()


@app.command(
    "import",
    rich_help_panel=PLACES,
    epilog=examples(
        ("gco import gco-inference-endpoints", "what would it write, what is lost?"),
        ("gco import gco-inference-endpoints --write", "write it; asking again goes on"),
        ("gco import gco-inference-endpoints -r us-east-1 --write", "one region first"),
    ),
)
def import_(
    ctx: typer.Context,
    table: Annotated[
        str,
        typer.Argument(
            metavar="TABLE",
            help="The original's table, or dynamodb://TABLE?region=REGION; it is only read.",
        ),
    ],
    *,
    region: Annotated[
        list[str] | None,
        typer.Option(
            "--region",
            "-r",
            metavar="REGION",
            help="Only there, for now; every registered one unless given.",
            autocompletion=complete_regions,
        ),
    ] = None,
    write: Annotated[bool, flag("--write", help="Write it; without, it is only shown.")] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Take over the endpoints of an original monitor's table.

    Shows what would be written, what cannot be kept, and what to do in each region. With --write
    each row becomes an endpoint that takes over the objects which run already; no pod restarts.
    """
    from gco.cli.actions import moving
    from gco.cli.session import execute

    execute(
        ctx, partial(moving.move, table=table, regions=region or (), write=write, output=output)
    )
