"""logs, events: what the clusters of an endpoint's regions tell."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

from functools import partial
from typing import Annotated

import typer

from gco.cli.commands.help import LOOK, examples
from gco.cli.options import (
    Format,
    LineFormat,
    NameArgument,
    OutputOption,
    RegionsOption,
    flag,
)

app = typer.Typer()

FollowOption = Annotated[bool, flag("--follow", "-f", help="Go on until Ctrl-C.")]
LINES = 100
"""How many lines of each pod are shown unless told."""


@app.command(
    "logs",
    rich_help_panel=LOOK,
    epilog=examples(
        ("gco logs llama-3-8b", "the end of every pod's log, in every region"),
        ("gco logs llama-3-8b -r us-east-1 --follow", "and each line as it comes"),
        ("gco logs llama-3-8b --previous --tail 20", "why did it restart?"),
        ("gco logs llama-3-8b --model-copy", "how far are its weights, and what went wrong?"),
        ("gco logs llama-3-8b -o json", "an object a line: region, pod, time, text"),
    ),
)
def logs(
    ctx: typer.Context,
    name: NameArgument,
    *,
    region: RegionsOption = None,
    follow: FollowOption = False,
    previous: Annotated[
        bool, flag("--previous", "-p", help="Of the container's run before this one.")
    ] = False,
    tail: Annotated[
        int,
        typer.Option("--tail", metavar="N", min=-1, help="The last N lines of each pod; -1: all."),
    ] = LINES,
    pod: Annotated[
        str | None, typer.Option("--pod", metavar="POD", help="Of this pod alone.")
    ] = None,
    canary: Annotated[bool, flag("--canary", help="Of the canary's pods.")] = False,
    copy: Annotated[
        bool, flag("--model-copy", help="Of what copies its model into the region.")
    ] = False,
    output: Annotated[
        LineFormat, typer.Option("--output", "-o", help="Text for people, or JSON a line.")
    ] = LineFormat.TEXT,
) -> None:
    """Show the logs of an endpoint's pods, over its regions.

    The clusters are asked from here: see `gco context`. With --follow, pods that come later are
    followed too. Exits with 1 where a region could not be asked.
    """
    if follow and previous:
        raise typer.BadParameter("a run that is over cannot be followed: --follow or --previous")
    if canary and copy:
        raise typer.BadParameter("a model is copied for both: --canary or --model-copy")
    from gco.cli.actions import logs as reading
    from gco.cli.session import execute

    action = partial(
        reading.logs,
        name=name,
        regions=region or (),
        follow=follow,
        previous=previous,
        lines=None if tail < 0 else tail,
        pod=pod or "",
        canary=canary,
        copy=copy,
        output=output,
    )
    execute(ctx, action)


@app.command(
    "events",
    rich_help_panel=LOOK,
    epilog=examples(
        ("gco events llama-3-8b", "what the clusters noted of its objects, oldest first"),
        ("gco events llama-3-8b -r us-east-1 --follow", "and each event as it comes"),
        ("gco events llama-3-8b -o json", "a list, or with --follow an object a line"),
    ),
)
def events(
    ctx: typer.Context,
    name: NameArgument,
    *,
    region: RegionsOption = None,
    follow: FollowOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Show what Kubernetes noted of an endpoint's objects.

    Deployments, pods, routes, autoscalers, Jobs. The clusters are asked from here: see
    `gco context`. Exits with 1 where a region could not be asked.
    """
    from gco.cli.actions import events as reading
    from gco.cli.session import execute

    action = partial(reading.events, name=name, regions=region or (), follow=follow, output=output)
    execute(ctx, action)
