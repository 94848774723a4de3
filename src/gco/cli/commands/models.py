"""models and model-sync: weights in a bucket, and in a region's cache."""
# ruff: noqa: PLC0415  (what a command works with is imported when it runs: help stays quick)

from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from gco.cli.commands.help import PLACES, RUN, examples
from gco.cli.options import Format, OutputOption, flag, seconds

app = typer.Typer()
models = typer.Typer(
    help="Keep models in a bucket; see and clear a region's cache of them.",
    no_args_is_help=True,
    epilog=examples(
        ("gco models upload ./llama-3-8b s3://weights/llama-3-8b", "with a manifest"),
        ("gco models list s3://weights", "what is there, and whether it is whole"),
        ("gco models uri s3://weights/llama-3-8b -o yaml", "what to write under spec.model"),
    ),
)
app.add_typer(models, name="models", rich_help_panel=PLACES)

WHERE = "`s3://BUCKET/FOLDER`, or a name below GCO_MODELS."
ModelArgument = Annotated[str, typer.Argument(metavar="MODEL", help=WHERE)]
EndpointUrlOption = Annotated[
    str | None,
    typer.Option(
        "--endpoint-url", metavar="URL", help="Another S3 than AWS's; else AWS_ENDPOINT_URL."
    ),
]
CacheOption = Annotated[
    Path,
    typer.Option("--cache", metavar="DIR", help="The folder that the region's volume is at."),
]


@models.command(
    "upload",
    epilog=examples(
        ("gco models upload ./llama-3-8b s3://weights/llama-3-8b", "a folder"),
        ("gco models upload ./llama-3-8b", "to GCO_MODELS/llama-3-8b"),
        ("gco models upload ./tiny.gguf s3://weights/tiny", "one file"),
    ),
)
def upload(
    ctx: typer.Context,
    path: Annotated[
        Path,
        typer.Argument(metavar="PATH", resolve_path=True, help="A folder or a file of weights."),
    ],
    model: Annotated[
        str | None,
        typer.Argument(metavar="[MODEL]", show_default=False, help=f"Where to: {WHERE}"),
    ] = None,
    *,
    endpoint_url: EndpointUrlOption = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Upload weights, with a manifest of their checksums.

    Done again, it sends only what is missing.
    """
    from gco.cli.actions import models as stored
    from gco.cli.session import execute_plain

    action = partial(
        stored.upload, path=path, model=model, endpoint_url=endpoint_url, output=output
    )
    execute_plain(ctx, action)


@models.command(
    "list",
    epilog=examples(
        ("gco models list s3://weights", "the models of a bucket"),
        ("gco models list", "those below GCO_MODELS"),
        ("gco models list --cache /models", "those of a region's cache, with what they take"),
    ),
)
def list_(
    ctx: typer.Context,
    where: Annotated[
        str | None,
        typer.Argument(
            metavar="[WHERE]", show_default=False, help="`s3://BUCKET/FOLDER`, else GCO_MODELS."
        ),
    ] = None,
    *,
    cache: Annotated[
        Path | None,
        typer.Option("--cache", metavar="DIR", help="A region's cache, in place of a bucket."),
    ] = None,
    endpoint_url: EndpointUrlOption = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """List models, whether they are whole, and their digests.

    Those of a bucket with the endpoints that use them.
    """
    from gco.cli.actions import models as stored
    from gco.cli.session import execute, execute_plain

    if cache is not None:
        action = partial(stored.list_cached, where=where, cache=cache, output=output)
        execute_plain(ctx, action)
    execute(ctx, partial(stored.list_models, where=where, endpoint_url=endpoint_url, output=output))


@models.command(
    "uri",
    epilog=examples(
        ("gco models uri llama-3-8b", "below GCO_MODELS"),
        ("gco models uri s3://weights/llama-3-8b -o yaml", "to paste under spec.model"),
    ),
)
def uri(
    ctx: typer.Context,
    model: ModelArgument,
    *,
    endpoint_url: EndpointUrlOption = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Show a model's URI and the digest that pins its content."""
    from gco.cli.actions import models as stored
    from gco.cli.session import execute_plain

    execute_plain(ctx, partial(stored.uri, model=model, endpoint_url=endpoint_url, output=output))


@models.command(
    "delete",
    epilog=examples(
        ("gco models delete s3://weights/llama-2-7b", "asks first"),
        ("gco models delete llama-2-7b --yes", "does not"),
    ),
)
def delete(
    ctx: typer.Context,
    model: ModelArgument,
    *,
    yes: Annotated[bool, flag("--yes", "-y", help="Do not ask.")] = False,
    force: Annotated[bool, flag("--force", help="Delete it though endpoints use it.")] = False,
    endpoint_url: EndpointUrlOption = None,
    output: OutputOption = Format.TABLE,
) -> None:
    """Delete a model from its bucket, unless an endpoint uses it.

    What regions have copied stays there.
    """
    from gco.cli.actions import models as stored
    from gco.cli.session import execute, execute_plain

    if force:
        action = partial(
            stored.delete, model=model, yes=yes, endpoint_url=endpoint_url, output=output
        )
        execute_plain(ctx, action)
    execute(
        ctx,
        partial(
            stored.delete_unused, model=model, yes=yes, endpoint_url=endpoint_url, output=output
        ),
    )


@models.command(
    "prune",
    epilog=examples(
        ("gco models prune --cache /models --region us-east-1 --dry-run", "what would go?"),
        ("gco models prune --cache /models --keep llama-3-8b/6f3a…", "all but that copy"),
    ),
)
def prune(
    ctx: typer.Context,
    *,
    cache: CacheOption,
    keep: Annotated[
        list[str] | None,
        typer.Option(
            "--keep", metavar="NAME", help="In use: a name, or NAME/DIGEST; may be repeated."
        ),
    ] = None,
    region: Annotated[
        str | None,
        typer.Option("--region", metavar="REGION", help="Keep what endpoints use in this region."),
    ] = None,
    keep_nothing: Annotated[bool, flag("--keep-nothing", help="None is in use.")] = False,
    unused_for: Annotated[
        float,
        typer.Option(
            "--unused-for",
            metavar="DURATION",
            parser=seconds,
            show_default="1h",
            help="Spare what was completed or written to within this time.",
        ),
    ] = 3600.0,
    dry_run: Annotated[bool, flag("--dry-run", help="Show what would go; remove nothing.")] = False,
    output: OutputOption = Format.TABLE,
) -> None:
    """Remove from a region's cache what no endpoint uses.

    What is being copied now is never removed, nor what a rollback would mount.
    """
    from gco.cli.actions import models as stored
    from gco.cli.session import execute, execute_plain

    options = stored.PruneOptions(
        cache=cache, unused_for=unused_for, dry_run=dry_run, output=output
    )
    if region is not None:
        execute(ctx, partial(stored.prune_region, region=region, keep=keep or [], **options))
    execute_plain(ctx, partial(stored.prune, keep=keep or [], sure=keep_nothing, **options))


@app.command(
    "model-sync",
    rich_help_panel=RUN,
    epilog=examples(
        (
            "gco model-sync --source s3://weights/llama --name llama --cache /models",
            "into /models/llama/DIGEST",
        ),
        ("gco model-sync --source hf://ORG/REPO@main --name m --cache /models", "with HF_TOKEN"),
    ),
)
def model_sync(
    ctx: typer.Context,
    *,
    source: Annotated[
        str,
        typer.Option(
            "--source", metavar="URI", help="`s3://…`, `hf://ORG/REPO@REVISION` or `file:///…`."
        ),
    ],
    name: Annotated[str, typer.Option("--name", metavar="NAME", help="What to keep it as.")],
    cache: CacheOption,
    path: Annotated[
        str | None, typer.Option("--path", metavar="FOLDER", help="A folder within the source.")
    ] = None,
    digest: Annotated[
        str | None,
        typer.Option("--digest", metavar="sha256:HEX", help="What the content must hash to."),
    ] = None,
    token_file: Annotated[
        Path | None,
        typer.Option("--token-file", metavar="FILE", help="The hub's token; else HF_TOKEN."),
    ] = None,
    endpoint_url: EndpointUrlOption = None,
    connections: Annotated[
        int, typer.Option("--connections", metavar="N", min=1, max=256, help="Parts at once.")
    ] = 16,
    stall_timeout: Annotated[
        float,
        typer.Option(
            "--stall-timeout",
            metavar="DURATION",
            parser=seconds,
            show_default="30s",
            help="Ask anew where nothing comes for so long.",
        ),
    ] = 30.0,
    give_up_after: Annotated[
        float,
        typer.Option(
            "--give-up-after",
            metavar="DURATION",
            parser=seconds,
            show_default="5m",
            help="Fail when nothing at all comes for so long.",
        ),
    ] = 300.0,
    termination_log: Annotated[
        Path,
        typer.Option(
            "--termination-log", metavar="FILE", help="Where the outcome goes, if it is there."
        ),
    ] = Path("/dev/termination-log"),
) -> None:
    """Copy a model into a region's cache; what a model's Job runs.

    Goes on where an earlier try ended. Progress goes to stdout, a JSON object a line. Exit codes: 0
    complete, 2 wrong request, 3 no such source, 6 denied, 7 corrupt, 8 full; 9 and 10 are worth
    another try.
    """
    from gco.cli.actions import model_sync as syncing
    from gco.cli.session import execute_plain

    job = syncing.SyncJob(
        source=source,
        name=name,
        cache=cache,
        path=path,
        digest=digest,
        token_file=token_file,
        endpoint_url=endpoint_url,
        connections=connections,
        stall_seconds=stall_timeout,
        give_up_seconds=give_up_after,
        termination_log=termination_log,
    )
    execute_plain(ctx, partial(syncing.model_sync, job=job), service=True)
