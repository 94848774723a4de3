"""The original monitor's table, which is read and never written: hash key `endpoint_name`."""

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from gco.errors import StoreIdentityError
from gco.store.dynamodb.attributes import Attribute
from gco.store.dynamodb.client import Client
from gco.store.dynamodb.table import ORIGINAL_KEY_SCHEMA, describe, key_schema

_WHOLE: Final = re.compile(r"-?[0-9]{1,19}")
_INT64: Final = range(-(2**63), 2**63)


async def read_original(
    table: str, *, region: str | None = None, endpoint_url: str | None = None
) -> Sequence[Mapping[str, Any]]:
    """Return every row of the original monitor's table by name, as JSON-like data.

    Raises StoreIdentityError where the table is none of the original's, StoreError as every
    operation does. Only DescribeTable and Scan are asked for.
    """
    opened = Client.open(table, region=region, endpoint_url=endpoint_url)
    async with opened as client:
        await _check(client)
        rows = [_plain({"M": item}) for item in await _scan(client)]
    return sorted(rows, key=lambda row: str(row["endpoint_name"]))


async def _check(client: Client) -> None:
    description = await describe(client)
    if description is None:
        raise StoreIdentityError(f"{client.where} does not exist: name the original's table")
    if key_schema(description) != ORIGINAL_KEY_SCHEMA:
        raise StoreIdentityError(
            f"{client.where} is not of the original monitor's layout (hash key endpoint_name): "
            "nothing can be imported from it"
        )


async def _scan(client: Client) -> list[dict[str, Attribute]]:
    items: list[dict[str, Attribute]] = []
    start: dict[str, Any] = {}
    while True:
        answer = await client.call("scan", ConsistentRead=True, **start)
        items.extend(answer["Items"])
        if "LastEvaluatedKey" not in answer:
            return items
        start = {"ExclusiveStartKey": answer["LastEvaluatedKey"]}


def _plain(attribute: Attribute) -> Any:  # noqa: ANN401 -- JSON-like data
    """Return the value of an attribute; a set is a sorted list, and a number may stay text.

    Binary data is Base64, as DynamoDB itself writes it in JSON.
    """
    ((kind, value),) = attribute.items()
    match kind:
        case "N":
            return _number(str(value))
        case "M":
            return {name: _plain(part) for name, part in value.items()}
        case "L":
            return [_plain(part) for part in value]
        case "SS" | "NS" | "BS":
            return sorted(map(_scalar, value))
        case "NULL":
            return None
        case _:
            return _scalar(value)


def _number(text: str) -> int | str:
    """Return `text` as a number where every JSON reader keeps it: whole, and of 64 bits."""
    number = int(text) if _WHOLE.fullmatch(text) else None
    return number if number is not None and number in _INT64 else text


def _scalar(value: object) -> Any:  # noqa: ANN401 -- JSON-like data
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value
