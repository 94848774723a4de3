"""Regions and what they say of the endpoints, fenced by the epoch of each region's leader."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence

from gco.core.model.ids import EndpointName, Epoch, RegionName, Seq
from gco.core.model.status import Region, RegionStatus
from gco.errors import FencedError, NotFoundError
from gco.store import rules
from gco.store.dynamodb import keys
from gco.store.dynamodb.attributes import (
    Item,
    attempt_item,
    key_item,
    key_of,
    number,
    number_of,
    text,
    text_of,
    to_item,
)
from gco.store.dynamodb.client import Client, Patience
from gco.store.dynamodb.transactions import (
    ABSENT,
    Action,
    Appender,
    busy,
    check,
    commit,
    delete,
    head,
    put,
    put_record,
    read_together,
)
from gco.store.port import StatusRemoval, Unread, UnreadRegion

_REMOVED = "removed"
"""Marks the record of a removed region, kept so that its epoch is never counted anew."""
_TRUE = {"BOOL": True}
_LED_BY_ME = f"epoch = :mine AND attribute_not_exists({_REMOVED})"


async def every(client: Client, unread: UnreadRegion | None) -> Sequence[Region]:
    """Return every registered region, by name."""
    return [
        region
        async for item in client.query(keys.REGIONS)
        if _REMOVED not in item
        for region in rules.readable(
            RegionName(key_of(item)[1]), attempt_item(Region, item), unread
        )
    ]


async def lead(client: Client, region: Region, *, replace_cluster: bool) -> Epoch:
    """Store the region with its epoch counted up; raises ConflictError for another cluster."""
    key = keys.region(region.name)
    patience = Patience(client.time_out)
    while True:
        stored = await client.get(key)
        if stored is not None and _REMOVED not in stored and not replace_cluster:
            bound_to = text_of(stored, "clusterUid")
            if bound_to != region.cluster_uid:
                raise rules.cluster_conflict(region, bound_to)
        epoch = Epoch(_epoch(stored) + 1)
        leading = region.model_copy(update={"epoch": epoch})
        if await _replace(client, to_item(key, leading), stored):
            return epoch
        if not await patience.pause():
            raise busy(client)


async def update(client: Client, region: Region) -> None:
    """Store the region; raises FencedError unless its epoch is the stored one."""
    mine = number(region.epoch)
    write = put_record(keys.region(region.name), region, _LED_BY_ME, mine=mine)
    if not await commit(client, write):
        raise _fenced(region.name, region.epoch)


async def remove(client: Client, name: RegionName) -> None:
    """Forget the region and what it said, but not its epoch; raises NotFoundError.

    The record goes first: that fences the leader, so that nothing is said again. A removal that
    stopped half-way is finished by the next one.
    """
    registered = await _bury(client, name)
    said = [key_of(item) async for item in client.query(keys.statuses(name))]
    if not registered and not said:
        raise NotFoundError(f"no region {name} is registered")
    await client.delete(said)


async def statuses(
    client: Client, region: RegionName, unread: Unread | None
) -> Sequence[RegionStatus]:
    """Return everything that the region says, by endpoint name."""
    return [
        status
        async for item in client.listing(keys.statuses(region))
        for status in rules.readable(
            EndpointName(key_of(item)[1]), attempt_item(RegionStatus, item), unread
        )
    ]


async def statuses_of(
    client: Client,
    wanted: Mapping[EndpointName, Sequence[RegionName]],
    unread: Unread | None,
) -> Sequence[RegionStatus]:
    """Return what the regions named for each endpoint say of it."""
    pairs = (
        (region, name) for name, regions in wanted.items() for region in dict.fromkeys(regions)
    )
    items = await read_together(client, [keys.status(region, name) for region, name in pairs])
    return [
        status
        for item in items
        if item is not None
        for status in rules.readable(
            EndpointName(key_of(item)[1]), attempt_item(RegionStatus, item), unread
        )
    ]


async def write_statuses(
    appender: Appender,
    region: RegionName,
    epoch: Epoch,
    said: Sequence[RegionStatus | StatusRemoval],
    now: dt.datetime,
) -> Seq:
    """Store what is news in `said` and one entry in the region's log; raises FencedError."""
    fence = check(keys.region(region), _LED_BY_ME, mine=number(epoch))
    news = list(said)

    def judge(refused: Mapping[int, Item | None]) -> None:
        if 0 in refused:
            raise _fenced(region, epoch)
        if refused:
            raise _OldNewsError(refused.keys())

    while news:
        actions = [fence, *(_say(region, item) for item in news)]
        names = [item.name for item in news]
        try:
            return await appender.commit(keys.status_log(region), actions, names, now, judge)
        except _OldNewsError as old:
            news = [item for at, item in enumerate(news, start=1) if at not in old.positions]
    return await head(appender.client, keys.status_log(region))


class _OldNewsError(Exception):
    """Some of what a region says is not news; the rest may be stored without it."""

    def __init__(self, positions: Collection[int]) -> None:
        self.positions = positions
        super().__init__(positions)


def _say(region: RegionName, item: RegionStatus | StatusRemoval) -> Action:
    key = keys.status(region, item.name)
    if isinstance(item, StatusRemoval):
        return delete(key, "uid = :uid", uid=text(item.uid))
    condition = f"{ABSENT} OR uid <> :uid OR observedRevision <= :revision"
    revision = number(item.observed_revision)
    return put_record(key, item, condition, uid=text(item.uid), revision=revision)


async def _bury(client: Client, name: RegionName) -> bool:
    """Replace the region's record by its epoch, counted up; return whether there was one."""
    key = keys.region(name)
    patience = Patience(client.time_out)
    while True:
        stored = await client.get(key)
        if stored is None or _REMOVED in stored:
            return False
        epoch = number(_epoch(stored) + 1)
        if await _replace(client, key_item(key) | {"epoch": epoch, _REMOVED: _TRUE}, stored):
            return True
        if not await patience.pause():
            raise busy(client)


async def _replace(client: Client, item: Item, stored: Item | None) -> bool:
    """Store a region's record if it is still at the epoch of `stored`; return whether it was."""
    if stored is None:
        return await commit(client, put(item, ABSENT))
    return await commit(client, put(item, "epoch = :epoch", epoch=stored["epoch"]))


def _epoch(stored: Item | None) -> int:
    return number_of(stored, "epoch") if stored else 0


def _fenced(region: RegionName, epoch: Epoch) -> FencedError:
    return FencedError(f"region {region} is no longer at epoch {epoch}")
