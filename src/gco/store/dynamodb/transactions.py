"""Transactions: the actions they are made of, and appending to a log in the same one.

The log's head moves from n to n+1 in the transaction that writes entry n+1, so that entries are
totally ordered over any number of writers. Who loses the race for a number tries the next one.
"""

import asyncio
import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from gco.core.model.base import Model
from gco.core.model.ids import EndpointName, Seq
from gco.errors import StoreUnavailableError
from gco.store import rules
from gco.store.dynamodb import keys
from gco.store.dynamodb.attributes import (
    Attribute,
    Item,
    Key,
    key_item,
    number,
    number_of,
    text,
    to_item,
)
from gco.store.dynamodb.client import Client, Patience
from gco.store.dynamodb.faults import TransactionCancelledError

Action: TypeAlias = dict[str, dict[str, Any]]
Values: TypeAlias = Mapping[str, Attribute]

ABSENT = "attribute_not_exists(pk)"
_LONGEST_RACE = 0.3
"""Seconds at most between two tries for a number: who loses often must not wait ever longer."""
_READ_AT_ONCE = 10
"""Records in one TransactGetItems, which answers 4 MB at most: ten of the largest size."""


def put(item: Item, condition: str, **values: Attribute) -> Action:
    """Store `item` if the one that it replaces meets `condition`."""
    return {"Put": {"Item": item, **_condition(condition, values)}}


def put_record(key: Key, record: Model, condition: str, **values: Attribute) -> Action:
    """Store `record` under `key` if the one that it replaces meets `condition`."""
    return put(to_item(key, record), condition, **values)


def delete(key: Key, condition: str, **values: Attribute) -> Action:
    """Delete the item if it meets `condition`."""
    return {"Delete": {"Key": key_item(key), **_condition(condition, values)}}


def check(key: Key, condition: str, **values: Attribute) -> Action:
    """Leave the item as it is, and cancel the transaction unless it meets `condition`."""
    return {"ConditionCheck": {"Key": key_item(key), **_condition(condition, values)}}


def entry(log: str, seq: Seq, names: Sequence[EndpointName], now: dt.datetime) -> Sequence[Action]:
    """Return what appends entry `seq` to the log: the entry, and the head moved to it."""
    expires = int((now + dt.timedelta(days=rules.LOG_DAYS)).timestamp())
    item = key_item(keys.log_entry(log, seq)) | {
        "seq": number(seq),
        "names": {"L": [text(name) for name in names]},
        "expires": number(expires),
    }
    head = key_item((log, keys.HEAD)) | {"seq": number(seq)}
    if seq == 1:
        return put(item, ABSENT), put(head, ABSENT)
    return put(item, ABSENT), put(head, "seq = :before", before=number(seq - 1))


async def commit(client: Client, action: Action) -> bool:
    """Carry out one conditional action; return whether its condition held.

    It is a transaction of one for the sake of its token: were the answer lost, a plain conditional
    write sent again would find its own work and call it someone else's.
    """
    patience = Patience(client.time_out)
    while True:
        try:
            await client.transact([action])
        except TransactionCancelledError as cancelled:
            if cancelled.refused():
                return False
        else:
            return True
        if not await patience.pause():
            raise busy(client)


def busy(client: Client) -> StoreUnavailableError:
    """Return the error for a write that others were faster than until the time was over."""
    return StoreUnavailableError(f"{client.where} is too busy; try again")


async def head(client: Client, log: str) -> Seq:
    """Return the number of the log's last entry, 0 before the first."""
    return _seq(await client.get((log, keys.HEAD)))


class Appender:
    """Appends to logs; remembers their heads, so that a lone writer need not read them."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self._heads: dict[str, Seq] = {}
        self._turns: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def commit(
        self,
        log: str,
        actions: Sequence[Action],
        names: Sequence[EndpointName],
        now: dt.datetime,
        judge: Callable[[Mapping[int, Item | None]], None],
    ) -> Seq:
        """Store `actions` and append one entry that names `names`; return the entry's number.

        `judge` is told which of `actions` failed their conditions (position and the stored item),
        and raises where one of them did. Raises StoreUnavailableError where others were faster
        until the time was over.
        """
        patience = Patience(self.client.time_out, longest_pause=_LONGEST_RACE)
        async with self._turns[log]:  # tasks of one process take turns; they need not race
            while True:
                seq = Seq(await self._head(log) + 1)
                try:
                    await self.client.transact([*actions, *entry(log, seq, names, now)])
                except TransactionCancelledError as cancelled:
                    del self._heads[log]  # others moved it, and will have again after a pause
                    refused = cancelled.refused()
                    judge({at: item for at, item in refused.items() if at < len(actions)})
                else:
                    self._heads[log] = seq
                    return seq
                if not await patience.pause():
                    raise busy(self.client)

    async def _head(self, log: str) -> Seq:
        if log not in self._heads:
            self._heads[log] = await head(self.client, log)
        return self._heads[log]


async def read_together(client: Client, wanted: Sequence[Key]) -> Sequence[Item | None]:
    """Return the items under `wanted`, None where there is none, in that order.

    A transaction in its last phase shows in one item before it shows in another, to every read but
    TransactGetItems. Who has seen a change in the log must not be handed the record of before it.
    """
    parts = [wanted[i : i + _READ_AT_ONCE] for i in range(0, len(wanted), _READ_AT_ONCE)]
    answers = await asyncio.gather(*(_read(client, part) for part in parts))
    return [item for answer in answers for item in answer]


async def _read(client: Client, wanted: Sequence[Key]) -> Sequence[Item | None]:
    gets = [{"Get": {"TableName": client.table, "Key": key_item(key)}} for key in wanted]
    patience = Patience(client.time_out)
    while True:
        try:
            answer = await client.send("transact_get_items", TransactItems=gets)
        except TransactionCancelledError as cancelled:
            cancelled.refused()
            if not await patience.pause(throttled=True):
                raise busy(client) from cancelled
        else:
            return [response.get("Item") for response in answer["Responses"]]


def _condition(condition: str, values: Values) -> dict[str, Any]:
    named = {f":{name}": value for name, value in values.items()}
    return {
        "ConditionExpression": condition,
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        **({"ExpressionAttributeValues": named} if named else {}),
    }


def _seq(item: Item | None) -> Seq:
    return Seq(number_of(item, "seq")) if item else Seq(0)
