"""The table itself: how it is made, recognised and refused."""

import dataclasses
import uuid
from collections.abc import Mapping
from typing import Any

from gco.errors import StoreError, StoreIdentityError, StoreUnavailableError
from gco.store.dynamodb import faults, keys
from gco.store.dynamodb.attributes import (
    Item,
    key_item,
    number,
    number_of,
    text,
    text_of,
)
from gco.store.dynamodb.client import Client, Patience
from gco.store.dynamodb.transactions import ABSENT, commit, put
from gco.store.records import SCHEMA_VERSION

TIME_OUT = 30.0
"""Seconds for each request: backups cannot be switched on until the new table is ready for them."""
READY_SECONDS = 120.0
"""How long a new table may take to become active."""
_KEY_SCHEMA = (("pk", "HASH"), ("sk", "RANGE"))
ORIGINAL_KEY_SCHEMA = (("endpoint_name", "HASH"),)
_ACTIVE = frozenset({"ACTIVE", "UPDATING"})


@dataclasses.dataclass(frozen=True, slots=True)
class TableResult:
    """What `create_table` did, or would do."""

    table: str
    plan: Mapping[str, Mapping[str, Any]]
    """The requests by operation, without the table's name: what is made when nothing is there."""
    created: bool
    """Whether the table was missing and is made now."""
    identity: str | None
    """The store's uid; None in a dry run."""
    notes: tuple[str, ...] = ()
    """What could not be had here, in sentences for a person."""


def plan() -> Mapping[str, Mapping[str, Any]]:
    """Return the requests that make the table, by operation, without the table's name."""
    return {
        "create_table": {
            "KeySchema": [{"AttributeName": n, "KeyType": kind} for n, kind in _KEY_SCHEMA],
            "AttributeDefinitions": [
                {"AttributeName": n, "AttributeType": "S"} for n, _ in _KEY_SCHEMA
            ],
            "BillingMode": "PAY_PER_REQUEST",
        },
        "update_continuous_backups": {
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}
        },
        "update_time_to_live": {
            "TimeToLiveSpecification": {"Enabled": True, "AttributeName": "expires"}
        },
    }


async def create_table(
    table: str,
    *,
    region: str | None = None,
    endpoint_url: str | None = None,
    dry_run: bool = False,
) -> TableResult:
    """Make the table and its store, or what is missing of them; harmless when repeated.

    On-demand capacity, point-in-time recovery, expiry of the change log's entries, and a new
    identity where there is none. A dry run sends nothing. Raises StoreIdentityError for a table of
    another layout, and StoreError as every operation does.
    """
    if dry_run:
        return TableResult(table, plan(), created=False, identity=None)
    opened = Client.open(table, region=region, endpoint_url=endpoint_url, time_out=TIME_OUT)
    async with opened as client:
        created = await _ensure_table(client)
        notes = await _ensure_backups(client, is_custom=endpoint_url is not None)
        await _ensure_expiry(client)
        return TableResult(table, plan(), created, await _ensure_identity(client), notes)


async def verify(client: Client) -> str:
    """Return the identity of the table's store.

    Raises StoreIdentityError where there is no table, no store in it, or one that this version
    must not write to: another layout, another schema version, replicas in other regions.
    """
    description = await describe(client)
    if description is None:
        raise faults.missing(client.where)
    _refuse_foreign(client, description)
    item = await client.get(keys.IDENTITY)
    if item is None:
        raise StoreIdentityError(f"{client.where} is not initialised: run `gco store init`")
    return _identity(client, item)


async def describe(client: Client) -> Mapping[str, Any] | None:
    """Return DynamoDB's description of the table, None where there is none."""
    try:
        answer = await client.call("describe_table")
    except StoreIdentityError:
        return None
    description: Mapping[str, Any] = answer["Table"]
    return description


def key_schema(description: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return the names and kinds of the table's keys."""
    return tuple((key["AttributeName"], key["KeyType"]) for key in description["KeySchema"])


def _refuse_foreign(client: Client, description: Mapping[str, Any]) -> None:
    layout = key_schema(description)
    if layout == ORIGINAL_KEY_SCHEMA:
        raise StoreIdentityError(
            f"{client.where} has the layout of the original monitor (hash key endpoint_name) and is "
            f"left as it is: choose another name, such as {client.table}-v2, for the store, and "
            f"move its endpoints over with `gco import {client.table}`"
        )
    if layout != _KEY_SCHEMA:
        raise StoreIdentityError(
            f"{client.where} is a table of something else (its key is {layout}): choose another"
        )
    if description.get("Replicas") or description.get("GlobalTableVersion"):
        raise StoreIdentityError(
            f"{client.where} is a global table: its replicas overwrite each other's records, and "
            "none can keep the store's promises; use a table in one region, which every region "
            "reads and writes"
        )


def _identity(client: Client, item: Item) -> str:
    version = number_of(item, "schemaVersion")
    if version != SCHEMA_VERSION:
        raise StoreIdentityError(
            f"{client.where} holds a store of schema version {version}, and this gco knows version "
            f"{SCHEMA_VERSION}: upgrade gco, or name another table"
        )
    return text_of(item, "uid")


async def _ensure_table(client: Client) -> bool:
    """Make the table unless it is there, wait until it is active; return whether it was made."""
    description = await describe(client)
    if description is not None:
        _refuse_foreign(client, description)
    created = description is None and await _create(client)
    patience = Patience(READY_SECONDS)
    while description is None or description["TableStatus"] not in _ACTIVE:
        if not await patience.pause():
            raise StoreUnavailableError(f"{client.where} is not active yet; try again")
        description = await describe(client)
    _refuse_foreign(client, description)
    return created


async def _create(client: Client) -> bool:
    answer = await client.allow("create_table", "ResourceInUseException", plan()["create_table"])
    return answer is not None


async def _ensure_backups(client: Client, *, is_custom: bool) -> tuple[str, ...]:
    """Switch point-in-time recovery on; return a note where the endpoint does not know it."""
    tolerated = "UnknownOperationException" if is_custom else ""
    request = plan()["update_continuous_backups"]
    if await client.allow("update_continuous_backups", tolerated, request) is not None:
        return ()
    return ("point-in-time recovery is not switched on: this endpoint does not know it",)


async def _ensure_expiry(client: Client) -> None:
    if await _expires(client):
        return
    try:
        await client.call("update_time_to_live", **plan()["update_time_to_live"])
    except StoreError:
        if not await _expires(client):  # else someone else was faster, and all is well
            raise


async def _expires(client: Client) -> bool:
    present = (await client.call("describe_time_to_live"))["TimeToLiveDescription"]
    return present["TimeToLiveStatus"] in {"ENABLED", "ENABLING"}


async def _ensure_identity(client: Client) -> str:
    fields = {"uid": text(str(uuid.uuid4())), "schemaVersion": number(SCHEMA_VERSION)}
    await commit(client, put(key_item(keys.IDENTITY) | fields, ABSENT))
    item = await client.get(keys.IDENTITY)
    if item is None:
        raise StoreUnavailableError(f"{client.where} lost its identity while it was made")
    return _identity(client, item)
