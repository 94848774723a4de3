"""The connection to the table: requests sent until their outcome is known, or the time is over.

Retrying is done here and not by the client library, so that one time-out bounds it all and a
transaction whose answer was lost is sent again under the same token.
"""

import asyncio
import contextlib
import io
import random
import uuid
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, TypeAlias

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

from gco import __version__
from gco.errors import StoreError, StoreThrottledError, StoreUnavailableError
from gco.store.dynamodb import faults
from gco.store.dynamodb.attributes import Item, Key, key_item, text
from gco.store.dynamodb.faults import TransactionCancelledError

TIME_OUT = 10.0
"""Seconds until an operation that gets no usable answer fails."""
_FIRST_PAUSE = 0.02
_LONGEST_PAUSE = 1.0
_THROTTLED_PAUSE = 0.2
"""Seconds at most between two tries of a request that is throttled.

A partition that many read whole has room for a small request several times a second, each time for
some milliseconds: who asks often gets it, and a refusal costs nothing.
"""
LISTING_PAUSE = 2.0
"""The same for a page of a listing. Small pages, after pauses of this length, leave room for others
and still use all that a partition gives."""
_SMALL_PAGE = 25
"""Items in a page of a listing that was throttled: some 30 read units, of the 3,000 a second."""
_LISTING_PATIENCE = 3
"""Time-outs until a throttled page fails: one of forty readers may wait for its turn for long."""
_CONNECTIONS = 50
_BATCH = 25
"""Writes in one BatchWriteItem."""


Observe: TypeAlias = Callable[[str, str, float], None]
"""Takes a request's operation, how it ended (`success`, or the error's class name), and seconds."""


def unobserved(_operation: str, _result: str, _seconds: float) -> None:
    """For callers that count nothing."""


class Patience:
    """How long to go on trying: pauses that grow, with full jitter, until the time is over."""

    def __init__(self, seconds: float, *, longest_pause: float = _LONGEST_PAUSE) -> None:
        self._deadline = asyncio.get_running_loop().time() + seconds
        self._longest = _FIRST_PAUSE
        self._cap = longest_pause

    @property
    def remaining(self) -> float:
        """The seconds that are left, at least 0."""
        return max(0.0, self._deadline - asyncio.get_running_loop().time())

    async def pause(self, *, throttled: bool = False) -> bool:
        """Sleep a little; return whether there is time for another try."""
        await self.sleep(min(self._longest, _THROTTLED_PAUSE) if throttled else self._longest)
        self._longest = min(2 * self._longest, self._cap)
        return self.remaining > 0

    async def sleep(self, longest: float) -> None:
        """Sleep for up to `longest` seconds, and no longer than the time lasts."""
        pause = random.uniform(0, longest)  # noqa: S311 -- jitter, no secret
        await asyncio.sleep(min(pause, self.remaining))


class Client:
    """One table. Made by :meth:`open`."""

    def __init__(
        self,
        raw: Any,  # noqa: ANN401 -- untyped
        table: str,
        where: str,
        time_out: float,
        observe: Observe,
    ) -> None:
        self._raw = raw
        self._observe = observe
        self.table = table
        self.where = where
        """The table and its region, for messages."""
        self.time_out = time_out

    @classmethod
    @contextlib.asynccontextmanager
    async def open(
        cls,
        table: str,
        *,
        region: str | None,
        endpoint_url: str | None,
        time_out: float = TIME_OUT,
        observe: Observe = unobserved,
    ) -> AsyncIterator["Client"]:
        """Connect, and have `observe` told of every request that is sent.

        Raises SettingsError where region or endpoint cannot be.
        """
        config = AioConfig(
            connect_timeout=min(3.0, time_out),
            read_timeout=min(5.0, time_out),
            retries={"total_max_attempts": 1},
            tcp_keepalive=True,
            max_pool_connections=_CONNECTIONS,
            parameter_validation=False,  # a tenth of a request's cost; the service validates as well
            user_agent=f"gco/{__version__}",  # botocore puts its own together anew for each request
        )
        where = f"DynamoDB table {table} in {region or 'the default region'}"
        made = AioSession().create_client(
            "dynamodb", region_name=region, endpoint_url=endpoint_url, config=config
        )
        async with contextlib.AsyncExitStack() as stack:
            try:
                raw = await stack.enter_async_context(made)
            except (*faults.FOREIGN, ValueError) as error:
                raise faults.translated(error, where) from error
            raw.meta.events.register("before-send.dynamodb", _stream_body)
            yield cls(raw, table, where, time_out, observe)

    async def call(self, operation: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """Send one request to the table; it must be safe to send twice.

        Raises StoreError, as :mod:`gco.store.dynamodb.faults` says, and TransactionCancelledError.
        """
        return await self.send(operation, TableName=self.table, **parameters)

    async def send(self, operation: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """As `call`, for a request that names its tables itself."""
        return await self._send(operation, parameters)

    async def _send(
        self, operation: str, parameters: Mapping[str, Any], *, waits_for_units: bool = True
    ) -> dict[str, Any]:
        """As `send`; raise StoreThrottledError at once where it is not to wait for units."""
        patience = Patience(self.time_out)
        cause: Exception | None = None
        while True:
            try:
                async with asyncio.timeout(patience.remaining):
                    return await self._once(operation, parameters)
            except (*faults.FOREIGN, TimeoutError) as error:
                failure = self._failure(error)
                if failure is not None:
                    raise failure from error
                cause = error if cause is None or not isinstance(error, TimeoutError) else cause
                throttled = faults.is_throttling(cause)
                if throttled and not waits_for_units:
                    raise faults.unavailable(cause, self.where) from error
                if not await patience.pause(throttled=throttled):
                    raise faults.unavailable(cause, self.where) from error

    async def _once(self, operation: str, parameters: Mapping[str, Any]) -> dict[str, Any]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        result = "success"
        try:
            answer: dict[str, Any] = await getattr(self._raw, operation)(**parameters)
        except BaseException as error:
            result = type(error).__name__
            raise
        else:
            return answer
        finally:
            self._observe(operation, result, loop.time() - began)

    async def allow(
        self, operation: str, tolerated: str, parameters: Mapping[str, Any]
    ) -> dict[str, Any] | None:
        """As `call`, but return None where the answer is the error called `tolerated`."""
        try:
            return await self.call(operation, **parameters)
        except StoreError as error:
            if isinstance(error.__cause__, Exception) and faults.code(error.__cause__) == tolerated:
                return None
            raise

    async def get(self, key: Key) -> Item | None:
        """Return the item as last written, None where there is none."""
        answer = await self.call("get_item", Key=key_item(key), ConsistentRead=True)
        return answer.get("Item")

    async def query(self, pk: str, *, newest: int | None = None) -> AsyncIterator[Item]:
        """Every item under `pk` by range key, over as many pages as it takes.

        With `newest`, that many of them, the last first.
        """
        start: dict[str, Any] = {"ScanIndexForward": newest is None}
        while newest is None or newest > 0:
            limit = {} if newest is None else {"Limit": newest}
            answer = await self.query_page("pk = :pk", {":pk": text(pk)}, **limit, **start)
            for item in answer["Items"]:
                yield item
            if "LastEvaluatedKey" not in answer:
                return
            start["ExclusiveStartKey"] = answer["LastEvaluatedKey"]
            newest = None if newest is None else newest - len(answer["Items"])

    async def listing(self, pk: str, *, after: str | None = None) -> AsyncIterator[Item]:
        """Every item under `pk` by range key that follows `after`, letting others go first.

        Once the partition is throttled the pages are small, with pauses before them: someone else
        who wants a single item gets it meanwhile.
        """
        parameters: dict[str, Any] = {
            "TableName": self.table,
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": text(pk)},
            "ConsistentRead": True,
        }
        start = None if after is None else key_item((pk, after))
        while True:
            if start is not None:
                parameters["ExclusiveStartKey"] = start
            answer = await self._listed(parameters)
            for item in answer["Items"]:
                yield item
            if "LastEvaluatedKey" not in answer:
                return
            start = answer["LastEvaluatedKey"]

    async def _listed(self, parameters: dict[str, Any]) -> dict[str, Any]:
        """Return a page; where it is throttled, a small one, as all that follow."""
        patience = Patience(_LISTING_PATIENCE * self.time_out)
        while True:
            try:
                return await self._send("query", parameters, waits_for_units=False)
            except StoreThrottledError:
                parameters["Limit"] = _SMALL_PAGE
                await patience.sleep(LISTING_PAUSE)
                if not patience.remaining:
                    raise

    async def query_page(self, condition: str, values: Item, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401 -- JSON
        """Send one query and return its answer: at most 1 MB, and where to go on."""
        return await self.call(
            "query",
            KeyConditionExpression=condition,
            ExpressionAttributeValues=values,
            ConsistentRead=True,
            **parameters,
        )

    async def transact(self, actions: Sequence[dict[str, Any]]) -> None:
        """Store all of `actions` or none; raises TransactionCancelledError.

        Should the request have to be sent again, its token makes the answer the first one's.
        """
        named = [
            {kind: {"TableName": self.table, **action}}
            for one in actions
            for kind, action in one.items()
        ]
        token = str(uuid.uuid4())
        await self.send("transact_write_items", TransactItems=named, ClientRequestToken=token)

    async def delete(self, keys: Sequence[Key]) -> None:
        """Delete the items, each for itself, whether or not they exist."""
        for start in range(0, len(keys), _BATCH):
            part = keys[start : start + _BATCH]
            left = {self.table: [{"DeleteRequest": {"Key": key_item(key)}} for key in part]}
            patience = Patience(self.time_out)
            while left:
                left = (await self.send("batch_write_item", RequestItems=left))["UnprocessedItems"]
                if left and not await patience.pause():
                    raise StoreUnavailableError(f"{self.where} is throttled; try again")

    def _failure(self, error: Exception) -> Exception | None:
        """Return the error to raise, or None where the request is to be sent again."""
        if faults.code(error) == "TransactionCanceledException":
            return TransactionCancelledError(error)
        if isinstance(error, TimeoutError) or faults.is_passing(error):
            return None
        return faults.translated(error, self.where)


def _stream_body(request: Any, **_: object) -> None:  # noqa: ANN401 -- untyped
    """Hand the body over as a file: aiohttp sends that in pieces, letting other tasks run."""
    if isinstance(request.body, bytes):
        request.body = io.BytesIO(request.body)
