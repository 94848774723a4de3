"""Endpoints and their revisions: reads, and the one transaction that writes them."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence

from gco.core.model.endpoint import Endpoint, Revision, Write
from gco.core.model.ids import EndpointName, EndpointUid, Epoch, Generation, RevisionNumber, Seq
from gco.errors import (
    ConflictError,
    FencedError,
    NotFoundError,
    StoreUnavailableError,
    UnreadableError,
)
from gco.store import rules
from gco.store.dynamodb import keys
from gco.store.dynamodb.attributes import (
    Attribute,
    Item,
    attempt_item,
    from_item,
    key_item,
    key_of,
    number,
    number_of,
    text,
)
from gco.store.dynamodb.client import Client
from gco.store.dynamodb.transactions import (
    ABSENT,
    Action,
    Appender,
    check,
    delete,
    put,
    put_record,
    read_together,
)
from gco.store.port import KEPT_REVISIONS
from gco.telemetry.logs import get_logger

log = get_logger(__name__)


async def get(client: Client, name: EndpointName) -> Endpoint:
    """Return the endpoint; raises NotFoundError."""
    item = await client.get(keys.endpoint(name))
    if item is None:
        raise NotFoundError(f"no endpoint {name} is stored")
    return from_item(Endpoint, item)


async def get_many(
    client: Client, names: Sequence[EndpointName]
) -> Mapping[EndpointName, Endpoint | UnreadableError]:
    """Return those of `names` that exist, or why one cannot be read."""
    distinct = list(dict.fromkeys(names))
    items = await read_together(client, [keys.endpoint(name) for name in distinct])
    pairs = zip(distinct, items, strict=True)
    return {name: attempt_item(Endpoint, item) for name, item in pairs if item is not None}


async def every(
    client: Client, after: EndpointName | None
) -> AsyncIterator[tuple[EndpointName, Endpoint | UnreadableError]]:
    """Every endpoint by name that follows `after`, page by page, or why one cannot be read."""
    async for item in client.listing(keys.ENDPOINTS, after=after):
        yield EndpointName(key_of(item)[1]), attempt_item(Endpoint, item)


async def revision(
    client: Client, name: EndpointName, uid: EndpointUid, wanted: RevisionNumber
) -> Revision:
    """Return one revision; raises NotFoundError."""
    item = await client.get(keys.revision(name, uid, wanted))
    if item is None:
        raise NotFoundError(f"no revision {wanted} of endpoint {name} is kept")
    return from_item(Revision, item)


async def revisions(
    client: Client, name: EndpointName, uid: EndpointUid, limit: int
) -> Sequence[Revision | UnreadableError]:
    """Return the newest revisions, newest first, or why one cannot be read."""
    found = client.query(keys.revisions(name, uid), newest=limit)
    return [attempt_item(Revision, item) async for item in found]


async def write(
    appender: Appender, writes: Sequence[Write], fleet_epoch: Epoch | None, now: dt.datetime
) -> Seq:
    """Store all of `writes` and one change; raises ConflictError, FencedError."""
    actions, owners = await _actions(appender.client, writes, fleet_epoch)

    def judge(refused: Mapping[int, Item | None]) -> None:
        for position, item in sorted(refused.items()):
            owner = owners[position]
            if owner is None:
                raise FencedError(f"the fleet lease is no longer at epoch {fleet_epoch}")
            _refuse(owner, actions[position], item)

    names = [item.name for item in writes]
    seq = await appender.commit(keys.CHANGES, actions, names, now, judge)
    await _tidy(appender.client, writes)
    return seq


async def discard(appender: Appender, name: EndpointName, now: dt.datetime) -> Seq:
    """Remove a record that cannot be read; raises NotFoundError, ConflictError.

    Only what is left of its uid tells where its revisions are; without it they stay.
    """
    key = keys.endpoint(name)
    item = await appender.client.get(key)
    if item is None:
        raise NotFoundError(f"no endpoint {name} is stored")
    rules.check_discarded(name, attempt_item(Endpoint, item))
    condition, values = _unchanged(item)
    actions = [delete(key, condition, **values)]
    if (uid := item.get("uid", {}).get("S")) is not None:
        actions.append(_purged(name, EndpointUid(uid)))

    def judge(refused: Mapping[int, Item | None]) -> None:
        if refused:
            raise ConflictError(f"{name} changed since it was read", name=name)

    seq = await appender.commit(keys.CHANGES, actions, [name], now, judge)
    with contextlib.suppress(StoreUnavailableError):  # the next purge does it
        await _sweep(appender.client)
    return seq


def _unchanged(item: Item) -> tuple[str, dict[str, Attribute]]:
    """Return the condition that the item still has its generation, whatever that is."""
    if "generation" in item:
        return "generation = :read", {"read": item["generation"]}
    return "attribute_exists(pk) AND attribute_not_exists(generation)", {}


async def _actions(
    client: Client, writes: Sequence[Write], fleet_epoch: Epoch | None
) -> tuple[Sequence[Action], Sequence[Write | None]]:
    """Return the transaction's actions, and whose each is: None for the fleet's fence, first."""
    gone = [item.name for item in writes if item.endpoint is None]
    found = await get_many(client, gone) if gone else {}
    stored = {
        name: endpoint
        for name, one in found.items()
        for endpoint in rules.readable(name, one, None)
    }
    pairs: list[tuple[Action, Write | None]] = []
    if fleet_epoch is not None:
        pairs.append((check(keys.FLEET_LEASE, "epoch = :epoch", epoch=number(fleet_epoch)), None))
    for item in writes:
        pairs.extend((action, item) for action in _write(item, stored.get(item.name)))
    return [action for action, _ in pairs], [owner for _, owner in pairs]


def _write(item: Write, stored: Endpoint | None) -> Sequence[Action]:
    key = keys.endpoint(item.name)
    expected = {} if item.expected is None else {"expected": number(item.expected)}
    condition = ABSENT if item.expected is None else "generation = :expected"
    if item.endpoint is None:
        removal = delete(key, condition, **expected)
        return [removal] if stored is None else [removal, _purged(stored.name, stored.uid)]
    change = put_record(key, item.endpoint, condition, **expected)
    if (new := item.revision) is None:
        return [change]
    return [change, put_record(keys.revision(new.name, new.uid, new.number), new, ABSENT)]


def _purged(name: EndpointName, uid: EndpointUid) -> Action:
    """Note that the endpoint's revisions are to be deleted, whoever gets to do it."""
    of = keys.revisions(name, uid)
    return put(key_item((keys.PURGED, of)), ABSENT)


def _refuse(item: Write, action: Action, stored: Item | None) -> None:
    is_revision = "Put" in action and action["Put"]["Item"]["pk"] != text(keys.ENDPOINTS)
    if is_revision:
        raise rules.revision_conflict(item, item.expected)
    generation = Generation(number_of(stored, "generation")) if stored else None
    raise rules.generation_conflict(item, generation)


async def _tidy(client: Client, writes: Sequence[Write]) -> None:
    """Delete the revisions that are kept no longer; what fails is left to the next purge.

    The write itself is done, and must not look as if it had failed.
    """
    new = [item.revision for item in writes if item.revision is not None]
    old = [
        keys.revision(r.name, r.uid, RevisionNumber(r.number - KEPT_REVISIONS))
        for r in new
        if r.number > KEPT_REVISIONS
    ]
    try:
        await client.delete(old)
        if any(item.endpoint is None for item in writes):
            await _sweep(client)
    except StoreUnavailableError as error:
        log.warning("old revisions are left for the next purge", why=str(error))


async def _sweep(client: Client) -> None:
    """Delete the revisions of every purged endpoint, those that a crash left behind included."""
    marks = [item async for item in client.query(keys.PURGED)]
    for mark in marks:
        of = mark["sk"]["S"]
        await client.delete([key_of(item) async for item in client.query(of)])
        await client.delete([key_of(mark)])
