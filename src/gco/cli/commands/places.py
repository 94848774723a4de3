"""regions and store: where endpoints run, and where it is written what they shall be."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

from functools import partial
from typing import Annotated

import typer

from gco.cli.commands.help import PLACES, examples
from gco.cli.completion import complete_regions
from gco.cli.options import (
    TIMEOUT_SECONDS,
    DryRunOption,
    Format,
    NameArgument,
    OutputOption,
    TimeoutOption,
    WaitOption,
    WatchOption,
    flag,
    patience,
)

app = typer.Typer()
regions = typer.Typer(
    help="See regions; add and remove those of an endpoint.",
    no_args_is_help=True,
    epilog=examples(
        ("gco regions list", "what there is, and what is free"),
        ("gco regions add llama-3-8b --region eu-west-1", "run it there as well"),
    ),
)
store = typer.Typer(
    help="Make the store, or see which one is used.",
    no_args_is_help=True,
    epilog=examples(
        ("gco store info", "which store do commands talk to?"),
        ("gco --store 'dynamodb://gco?region=us-east-1' store init", "make a shared one"),
    ),
)
app.add_typer(regions, name="regions", rich_help_panel=PLACES)
app.add_typer(store, name="store", rich_help_panel=PLACES)

TheRegionOption = Annotated[
    str,
    typer.Option(
        "--region", "-r", metavar="REGION", help="The region.", autocompletion=complete_regions
    ),
]


@regions.command(
    "list",
    epilog=examples(
        ("gco regions list", "heartbeats, endpoints, free accelerators"),
        ("gco regions list --free 4", "those with 4 accelerators free"),
        ("gco regions list --watch", "live"),
    ),
)
def list_(
    ctx: typer.Context,
    *,
    free: Annotated[
        int | None,
        typer.Option("--free", metavar="N", min=0, help="Only those with N accelerators free."),
    ] = None,
    watch: WatchOption = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """List registered regions: what is free, what runs there."""
    from gco.cli.actions import regions as places
    from gco.cli.session import execute

    execute(ctx, partial(places.list_regions, free=free, output=output, watch=watch))


@regions.command(
    "add",
    epilog=examples(
        ("gco regions add llama-3-8b --region eu-west-1", "run it there as well"),
        ("gco regions add llama-3-8b -r eu-west-1 --replicas 1", "with replicas of its own"),
    ),
)
def add(
    ctx: typer.Context,
    name: NameArgument,
    *,
    region: TheRegionOption,
    replicas: Annotated[
        int | None,
        typer.Option("--replicas", metavar="N", min=0, help="Replicas there, unlike elsewhere."),
    ] = None,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Run an endpoint in one more region."""
    from gco.cli.actions import edit
    from gco.cli.session import execute

    change = edit.add_region(name, region, replicas=replicas, dry_run=dry_run)
    execute(
        ctx, partial(edit.run, change=change, patience=patience(timeout, wait=wait), output=output)
    )


@regions.command(
    "remove",
    epilog=examples(
        ("gco regions remove llama-3-8b --region ap-south-1", "clean up there"),
        ("gco regions remove llama-3-8b -r ap-south-1 --dry-run", "what would go?"),
    ),
)
def remove(
    ctx: typer.Context,
    name: NameArgument,
    *,
    region: TheRegionOption,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Remove an endpoint from one region; the others go on."""
    from gco.cli.actions import edit
    from gco.cli.session import execute

    change = edit.remove_region(name, region, dry_run=dry_run)
    execute(
        ctx, partial(edit.run, change=change, patience=patience(timeout, wait=wait), output=output)
    )


@regions.command(
    "forget",
    epilog=examples(
        ("gco regions forget ap-south-1", "its cluster is gone for good"),
        ("gco regions forget ap-south-1 --force", "though endpoints are there: left alone"),
    ),
)
def forget(
    ctx: typer.Context,
    name: Annotated[
        str,
        typer.Argument(
            metavar="REGION", help="The region's name.", autocompletion=complete_regions
        ),
    ],
    *,
    force: Annotated[
        bool, flag("--force", help="Though it is heard of, or has endpoints.")
    ] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Forget a registered region whose cluster is gone."""
    from gco.cli.actions import regions as places
    from gco.cli.session import execute

    execute(ctx, partial(places.forget, region=name, force=force, output=output))


@store.command(
    "init",
    epilog=examples(
        ("gco --store 'dynamodb://gco?region=us-east-1' store init --dry-run", "show requests"),
        ("gco --store 'dynamodb://gco?region=us-east-1' store init", "make the table"),
    ),
)
def init(
    ctx: typer.Context,
    *,
    dry_run: Annotated[bool, flag("--dry-run", help="Show the requests, send none.")] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Create the store; harmless when repeated.

    `gco sandbox up` and `gco monitor` create a missing SQLite file as well. A DynamoDB table is
    created with point-in-time recovery and expiry of the change log.
    """
    from gco.cli.actions import stores
    from gco.cli.session import execute_plain

    execute_plain(ctx, partial(stores.init, dry_run=dry_run, output=output))


@store.command(
    "info",
    epilog=examples(
        ("gco store info", "its URL, identity, and what it holds"),
        ("gco --store sqlite:///other.db store info", "of another store"),
    ),
)
def info(ctx: typer.Context, *, output: OutputOption = Format.TABLE) -> None:
    """Show which store commands talk to, and what it holds."""
    from gco.cli.actions import stores
    from gco.cli.session import execute

    execute(ctx, partial(stores.info, output=output))
