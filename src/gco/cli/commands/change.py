"""scale, update-image, stop, start, rollback, delete: one thing about one endpoint."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

from functools import partial
from typing import Annotated

import typer

from gco.cli.commands.help import CHANGE, examples
from gco.cli.options import (
    TIMEOUT_SECONDS,
    DryRunOption,
    Format,
    NameArgument,
    NamesArgument,
    OutputOption,
    RegionOption,
    TimeoutOption,
    WaitOption,
    flag,
    patience,
)

app = typer.Typer()


@app.command(
    "scale",
    rich_help_panel=CHANGE,
    epilog=examples(
        ("gco scale llama-3-8b --replicas 4", "in every region"),
        ("gco scale llama-3-8b --replicas 0 -r ap-south-1", "in one: frees its accelerators"),
        ("gco scale llama-3-8b --replicas 4 --wait", "until they all answer"),
        ("gco scale llama-3-8b --replicas 6 --pin", "and switch its autoscaler off"),
    ),
)
def scale(
    ctx: typer.Context,
    name: NameArgument,
    *,
    replicas: Annotated[
        int, typer.Option("--replicas", "-n", metavar="N", min=0, help="Replicas in each region.")
    ],
    region: RegionOption = None,
    pin: Annotated[bool, flag("--pin", help="Switch the autoscaler off.")] = False,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Set how many replicas run; no pod restarts.

    While an autoscaler owns the number, that takes --pin; what was said of the autoscaler is kept.
    """
    from gco.cli.actions import edit
    from gco.cli.session import execute

    change = edit.scale(name, replicas, region=region, pin=pin, dry_run=dry_run)
    execute(
        ctx, partial(edit.run, change=change, patience=patience(timeout, wait=wait), output=output)
    )


@app.command(
    "update-image",
    rich_help_panel=CHANGE,
    epilog=examples(
        ("gco update-image llama-3-8b vllm/vllm-openai:v0.8.5", "in every region"),
        ("gco update-image llama-3-8b vllm/vllm-openai:v0.8.5 --dry-run", "what restarts?"),
    ),
)
def update_image(
    ctx: typer.Context,
    name: NameArgument,
    image: Annotated[str, typer.Argument(metavar="IMAGE", help="The new container image.")],
    *,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Run another image.

    Pods are replaced as the endpoint's rollout says.
    """
    from gco.cli.actions import edit
    from gco.cli.session import execute

    change = edit.update_image(name, image, dry_run=dry_run)
    execute(
        ctx, partial(edit.run, change=change, patience=patience(timeout, wait=wait), output=output)
    )


@app.command(
    "stop",
    rich_help_panel=CHANGE,
    epilog=examples(
        ("gco stop llama-3-8b", "keep the record, free every accelerator"),
        ("gco stop llama-3-8b --wait", "until the last pod is gone"),
    ),
)
def stop(
    ctx: typer.Context,
    name: NameArgument,
    *,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Free an endpoint's accelerators, keep its record."""
    from gco.cli.actions import edit
    from gco.cli.session import execute

    change = edit.stop(name, dry_run=dry_run)
    execute(
        ctx, partial(edit.run, change=change, patience=patience(timeout, wait=wait), output=output)
    )


@app.command(
    "start",
    rich_help_panel=CHANGE,
    epilog=examples(
        ("gco start llama-3-8b", "run again, with as many replicas as before"),
        ("gco start llama-3-8b --wait", "until every region answers"),
    ),
)
def start(
    ctx: typer.Context,
    name: NameArgument,
    *,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Run a stopped endpoint again."""
    from gco.cli.actions import edit
    from gco.cli.session import execute

    change = edit.start(name, dry_run=dry_run)
    execute(
        ctx, partial(edit.run, change=change, patience=patience(timeout, wait=wait), output=output)
    )


@app.command(
    "rollback",
    rich_help_panel=CHANGE,
    epilog=examples(
        ("gco rollback llama-3-8b", "to the revision before"),
        ("gco rollback llama-3-8b --to 3", "to one of `gco history`"),
        ("gco rollback llama-3-8b --to 3 --dry-run", "what would that change?"),
    ),
)
def rollback(
    ctx: typer.Context,
    name: NameArgument,
    *,
    to: Annotated[
        int | None,
        typer.Option("--to", metavar="N", min=1, help="The revision; the one before unless given."),
    ] = None,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Go back to the spec of an older revision.

    That makes a new revision. Whether the endpoint runs or is stopped stays as it is.
    """
    from gco.cli.actions import edit
    from gco.cli.session import execute

    change = edit.rollback(name, to, dry_run=dry_run)
    execute(
        ctx, partial(edit.run, change=change, patience=patience(timeout, wait=wait), output=output)
    )


@app.command(
    "delete",
    rich_help_panel=CHANGE,
    epilog=examples(
        ("gco delete llama-3-8b", "routes first, then pods, in every region"),
        ("gco delete llama-3-8b --wait", "until nothing of it is left"),
        ("gco delete web chat docs --yes", "a large part of all: says so, or asks"),
    ),
)
def delete(
    ctx: typer.Context,
    names: NamesArgument,
    *,
    yes: Annotated[
        bool, flag("--yes", "-y", help="Do not ask where it is a large part of all.")
    ] = False,
    missing_ok: Annotated[bool, flag("--missing-ok", help="Fine if it does not exist.")] = False,
    discard: Annotated[
        bool,
        flag("--discard-unreadable", help="Remove records that gco cannot read; pods stay."),
    ] = False,
    wait: Annotated[bool, flag("--wait", help="Wait until nothing is left.")] = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Delete endpoints from every region.

    Routes go first, then pods, then the record. Asking twice does no harm.
    """
    from gco.cli.actions import remove
    from gco.cli.session import execute

    action = partial(
        remove.delete,
        names=names,
        yes=yes,
        missing_ok=missing_ok,
        discard=discard,
        patience=patience(timeout, wait=wait),
        output=output,
    )
    execute(ctx, action)
