"""The fleet's lease."""

from gco.core.model.ids import Epoch
from gco.errors import ConflictError
from gco.store.dynamodb import keys
from gco.store.dynamodb.attributes import Item, key_item, number, text
from gco.store.dynamodb.client import Client
from gco.store.dynamodb.transactions import ABSENT, commit, put
from gco.store.port import FleetLease


async def read(client: Client) -> FleetLease | None:
    """Return the lease, None before anyone held it."""
    item = await client.get(keys.FLEET_LEASE)
    if item is None:
        return None
    return FleetLease(
        holder=item["holder"]["S"],
        epoch=Epoch(int(item["epoch"]["N"])),
        counter=int(item["renewals"]["N"]),
        duration=float(item["lasts"]["S"]),
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
