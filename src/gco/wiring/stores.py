"""Which store a URL names: opens or makes it, and imports an adapter only when it is asked for."""
# ruff: noqa: PLC0415  (a store's client may take a second to import)

import dataclasses
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gco.errors import SettingsError, StoreMissingError
from gco.settings import Settings, own_store_url
from gco.store.port import Store
from gco.store.url import DynamoDbUrl, SqliteUrl, parse

if TYPE_CHECKING:
    from gco.telemetry.metrics import Metrics


@dataclasses.dataclass(frozen=True, slots=True)
class StoreMade:
    """What `gco store init` did, or would do."""

    url: str
    created: bool
    """Whether there was no store and there is one now."""
    identity: str | None
    """The store's uid; None in a dry run."""
    plan: Mapping[str, Any]
    """The requests that make it, by operation; empty for a file."""
    notes: tuple[str, ...] = ()
    """What could not be had here, in sentences for a person."""


async def open_store(
    settings: Settings, *, create: bool = False, metrics: "Metrics | None" = None
) -> Store:
    """Open the store that `settings` choose; `create` makes a missing file, a table never.

    The requests to a table, which cost money, are counted in `metrics`.

    Raises SettingsError for a URL that names no store, and StoreError as the adapters do.
    """
    match parse(settings.store_url):
        case SqliteUrl(path):
            return await _open_file(settings, path, create=create)
        case DynamoDbUrl() as url:
            from gco.store.dynamodb import DynamoDbStore, unobserved

            return await DynamoDbStore.open(
                url.table,
                region=_region(url, settings),
                endpoint_url=url.endpoint_url,
                tail_seconds=url.tail_seconds or settings.tail_ms / 1000,
                rest_seconds=settings.rest_ms / 1000,
                observe=metrics.store_requested if metrics else unobserved,
            )


async def _open_file(settings: Settings, path: Path, *, create: bool) -> Store:
    from gco.store.sqlite import SqliteStore

    try:
        return await SqliteStore.open(path, create=create)
    except StoreMissingError as error:
        raise StoreMissingError(f"{error}: {_how_to_create(settings)}") from error


def _how_to_create(settings: Settings) -> str:
    if settings.store_url == own_store_url():
        return "start `gco sandbox up`, or choose another store by --store or `gco context use`"
    return "correct the path in --store or GCO_STORE, or create it with `gco store init`"


async def init_store(settings: Settings, *, dry_run: bool) -> StoreMade:
    """Make the store that `settings` choose; harmless when repeated, and a dry run does nothing."""
    match parse(settings.store_url):
        case SqliteUrl(path):
            missing = not path.exists()
            if dry_run:
                return StoreMade(settings.store_url, created=False, identity=None, plan={})
            store = await open_store(settings, create=True)
            try:
                identity = await store.identity()
            finally:
                await store.close()
            return StoreMade(settings.store_url, missing, identity, plan={})
        case DynamoDbUrl() as url:
            from gco.store.dynamodb import create_table

            made = await create_table(
                url.table,
                region=_region(url, settings),
                endpoint_url=url.endpoint_url,
                dry_run=dry_run,
            )
            return StoreMade(settings.store_url, made.created, made.identity, made.plan, made.notes)


async def read_original(settings: Settings, table: str) -> Sequence[Mapping[str, Any]]:
    """Return the rows of the original monitor's table, named by URL or by its name alone.

    Raises SettingsError where that names no table, StoreIdentityError for one of another layout.
    """
    url = _table_url(table)
    from gco.store.dynamodb import read_original as read

    return await read(url.table, region=_region(url, settings), endpoint_url=url.endpoint_url)


def table_name(table: str) -> str:
    """Return the name of a table that is named by URL or by its name; raises SettingsError."""
    return _table_url(table).table


def _table_url(table: str) -> DynamoDbUrl:
    url = parse(table if "://" in table else f"dynamodb://{table}")
    if not isinstance(url, DynamoDbUrl):
        raise SettingsError(f"{table} is no table: name it, or dynamodb://TABLE?region=REGION")
    return url


def _region(url: DynamoDbUrl, settings: Settings) -> str | None:
    return url.region or settings.dynamodb_region
