"""apply, deploy, wait, invoke: from a file to an answer."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

import enum
from functools import partial
from typing import Annotated

import typer

from gco.cli.commands.help import LOOK, START, examples
from gco.cli.options import (
    TIMEOUT_SECONDS,
    DryRunOption,
    Format,
    NameArgument,
    NamesArgument,
    OutputOption,
    RegionsOption,
    TimeoutOption,
    WaitOption,
    flag,
    patience,
)

app = typer.Typer()

PathsArgument = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="Files, folders, or - for stdin.", show_default=False),
]
FileOption = Annotated[
    list[str] | None,
    typer.Option("--file", "-f", metavar="PATH", help="The same as an option.", show_default=False),
]


class Goal(enum.StrEnum):
    """What `gco wait` waits for."""

    READY = "ready"
    DELETED = "deleted"


@app.command(
    "apply",
    rich_help_panel=START,
    epilog=examples(
        ("gco apply -f llama.yaml", "create the endpoint, or change what differs"),
        ("gco apply -f endpoints/ --dry-run", "check a folder, store nothing"),
        ("gco apply -f llama.yaml --wait", "until every region runs it"),
        ("gco apply -f llama.yaml --if-revision 4", "refuse if someone changed it since"),
        ("gco get web -o yaml | gco apply -f -", "from stdin; several documents are fine"),
    ),
)
def apply(
    ctx: typer.Context,
    paths: PathsArgument = None,
    file: FileOption = None,
    *,
    dry_run: DryRunOption = False,
    if_revision: Annotated[
        int | None,
        typer.Option(
            "--if-revision",
            metavar="N",
            min=0,
            help="Only if N is the present revision (0: only if there is none).",
        ),
    ] = None,
    wait: WaitOption = False,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Create or change endpoints from YAML or JSON documents.

    All documents are checked before anything is stored. What changes nothing makes no revision.
    A file owns the fields it states; a state or replicas it leaves out keep their value.
    """
    from gco.cli.actions import change
    from gco.cli.session import execute

    action = partial(
        change.apply,
        paths=_paths(paths, file),
        dry_run=dry_run,
        if_revision=if_revision,
        patience=patience(timeout, wait=wait),
        output=output,
    )
    execute(ctx, action)


@app.command(
    "diff",
    rich_help_panel=LOOK,
    epilog=examples(
        ("gco diff -f llama.yaml", "what would `gco apply` change?"),
        ("gco diff -f endpoints/ -o json", "for scripts"),
        ("gco diff -f web.yaml || gco apply -f web.yaml", "exit 0: the same, 1: differs"),
    ),
)
def diff(
    ctx: typer.Context,
    paths: PathsArgument = None,
    file: FileOption = None,
    *,
    output: OutputOption = Format.TABLE,
) -> None:
    """Show what `gco apply` would change.

    Exits with 0 where nothing differs, with 1 where something does.
    """
    from gco.cli.actions import change
    from gco.cli.session import execute

    execute(ctx, partial(change.diff, paths=_paths(paths, file), output=output))


@app.command(
    "deploy",
    rich_help_panel=START,
    epilog=examples(
        ("gco deploy web --image vllm/vllm-openai:v0.8.5", "in every region"),
        ("gco deploy web --image … -r us-east-1 -r eu-west-1 --replicas 2", "in two of them"),
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


@app.command(
    "wait",
    rich_help_panel=START,
    epilog=examples(
        ("gco wait llama-3-8b", "until every region is ready; a live table"),
        ("gco wait web chat --timeout 10m", "several; exit 5 when it takes longer"),
        ("gco wait web --for deleted", "until nothing of it is left"),
        ("gco wait web -o json", "progress on stderr, the end as JSON on stdout"),
    ),
)
def wait(
    ctx: typer.Context,
    names: NamesArgument,
    *,
    goal: Annotated[Goal, typer.Option("--for", help="What to wait for.")] = Goal.READY,
    timeout: TimeoutOption = TIMEOUT_SECONDS,
    output: OutputOption = Format.TABLE,
) -> None:
    """Wait until endpoints are ready, and show how far they are.

    Exits with 1 where a region will not get there by itself, with 5 when the time is over.
    """
    from gco.cli.actions import wait as waiting
    from gco.cli.session import execute
    from gco.service import Until

    until = Until(goal.value)
    execute(ctx, partial(waiting.wait, names=names, until=until, patience=timeout, output=output))


@app.command(
    "invoke",
    rich_help_panel=START,
    epilog=examples(
        ('gco invoke llama-3-8b "Say hello"', "ask a region that is ready"),
        ('gco invoke llama-3-8b "Say hello" -r eu-west-1 --stream', "ask one, word by word"),
        ('gco invoke llama-3-8b "Say hello" --all-regions', "ask each of them"),
        ("gco invoke llama-3-8b - < prompt.txt", "the prompt from stdin"),
    ),
)
def invoke(
    ctx: typer.Context,
    name: NameArgument,
    prompt: Annotated[str, typer.Argument(metavar="PROMPT", help="What to ask, or - for stdin.")],
    *,
    region: RegionsOption = None,
    all_regions: Annotated[
        bool, flag("--all-regions", "-a", help="Ask every region that answers.")
    ] = False,
    stream: Annotated[bool, flag("--stream", "-s", help="Print the answer as it comes.")] = False,
    max_tokens: Annotated[
        int | None,
        typer.Option("--max-tokens", metavar="N", min=1, help="The longest answer."),
    ] = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Send a prompt to an endpoint, and print the answer.

    It goes as users' requests do: over HTTP, through a region's entrance.
    """
    from gco.cli.actions import invoke as asking
    from gco.cli.session import execute

    action = partial(
        asking.ask,
        name=name,
        text=prompt,
        regions=region or (),
        all_regions=all_regions,
        stream=stream,
        max_tokens=max_tokens,
        output=output,
    )
    execute(ctx, action)


def _paths(paths: list[str] | None, file: list[str] | None) -> list[str]:
    given = [*(paths or ()), *(file or ())]
    if not given:
        raise typer.BadParameter("which documents? Give -f PATH: a file, a folder, or - for stdin")
    return given
