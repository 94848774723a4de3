"""context: named stores, and the ways to the clusters of their regions."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gco.cli.commands.help import PLACES, examples
from gco.cli.completion import complete_contexts, complete_regions
from gco.cli.options import Format, OutputOption, flag

app = typer.Typer()
contexts = typer.Typer(
    help="Name stores, and say which kube context leads to a region.",
    no_args_is_help=True,
    epilog=examples(
        ("gco context add prod --store 'dynamodb://gco?region=us-east-1' --use", "name a store"),
        ("gco context bind us-east-1 prod-use1", "the kube context of a region"),
        ("gco --context local list", "one command elsewhere"),
    ),
)
app.add_typer(contexts, name="context", rich_help_panel=PLACES)

ContextArgument = Annotated[
    str,
    typer.Argument(metavar="NAME", help="The context's name.", autocompletion=complete_contexts),
]
RegionArgument = Annotated[
    str,
    typer.Argument(metavar="REGION", help="The region's name.", autocompletion=complete_regions),
]


@contexts.command(
    "list",
    epilog=examples(
        ("gco context list", "the current one has a star"),
        ("gco context list -o json", "and which kube context leads to each region"),
    ),
)
def list_(ctx: typer.Context, *, output: OutputOption = Format.TABLE) -> None:
    """List contexts: their stores, and the regions that are bound."""
    from gco.cli.actions import contexts as named
    from gco.cli.session import execute_alone

    execute_alone(ctx, partial(named.list_contexts, output=output))


@contexts.command(
    "use",
    epilog=examples(
        ("gco context use prod", "commands talk to its store from now on"),
        ("gco context use local", "back to your own store, and the sandbox"),
    ),
)
def use(ctx: typer.Context, name: ContextArgument, *, output: OutputOption = Format.TABLE) -> None:
    """Make a context the current one."""
    from gco.cli.actions import contexts as named
    from gco.cli.session import execute_alone

    execute_alone(ctx, partial(named.use, name=name, output=output))


@contexts.command(
    "add",
    epilog=examples(
        ("gco context add prod --store 'dynamodb://gco?region=us-east-1'", "name a store"),
        ("gco context add lab --store sqlite:////srv/gco.db --use", "and use it from now on"),
    ),
)
def add(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new context's name.")],
    *,
    store: Annotated[
        str, typer.Option("--store", metavar="URL", help="sqlite:///PATH or dynamodb://TABLE?….")
    ],
    use: Annotated[bool, flag("--use", help="Make it the current one.")] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Name a store.

    Nothing is asked of the store; a file or table need not be there yet.
    """
    from gco.cli.actions import contexts as named
    from gco.cli.session import execute_alone

    execute_alone(ctx, partial(named.add, name=name, url=store, use=use, output=output))


@contexts.command(
    "remove",
    epilog=examples(
        ("gco context remove lab", "its name and bindings; the store stays as it is"),
    ),
)
def remove(
    ctx: typer.Context, name: ContextArgument, *, output: OutputOption = Format.TABLE
) -> None:
    """Forget a context; its store and clusters are not touched."""
    from gco.cli.actions import contexts as named
    from gco.cli.session import execute_alone

    execute_alone(ctx, partial(named.remove, name=name, output=output))


@contexts.command(
    "bind",
    epilog=examples(
        ("gco context bind us-east-1 prod-use1", "of your kubeconfig"),
        ("gco context bind eu-west-1 eks --kubeconfig ~/.kube/eu.yaml", "of another file"),
        ("gco --context prod context bind us-east-1 prod-use1", "in another context"),
    ),
)
def bind(
    ctx: typer.Context,
    region: RegionArgument,
    kube_context: Annotated[
        str, typer.Argument(metavar="KUBE_CONTEXT", help="The kubeconfig's context.")
    ],
    *,
    kubeconfig: Annotated[
        Path | None,
        typer.Option("--kubeconfig", metavar="FILE", help="In place of the usual ones."),
    ] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Say which kube context leads to a region's cluster.

    The cluster is asked who it is: another one than the region was registered for is refused.
    """
    from gco.cli.actions import contexts as named
    from gco.cli.session import execute

    action = partial(
        named.bind,
        region=region,
        kube_context=kube_context,
        kubeconfig=kubeconfig,
        output=output,
    )
    execute(ctx, action)


@contexts.command(
    "unbind",
    epilog=examples(
        ("gco context unbind us-east-1", "its cluster is reached no longer"),
    ),
)
def unbind(
    ctx: typer.Context, region: RegionArgument, *, output: OutputOption = Format.TABLE
) -> None:
    """Forget the kube context of a region."""
    from gco.cli.actions import contexts as named
    from gco.cli.session import execute

    execute(ctx, partial(named.unbind, region=region, output=output))
