"""sandbox, monitor, version: what runs, and which one it is."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gco.cli.commands.help import RUN, START, examples
from gco.cli.options import Format, OutputOption, flag

app = typer.Typer()
sandbox = typer.Typer(
    help="Run three regions on this machine, to try everything.",
    no_args_is_help=True,
    epilog=examples(("gco sandbox up", "and every other command works against it")),
)
app.add_typer(sandbox, name="sandbox", rich_help_panel=START)

PORTS = 18080
"""The entrance of the first region; the others follow."""


@sandbox.command(
    "up",
    epilog=examples(
        ("gco sandbox up", "then, in another terminal: gco apply -f examples/"),
        ("gco sandbox up --config sandbox.toml", "other regions, nodes, image map"),
        ("gco sandbox up --ports 9000", "entrances at 9000, 9001, 9002"),
    ),
)
def up(
    ctx: typer.Context,
    *,
    config: Annotated[
        Path | None, typer.Option("--config", "-c", metavar="FILE", help="A TOML file.")
    ] = None,
    ports: Annotated[
        int,
        typer.Option(
            "--ports",
            metavar="PORT",
            min=0,
            max=65_000,
            help="The first region's entrance; 0: free ones for all.",
        ),
    ] = PORTS,
) -> None:
    """Run the sandbox until Ctrl-C; then nothing of it is left.

    The loops are the production ones; clusters are in memory, pods are local processes.
    """
    from gco.cli.actions import sandbox as running
    from gco.cli.session import execute_plain

    execute_plain(ctx, partial(running.sandbox, config=config, ports=ports), service=True)


@app.command(
    "monitor",
    rich_help_panel=RUN,
    epilog=examples(
        ("REGION=us-east-1 gco monitor", "in a cluster, or with the kubeconfig's context"),
        ("REGION=lab gco monitor --kube-context kind-lab", "another one"),
    ),
)
def monitor(
    ctx: typer.Context,
    *,
    port: Annotated[
        int, typer.Option("--port", metavar="PORT", help="For /healthz, /readyz and /metrics.")
    ] = 8080,
    host: Annotated[
        str, typer.Option("--host", metavar="ADDRESS", help="Where that port is opened.")
    ] = "0.0.0.0",  # noqa: S104  (probes come from outside the pod)
    kubeconfig: Annotated[
        Path | None,
        typer.Option("--kubeconfig", metavar="FILE", help="In place of the usual ones."),
    ] = None,
    kube_context: Annotated[
        str | None, typer.Option("--kube-context", metavar="NAME", help="The kubeconfig's context.")
    ] = None,
    replace_cluster: Annotated[
        bool, flag("--replace-cluster", help="Bind the region's name to this cluster anew.")
    ] = False,
    accept_store: Annotated[
        bool, flag("--accept-store", help="Follow this store though the region followed another.")
    ] = False,
) -> None:
    """Run the loops of one region, in or beside its cluster.

    Configured by the environment (REGION, GCO_STORE, …); ends in peace on SIGTERM.
    """
    from gco.cli.actions import monitor as running
    from gco.cli.session import execute_plain

    action = partial(
        running.monitor,
        port=port,
        host=host,
        kubeconfig=kubeconfig,
        context=kube_context,
        accept_store=accept_store,
        replace_cluster=replace_cluster,
    )
    execute_plain(ctx, action, service=True)


@app.command(
    "version",
    rich_help_panel=RUN,
    epilog=examples(("gco version", "of gco and of Python"), ("gco version -o json", "as data")),
)
def version(ctx: typer.Context, *, output: OutputOption = Format.TABLE) -> None:
    """Show which gco this is, and what it runs on."""
    from gco.cli.actions import about
    from gco.cli.session import execute_plain

    execute_plain(ctx, partial(about.version, output=output))
