"""canary and promote: a second version beside the endpoint's own, and what becomes of it."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

from functools import partial
from typing import Annotated, Any

import typer
from typing_extensions import override

from gco.cli.commands.help import CHANGE, examples
from gco.cli.options import (
    TIMEOUT_SECONDS,
    DryRunOption,
    Format,
    NameArgument,
    OutputOption,
    TimeoutOption,
    WaitOption,
    flag,
    patience,
)


class _SetUnlessSaid(typer.core.TyperGroup):
    """Reads `gco canary NAME …` as `gco canary set NAME …`."""

    @override
    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put `set` in front of what is neither a command nor a request for help."""
        known = args and (args[0] in self.commands or args[0] in ctx.help_option_names)
        return super().parse_args(ctx, args if known or not args else ["set", *args])


app = typer.Typer()
canary = typer.Typer(
    cls=_SetUnlessSaid,
    help="Try another version on a share of the requests.",
    no_args_is_help=True,
    epilog=examples(
        ("gco canary llama-3-8b --image vllm/vllm-openai:v0.8.5", "10 % of the requests"),
        ("gco canary llama-3-8b --weight 50", "half of them"),
        ("gco promote llama-3-8b", "all of them, for good"),
        ("gco canary abort llama-3-8b", "none of them"),
    ),
)
app.add_typer(canary, name="canary", rich_help_panel=CHANGE)


@canary.command(
    "set",
    epilog=examples(
        ("gco canary set llama-3-8b --image vllm/vllm-openai:v0.8.5", "a new image"),
        ("gco canary set llama-3-8b --revision 3 --weight 5", "the pods of a revision"),
        ("gco canary set llama-3-8b --weight 50 --replicas 2", "more for the present one"),
    ),
)
def set_(
    ctx: typer.Context,
    name: NameArgument,
    *,
    image: Annotated[
        str | None, typer.Option("--image", metavar="IMAGE", help="The image that it runs.")
    ] = None,
    revision: Annotated[
        int | None,
        typer.Option("--revision", metavar="N", min=1, help="Or the revision, of `gco history`."),
    ] = None,
    weight: Annotated[
        int | None,
        typer.Option(
            "--weight", metavar="PERCENT", help="Its share of the requests; 10 unless given."
        ),
    ] = None,
    replicas: Annotated[
        int | None,
        typer.Option("--replicas", "-n", metavar="N", help="Its pods a region; 1 unless given."),
    ] = None,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Start a canary, or change the one that there is.

    `set` may be left out. It gets its share once its pods are ready; the endpoint's own pods stay.
    """
    from gco.cli.actions import edit
    from gco.cli.session import execute

    change = edit.canary(
        name, image=image, revision=revision, weight=weight, replicas=replicas, dry_run=dry_run
    )
    execute(
        ctx, partial(edit.run, change=change, patience=patience(timeout, wait=wait), output=output)
    )


@canary.command(
    "abort",
    epilog=examples(
        ("gco canary abort llama-3-8b", "its share goes back, then its pods go"),
        ("gco canary abort llama-3-8b --wait", "until nothing of it is left"),
    ),
)
def abort(
    ctx: typer.Context,
    name: NameArgument,
    *,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """End a canary; the endpoint's own pods get every request again."""
    from gco.cli.actions import edit
    from gco.cli.session import execute

    change = edit.abort_canary(name, dry_run=dry_run)
    execute(
        ctx, partial(edit.run, change=change, patience=patience(timeout, wait=wait), output=output)
    )


@app.command(
    "promote",
    rich_help_panel=CHANGE,
    epilog=examples(
        ("gco promote llama-3-8b", "where the canary serves in every region"),
        ("gco promote llama-3-8b --wait", "until it does so as the endpoint's own"),
        ("gco promote llama-3-8b --dry-run", "what would that change?"),
    ),
)
def promote(
    ctx: typer.Context,
    name: NameArgument,
    *,
    force: Annotated[
        bool, flag("--force", help="Even where it is not known to serve in every region.")
    ] = False,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Make the canary's version the endpoint's own.

    The canary serves on until the endpoint's own pods run its version. `gco rollback` goes back.
    """
    from gco.cli.actions import edit
    from gco.cli.session import execute

    change = edit.promote(name, force=force, dry_run=dry_run)
    execute(
        ctx, partial(edit.run, change=change, patience=patience(timeout, wait=wait), output=output)
    )
