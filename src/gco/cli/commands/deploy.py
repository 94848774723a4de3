"""deploy: an endpoint from flags, for those who have no file yet."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

from functools import partial
from typing import Annotated

import typer

from gco.cli.commands.help import START, examples
from gco.cli.options import (
    TIMEOUT_SECONDS,
    DryRunOption,
    Format,
    OutputOption,
    RegionsOption,
    TimeoutOption,
    WaitOption,
    patience,
)

app = typer.Typer()


@app.command(
    "deploy",
    rich_help_panel=START,
    epilog=examples(
        ("gco deploy web --image vllm/vllm-openai:v0.8.5", "in every region"),
        ("gco deploy web --image … -r us-east-1 -r eu-west-1 --replicas 2", "in two of them"),
        ("gco deploy web --image … --min 1 --max 4", "as many as the load needs"),
        ("gco deploy web --image … -- --max-model-len=8192", "arguments of the server"),
        ("gco deploy web --image … --dry-run", "check, store nothing"),
    ),
)
def deploy(
    ctx: typer.Context,
    name: Annotated[str, typer.Argument(metavar="NAME", help="The new endpoint's name.")],
    args: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="ARG", help="After --: arguments of the server.", show_default=False
        ),
    ] = None,
    *,
    image: Annotated[
        str, typer.Option("--image", "-i", metavar="IMAGE", help="The server's container image.")
    ],
    region: RegionsOption = None,
    replicas: Annotated[
        int | None,
        typer.Option("--replicas", metavar="N", help="Replicas in each region; 1 unless given."),
    ] = None,
    least: Annotated[
        int | None,
        typer.Option(
            "--min",
            metavar="N",
            help="Have an autoscaler keep at least so many in each region; by cpu.",
        ),
    ] = None,
    most: Annotated[
        int | None,
        typer.Option("--max", metavar="N", help="And at the most so many; 10 unless given."),
    ] = None,
    server: Annotated[
        str | None,
        typer.Option(
            "--server", metavar="NAME", help="vllm, sglang, tgi, …; told by the image unless given."
        ),
    ] = None,
    accelerator: Annotated[
        str | None,
        typer.Option(
            "--accelerator", metavar="KIND", help="nvidia (unless given), amd, neuron or none."
        ),
    ] = None,
    count: Annotated[
        int | None,
        typer.Option(
            "--gpus", "--count", metavar="N", help="Accelerators a replica; 1 unless given."
        ),
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", metavar="PORT", help="The server's port.")
    ] = None,
    command: Annotated[
        list[str] | None,
        typer.Option("--command", metavar="WORD", help="The program to run; may be repeated."),
    ] = None,
    env: Annotated[
        list[str] | None,
        typer.Option("--env", "-e", metavar="NAME=VALUE", help="A variable; may be repeated."),
    ] = None,
    label: Annotated[
        list[str] | None,
        typer.Option("--label", "-l", metavar="NAME=VALUE", help="A label; may be repeated."),
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="URI", help="s3://…, hf://… or file://….")
    ] = None,
    path: Annotated[
        str | None,
        typer.Option("--path", metavar="PATH", help="The route; /inference/NAME unless given."),
    ] = None,
    startup_seconds: Annotated[
        int | None,
        typer.Option("--startup-seconds", metavar="N", help="How long a start may take."),
    ] = None,
    capacity: Annotated[
        str | None,
        typer.Option("--capacity", metavar="KIND", help="on-demand, spot or spot-preferred."),
    ] = None,
    namespace: Annotated[
        str | None,
        typer.Option("--namespace", "-n", metavar="NAME", help="The namespace of its objects."),
    ] = None,
    dry_run: DryRunOption = False,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Create an endpoint from flags.

    `gco get NAME -o yaml` then prints the file to keep.
    """
    from gco.cli.actions import change
    from gco.cli.flags import deploy_flags
    from gco.cli.session import execute

    action = partial(
        change.deploy,
        make_flags=partial(
            deploy_flags,
            name=name,
            image=image,
            namespace=namespace,
            labels=label or (),
            regions=region or (),
            replicas=replicas,
            least=least,
            most=most,
            server=server,
            accelerator=accelerator,
            count=count,
            port=port,
            command=command or (),
            args=args or (),
            env=env or (),
            model=model,
            path=path,
            startup_seconds=startup_seconds,
            capacity=capacity,
        ),
        dry_run=dry_run,
        patience=patience(timeout, wait=wait),
        output=output,
    )
    execute(ctx, action)
