"""models: what a bucket and a cache hold, uploaded, listed, pinned and removed."""

import asyncio
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import TypedDict, Unpack

from rich.text import Text

from gco.cli import data
from gco.cli.options import Format
from gco.cli.render.models import (
    cached_table,
    pruned_text,
    sent_text,
    stored_table,
    stored_text,
    transfer_text,
)
from gco.cli.screen import Screen
from gco.cli.session import Session
from gco.clock import SystemClock
from gco.core.model.ids import RegionName
from gco.core.model.model_sync import SyncProgress
from gco.core.model.model_uri import S3Uri, parse_s3
from gco.core.model.sizes import readable
from gco.errors import (
    ConfirmationError,
    InvalidSpecError,
    Problem,
    SettingsError,
    UnsupportedStateError,
)
from gco.models.cache.cache import Cache
from gco.models.catalog import delete_model, find_model
from gco.models.catalog import list_models as list_stored
from gco.models.sources import Access
from gco.models.upload import upload_model
from gco.settings import Settings


class PruneOptions(TypedDict):
    """What of a cache is removed, and how that is told."""

    cache: Path
    unused_for: float
    """Seconds."""
    dry_run: bool
    output: Format


async def upload(
    settings: Settings,
    screen: Screen,
    *,
    path: Path,
    model: str | None,
    endpoint_url: str | None,
    output: Format,
) -> None:
    """Upload a folder or a file, showing how far it is."""
    where = _model(settings, model or path.name)
    latest: list[SyncProgress] = []

    def tell(progress: SyncProgress) -> None:
        latest[:] = [progress]
        if not screen.interactive:
            screen.say(transfer_text(progress))

    def picture() -> Text:
        return transfer_text(latest[0]) if latest else Text("reading…")

    access = Access(endpoint_url=endpoint_url)
    work = upload_model(path, where, access=access, tell=[tell])
    if screen.interactive and output is Format.TABLE:
        async with screen.live(picture):
            sent = await work
    else:
        sent = await work
    facts = {
        "uri": str(where),
        "digest": sent.manifest.digest,
        "files": len(sent.manifest.files),
        "sent": sent.files,
        "bytes": sent.manifest.size,
    }
    screen.emit(output, lambda: facts, lambda: sent_text(str(where), sent))


async def list_cached(
    _: Settings, screen: Screen, *, where: str | None, cache: Path, output: Format
) -> None:
    """List the models of a cache."""
    if where is not None:
        raise InvalidSpecError([Problem("--cache", str(cache), "a bucket or a cache, not both")])
    held = await asyncio.to_thread(Cache(cache).models)
    now = SystemClock().now()
    screen.emit(output, lambda: data.plain_all(held), lambda: cached_table(held, now, screen.width))


async def list_models(
    session: Session, *, where: str | None, endpoint_url: str | None, output: Format
) -> None:
    """List the models of a bucket, with the endpoints that use each."""
    uri = parse_s3(where, option="WHERE") if where else _base(session.settings)
    stored = await list_stored(uri, access=Access(endpoint_url=endpoint_url))
    users = await session.service.users_of_models([_parsed(one.uri) for one in stored])
    facts = [
        {**data.plain(one), "usedBy": list(used)} for one, used in zip(stored, users, strict=True)
    ]
    screen = session.screen
    screen.emit(output, lambda: facts, lambda: stored_table(stored, users, screen.width))


async def uri(
    settings: Settings, screen: Screen, *, model: str, endpoint_url: str | None, output: Format
) -> None:
    """Show what to write under spec.model."""
    where = _model(settings, model)
    found = await find_model(where, access=Access(endpoint_url=endpoint_url))
    facts = {"uri": found.uri} | ({"digest": found.digest} if found.digest else {})
    screen.emit(output, lambda: facts, lambda: stored_text(found))


async def delete_unused(
    session: Session, *, model: str, yes: bool, endpoint_url: str | None, output: Format
) -> None:
    """Delete a model from its bucket unless an endpoint uses it; raises UnsupportedStateError."""
    where = _model(session.settings, model)
    [users] = await session.service.users_of_models([where])
    if users:
        told = f"{where} is the model of {', '.join(users)}"
        raise UnsupportedStateError(f"{told}; give them another first, or pass --force")
    await delete(
        session.settings,
        session.screen,
        model=model,
        yes=yes,
        endpoint_url=endpoint_url,
        output=output,
    )


async def delete(
    settings: Settings,
    screen: Screen,
    *,
    model: str,
    yes: bool,
    endpoint_url: str | None,
    output: Format,
) -> None:
    """Delete a model from its bucket, once a person has said so."""
    where = _model(settings, model)
    access = Access(endpoint_url=endpoint_url)
    if not yes:
        found = await find_model(where, access=access)
        question = f"{where} has {found.files} files, {readable(found.bytes)}"
        if not screen.can_ask:
            raise ConfirmationError(f"{question}; --yes deletes it")
        screen.confirm(f"{question}; delete?")
    count = await delete_model(where, access=access)
    screen.emit(
        output,
        lambda: {"uri": str(where), "files": count},
        lambda: Text(f"{where} is deleted, {count} files"),
    )


async def prune_region(
    session: Session, *, region: str, keep: Sequence[str], **options: Unpack[PruneOptions]
) -> None:
    """Remove from the cache of `region` what no endpoint uses there."""
    used = await session.service.models_in_use(RegionName(region))
    await prune(session.settings, session.screen, keep=[*keep, *used], sure=True, **options)


async def prune(
    _: Settings,
    screen: Screen,
    *,
    keep: Sequence[str],
    sure: bool,
    **options: Unpack[PruneOptions],
) -> None:
    """Remove from a cache what is not kept; `sure`: to keep nothing is what is meant."""
    if not keep and not sure:
        told = "name what is in use, its --region, or say --keep-nothing"
        raise InvalidSpecError([Problem("--keep", "", told)])
    dry_run = options["dry_run"]
    before = SystemClock().now() - dt.timedelta(seconds=options["unused_for"])
    cache = Cache(options["cache"])
    gone = await asyncio.to_thread(cache.prune, keep, before=before, dry_run=dry_run)
    screen.emit(
        options["output"],
        lambda: data.plain_all(gone),
        lambda: pruned_text(gone, dry_run=dry_run),
    )


def _model(settings: Settings, told: str) -> S3Uri:
    """Return what a person means: a URI, or a name below GCO_MODELS."""
    return parse_s3(told, option="MODEL") if "://" in told else _base(settings).child(told)


def _parsed(uri: str) -> S3Uri:
    return parse_s3(uri, option="MODEL")


def _base(settings: Settings) -> S3Uri:
    if settings.models is None:
        raise SettingsError("give `s3://BUCKET/FOLDER`, or set GCO_MODELS to where models are kept")
    return parse_s3(settings.models, option="GCO_MODELS")
