"""A DynamoDB table in memory that throttles as the service does: read and write units by partition.

It stands where the client library stands, and lives in the event loop's time, so that a minute of
forty busy readers is the same on every machine. DynamoDB Local knows no throttling.

* A partition (here: a hash key) has a bucket of units, which holds what one second refills.
* A request is accepted while the bucket is not empty, and takes its units afterwards, below zero if
  need be: the service learns what a read costs by reading.
* Units are those of DynamoDB's documentation: 4 KB a strongly consistent read, rounded up once for a
  query and for each item otherwise; 1 KB a write; in a transaction twice that.
"""

import asyncio
import bisect
import dataclasses
import itertools
import math
import random
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from botocore.exceptions import ClientError

Attribute: TypeAlias = Mapping[str, Any]
Item: TypeAlias = Mapping[str, Attribute]

READ_UNITS: Final = 3000.0
"""A second, of one partition."""
WRITE_UNITS: Final = 1000.0
PAGE_BYTES: Final = 1 << 20
"""A query answers this much at most."""
_READ_BYTES: Final = 4096
_WRITE_BYTES: Final = 1024
_LATENCY: Final = 0.005
_SECONDS_A_BYTE: Final = 0.06 / PAGE_BYTES
_COMPARISONS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": lambda left, right: bool(left == right),
    "<>": lambda left, right: bool(left != right),
    "<=": lambda left, right: bool(left <= right),
}
_CLAUSE: Final = re.compile(r"(attribute_not_exists)\((\w+)\)|(\w+) (=|<>|<=) (:\w+)")


class Bucket:
    """Units of one partition: so many a second, kept for a second."""

    def __init__(self, rate: float) -> None:
        self._rate = rate
        self._level = rate
        self._at = asyncio.get_running_loop().time()

    def accepts(self) -> bool:
        """Whether a request is let in now."""
        now = asyncio.get_running_loop().time()
        self._level = min(self._rate, self._level + self._rate * (now - self._at))
        self._at = now
        return self._level > 0

    def take(self, units: float) -> None:
        """Take the units of a request that was let in."""
        self._level -= units


@dataclasses.dataclass
class _Partition:
    """The items of one hash key, in the order of their range keys."""

    reads: Bucket
    writes: Bucket
    keys: list[str] = dataclasses.field(default_factory=list)
    items: dict[str, Item] = dataclasses.field(default_factory=dict)
    sizes: dict[str, int] = dataclasses.field(default_factory=dict)

    def put(self, sk: str, item: Item) -> None:
        if sk not in self.items:
            bisect.insort(self.keys, sk)
        self.items[sk] = item
        self.sizes[sk] = _bytes(item)

    def delete(self, sk: str) -> None:
        if self.items.pop(sk, None) is not None:
            self.keys.remove(sk)
            del self.sizes[sk]


class ThrottledTable:
    """One table, by the operations of the client library that the store sends."""

    def __init__(self, *, read_units: float = READ_UNITS, seed: int = 0) -> None:
        self._read_units = read_units
        self._random = random.Random(seed)  # noqa: S311 -- a reproducible run
        self._partitions: dict[str, _Partition] = {}
        self.units: Counter[str] = Counter()
        """Read units by hash key."""
        self.throttled: Counter[str] = Counter()
        """Refused requests by operation."""
        self.begun: Counter[str] = Counter()
        """Queries by hash key that were answered from the beginning of the partition."""

    def fill(self, items: Iterable[Item]) -> None:
        """Store items at no cost."""
        for item in items:
            self._of(item).put(item["sk"]["S"], item)

    def size(self, pk: str) -> float:
        """Return the read units of one listing of a partition, in one request."""
        return math.ceil(sum(self._partition(pk).sizes.values()) / _READ_BYTES)

    async def get_item(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """As the client library's."""
        partition = self._of(request["Key"])
        await self._enter("GetItem", [partition.reads])
        item = partition.items.get(request["Key"]["sk"]["S"])
        await self._pay(request["Key"]["pk"]["S"], _blocks(item, _READ_BYTES), _bytes(item))
        return {} if item is None else {"Item": item}

    async def query(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """As the client library's; a filter is not supported."""
        values = request["ExpressionAttributeValues"]
        pk = values[":pk"]["S"]
        partition = self._partition(pk)
        await self._enter("Query", [partition.reads])
        start = request.get("ExclusiveStartKey", {}).get("sk", values.get(":after"))
        if start is None:
            self.begun[pk] += 1
        page, size, more = _page(partition, request, None if start is None else start["S"])
        await self._pay(pk, max(1, math.ceil(size / _READ_BYTES)), size)
        last = {"LastEvaluatedKey": {k: page[-1][k] for k in ("pk", "sk")}} if more else {}
        return {"Items": page, **last}

    async def transact_get_items(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """As the client library's."""
        keys = [action["Get"]["Key"] for action in request["TransactItems"]]
        await self._enter_all("TransactGetItems", [self._of(key).reads for key in keys])
        items = [self._of(key).items.get(key["sk"]["S"]) for key in keys]
        for key, item in zip(keys, items, strict=True):
            await self._pay(key["pk"]["S"], 2 * _blocks(item, _READ_BYTES), 0)
        await self._answer(sum(map(_bytes, items)))
        return {"Responses": [{} if item is None else {"Item": item} for item in items]}

    async def transact_write_items(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """As the client library's."""
        actions = [next(iter(action.items())) for action in request["TransactItems"]]
        keys = [action.get("Item") or action["Key"] for _, action in actions]
        await self._enter_all("TransactWriteItems", [self._of(key).writes for key in keys])
        await self._answer(0)
        stored = [self._of(key).items.get(key["sk"]["S"]) for key in keys]
        holds = [_holds(action, item) for (_, action), item in zip(actions, stored, strict=True)]
        if not all(holds):
            reasons = [
                {"Code": "None"}
                if held
                else {"Code": "ConditionalCheckFailed", **({"Item": item} if item else {})}
                for held, item in zip(holds, stored, strict=True)
            ]
            raise _cancelled("TransactWriteItems", reasons)
        for (kind, action), key in zip(actions, keys, strict=True):
            partition, sk = self._of(key), key["sk"]["S"]
            partition.writes.take(2 * _blocks(action.get("Item"), _WRITE_BYTES))
            if kind == "Put":
                partition.put(sk, action["Item"])
            elif kind == "Delete":
                partition.delete(sk)
        return {}

    async def batch_write_item(self, **request: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """As the client library's, for deletions; never throttled."""
        await self._answer(0)
        for writes in request["RequestItems"].values():
            for write in writes:
                key = write["DeleteRequest"]["Key"]
                self._of(key).delete(key["sk"]["S"])
        return {"UnprocessedItems": {}}

    async def describe_table(self, **_: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """As the client library's."""
        await self._answer(0)
        schema = (("pk", "HASH"), ("sk", "RANGE"))
        return {"Table": {"KeySchema": [{"AttributeName": n, "KeyType": k} for n, k in schema]}}

    def _partition(self, pk: str) -> _Partition:
        if pk not in self._partitions:
            buckets = Bucket(self._read_units), Bucket(WRITE_UNITS)
            self._partitions[pk] = _Partition(*buckets)
        return self._partitions[pk]

    def _of(self, key: Item) -> _Partition:
        return self._partition(key["pk"]["S"])

    async def _enter(self, operation: str, buckets: Sequence[Bucket]) -> None:
        """Raise as the service does where a bucket is empty."""
        if not all(bucket.accepts() for bucket in buckets):
            self.throttled[operation] += 1
            await self._answer(0)
            raise _error(operation, "ProvisionedThroughputExceededException")

    async def _enter_all(self, operation: str, buckets: Sequence[Bucket]) -> None:
        """As `_enter`, for a transaction, with a reason for each of its items."""
        accepted = [bucket.accepts() for bucket in buckets]
        if not all(accepted):
            self.throttled[operation] += 1
            await self._answer(0)
            reasons = [{"Code": "None" if each else "ThrottlingError"} for each in accepted]
            raise _cancelled(operation, reasons)

    async def _pay(self, pk: str, units: float, size: int) -> None:
        self._partition(pk).reads.take(units)
        self.units[pk] += int(units)
        if size:
            await self._answer(size)

    async def _answer(self, size: int) -> None:
        seconds = _LATENCY + size * _SECONDS_A_BYTE
        await asyncio.sleep(seconds * self._random.uniform(0.8, 1.2))


def _page(
    partition: _Partition, request: Mapping[str, Any], start: str | None
) -> tuple[Sequence[Item], int, bool]:
    """Return the items that a query answers, their bytes, and whether there are more."""
    forward = request.get("ScanIndexForward", True)
    keys = partition.keys if forward else partition.keys[::-1]
    first = 0
    if start is not None:
        first = (
            bisect.bisect_right(keys, start)
            if forward
            else len(keys) - bisect.bisect_left(partition.keys, start)
        )
    page: list[Item] = []
    size = 0
    for key in itertools.islice(keys, first, None):
        more = size + partition.sizes[key]
        if page and (more > PAGE_BYTES or len(page) >= request.get("Limit", math.inf)):
            return page, size, True
        page.append(partition.items[key])
        size = more
    return page, size, False


def _holds(action: Mapping[str, Any], item: Item | None) -> bool:
    """Whether an action's condition holds: clauses joined by OR, or by AND."""
    condition = action.get("ConditionExpression")
    if condition is None:
        return True
    values = action.get("ExpressionAttributeValues", {})
    clauses = [_clause(clause, values, item or {}) for clause in re.split(" OR | AND ", condition)]
    return any(clauses) if " OR " in condition else all(clauses)


def _clause(clause: str, values: Mapping[str, Attribute], item: Item) -> bool:
    matched = _CLAUSE.fullmatch(clause)
    if matched is None:
        raise ValueError(f"a condition that this table does not know: {clause}")
    absent, of, name, operator, value = matched.groups()
    if absent:
        return of not in item
    return name in item and _COMPARISONS[operator](_plain(item[name]), _plain(values[value]))


def _plain(attribute: Attribute) -> Any:  # noqa: ANN401 -- a string or a number
    ((kind, value),) = attribute.items()
    return int(value) if kind == "N" else value


def _bytes(item: Item | None) -> int:
    """Return the size of an item, nearly as DynamoDB counts it."""
    return sum(len(name) + _size(attribute) for name, attribute in (item or {}).items())


def _size(attribute: Attribute) -> int:
    ((kind, value),) = attribute.items()
    match kind:
        case "S":
            return len(value.encode())
        case "M":
            return 3 + sum(1 + len(name) + _size(part) for name, part in value.items())
        case "L":
            return 3 + sum(1 + _size(part) for part in value)
        case "N":
            return len(value) // 2 + 2
        case _:
            return 1


def _blocks(item: Item | None, size: int) -> int:
    return max(1, math.ceil(_bytes(item) / size))


def _error(operation: str, code: str, **more: Any) -> ClientError:  # noqa: ANN401 -- JSON
    answer = {"Error": {"Code": code, "Message": "throttled"}, **more}
    return ClientError({**answer, "ResponseMetadata": {"HTTPStatusCode": 400}}, operation)


def _cancelled(operation: str, reasons: Sequence[Mapping[str, Any]]) -> ClientError:
    return _error(operation, "TransactionCanceledException", CancellationReasons=list(reasons))
