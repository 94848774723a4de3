"""chat, health: an endpoint is spoken with, or asked whether it is well, as its users would."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

from functools import partial
from typing import Annotated

import typer

from gco.cli.commands.help import LOOK, START, examples
from gco.cli.options import (
    Format,
    LineFormat,
    NameArgument,
    OutputOption,
    RegionOption,
    RegionsOption,
    seconds,
)

app = typer.Typer()

HEALTH_SECONDS = 5.0


@app.command(
    "chat",
    rich_help_panel=START,
    epilog=examples(
        ("gco chat llama-3-8b", "a conversation; Ctrl-D leaves"),
        ("gco chat llama-3-8b -r eu-west-1", "with one region"),
        ('gco chat llama-3-8b --system "Answer in one sentence"', "told first"),
        ("gco chat llama-3-8b < questions.txt", "one line a turn"),
    ),
)
def chat(
    ctx: typer.Context,
    name: NameArgument,
    *,
    region: RegionOption = None,
    system: Annotated[
        str | None, typer.Option("--system", metavar="TEXT", help="What the model is told first.")
    ] = None,
    max_tokens: Annotated[
        int | None, typer.Option("--max-tokens", metavar="N", min=1, help="The longest answer.")
    ] = None,
    output: Annotated[
        LineFormat, typer.Option("--output", "-o", help="Text for people, or JSON a turn.")
    ] = LineFormat.TEXT,
) -> None:
    """Talk with an endpoint; what was said is sent along.

    /reset forgets it, /region NAME goes on elsewhere, /help lists these. Ctrl-C ends an answer,
    Ctrl-D leaves. The server has to speak OpenAI's chat completions.
    """
    from gco.cli.actions import chat as talking
    from gco.cli.session import execute

    action = partial(
        talking.chat,
        name=name,
        region=region,
        system=system,
        max_tokens=max_tokens,
        output=output,
    )
    execute(ctx, action)


@app.command(
    "health",
    rich_help_panel=LOOK,
    epilog=examples(
        ("gco health llama-3-8b", "does each region answer, and how fast?"),
        ("gco health llama-3-8b -r eu-west-1", "one region"),
        ("gco health llama-3-8b || gco status llama-3-8b", "exit 1: some region does not"),
    ),
)
def health(
    ctx: typer.Context,
    name: NameArgument,
    *,
    region: RegionsOption = None,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="DURATION",
            parser=seconds,
            show_default="5s",
            help="How long to wait for an answer.",
        ),
    ] = HEALTH_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Ask each region's route whether the server is ready.

    The ready path is asked from here, as users' requests come: over HTTP, through the region's
    entrance. Exits with 1 where a region does not answer with 200.
    """
    from gco.cli.actions import health as asking
    from gco.cli.session import execute

    action = partial(
        asking.health, name=name, regions=region or (), patience=timeout, output=output
    )
    execute(ctx, action)
