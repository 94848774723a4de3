"""The fleet's lease."""

from gco.core.model.ids import Epoch
from gco.errors import ConflictError, StoreError
from gco.store.dynamodb import keys
from gco.store.dynamodb.attributes import (
    Item,
    key_item,
    number,
    number_of,
    text,
    text_of,
)
from gco.store.dynamodb.client import Client
from gco.store.dynamodb.transactions import ABSENT, commit, put
from gco.store.port import FleetLease


async def read(client: Client) -> FleetLease | None:
    """Return the lease, None before anyone held it."""
    item = await client.get(keys.FLEET_LEASE)
    if item is None:
        return None
    return lease_of(item)


def lease_of(item: Item) -> FleetLease:
    """Return the lease that `item` holds; raises StoreError where it cannot be read."""
    lasts = text_of(item, "lasts")
    try:
        duration = float(lasts)
    except ValueError as error:
        raise StoreError(
            f"the fleet lease cannot be read (lasts: {lasts}): delete the item "
            f"{keys.FLEET_LEASE[1]} under {keys.FLEET_LEASE[0]}; the next monitor makes it again"
        ) from error
    return FleetLease(
        holder=text_of(item, "holder"),
        epoch=Epoch(number_of(item, "epoch")),
        counter=number_of(item, "renewals"),
        duration=duration,
    )


async def write(client: Client, lease: FleetLease, seen: FleetLease | None) -> None:
    """Store `lease`; raises ConflictError unless the stored one is still `seen`."""
    item = key_item(keys.FLEET_LEASE) | _fields(lease)
    if seen is None:
        taken = await commit(client, put(item, ABSENT))
    else:
        fields = _fields(seen)
        condition = " AND ".join(f"{name} = :{name}" for name in fields)
        taken = await commit(client, put(item, condition, **fields))
    if not taken:
        raise ConflictError("the fleet lease changed since it was read")


def _fields(lease: FleetLease) -> Item:
    """Return the lease's attributes; none is among DynamoDB's many reserved words."""
    return {
        "holder": text(lease.holder),
        "epoch": number(lease.epoch),
        "renewals": number(lease.counter),
        "lasts": text(repr(lease.duration)),
    }
