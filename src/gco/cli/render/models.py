"""Models of a bucket and of a cache, and how far a copy is."""

import datetime as dt
from collections.abc import Sequence

from rich.text import Text

from gco.cli.render import words
from gco.cli.render.grid import Row, grid
from gco.cli.render.progress import BAR, bar
from gco.cli.render.times import ago
from gco.core.fleet.summary import format_seconds
from gco.core.model.model_sync import SyncProgress
from gco.core.model.sizes import readable
from gco.models.cache.cache import Cached
from gco.models.catalog import Stored
from gco.models.upload import Sent

NO_MODELS = "no models are there"
_SHORT = 19
"""Characters of a digest that tell one from another: `sha256:` and twelve more."""


def stored_table(models: Sequence[Stored], users: Sequence[Sequence[str]], width: int) -> Text:
    """Return the models of a bucket, each with the endpoints that use it."""
    if not models:
        return Text(NO_MODELS)
    rows = [
        Row(
            (
                m.name,
                _state(m),
                str(m.files),
                readable(m.bytes),
                (m.digest or "")[:_SHORT],
                ", ".join(used) or "-",
            ),
            (m.uri,),
        )
        for m, used in zip(models, users, strict=True)
    ]
    return grid(("MODEL", "STATE", "FILES", "SIZE", "DIGEST", "USED BY"), rows, width, words="URI")


def cached_table(models: Sequence[Cached], now: dt.datetime, width: int) -> Text:
    """Return the models of a cache."""
    if not models:
        return Text(NO_MODELS)
    rows = [
        Row((m.name, _cached_state(m), readable(m.bytes), ago(m.changed, now)), (m.directory,))
        for m in models
    ]
    return grid(("MODEL", "STATE", "ON DISK", "CHANGED"), rows, width, words="DIRECTORY")


def stored_text(model: Stored) -> Text:
    """Return a model's URI and, where it is known, its digest."""
    lines = [model.uri, *([f"digest {model.digest}"] if model.digest else [])]
    if model.complete is False:
        lines.append("its upload is under way, or broke off: upload it again")
    return Text("\n".join(lines))


def sent_text(uri: str, sent: Sent) -> Text:
    """Return what an upload did."""
    manifest = sent.manifest
    told = f"{len(manifest.files)} files, {readable(manifest.size)}, {sent.files} of them sent"
    return Text(f"{uri}: {told}\ndigest {manifest.digest}")


def pruned_text(gone: Sequence[Cached], *, dry_run: bool) -> Text:
    """Return what was removed, or would be."""
    if not gone:
        return Text("nothing is unused")
    verb = "would be removed" if dry_run else "removed"
    lines = [f"{one.directory}: {verb}, {readable(one.bytes)}" for one in gone]
    return Text("\n".join([*lines, f"{readable(sum(one.bytes for one in gone))} in all"]))


def transfer_text(progress: SyncProgress) -> Text:
    """Return a bar, and bytes, rate and time left beside it."""
    share = progress.bytes_done / progress.bytes_total if progress.bytes_total else 1.0
    told = [
        f"{readable(progress.bytes_done)} of {readable(progress.bytes_total)}",
        f"{readable(progress.bytes_per_second)}/s",
    ]
    if progress.seconds_left is not None:
        told.append(f"{format_seconds(progress.seconds_left)} left")
    return bar(share, BAR) + Text(f"  {', '.join(told)}")


def _state(model: Stored) -> Text:
    match model.complete:
        case True:
            return Text("complete", style=words.GOOD)
        case False:
            return Text("uploading", style=words.BUSY)
        case None:
            return Text("no manifest", style=words.QUIET)


def _cached_state(model: Cached) -> Text:
    if model.copying:
        return Text("copying", style=words.BUSY)
    if model.complete:
        return Text("complete", style=words.GOOD)
    return Text("unfinished", style=words.BAD)
