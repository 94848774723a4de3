"""The store's port over one DynamoDB table in one region, which every region reads and writes.

Whatever is conditional is one transaction. Every read is strongly consistent. Nothing is scanned.
"""

import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial

from gco.clock import Clock, SystemClock
from gco.core.model.bounds import bounded_region
from gco.core.model.endpoint import Change, Endpoint, Revision, Write
from gco.core.model.ids import EndpointName, EndpointUid, Epoch, RegionName, RevisionNumber, Seq
from gco.core.model.status import Region, RegionStatus
from gco.store import rules
from gco.store.dynamodb import endpoints, keys, leases, logs, regional, transactions
from gco.store.dynamodb.client import TIME_OUT, Client, Observe, unobserved
from gco.store.dynamodb.pace import Pace
from gco.store.dynamodb.table import verify
from gco.store.port import (
    KEPT_REVISIONS,
    FleetLease,
    StatusRemoval,
    Unread,
    UnreadRegion,
    Version,
)

TAIL_SECONDS = 0.3
"""The pause between two reads of a log while the store is busy."""
REST_SECONDS = 2.0
"""The pause that it grows to at rest."""


class DynamoDbStore:
    """A store in a table. Made by :meth:`open`; its promises are those of the port."""

    def __init__(
        self,
        client: Client,
        resources: contextlib.AsyncExitStack,
        *,
        pace: Pace,
        clock: Clock,
    ) -> None:
        self._client = client
        self._resources = resources
        self._pace = pace
        self._clock = clock
        self._appender = transactions.Appender(client)

    @classmethod
    async def open(
        cls,
        table: str,
        *,
        region: str | None = None,
        endpoint_url: str | None = None,
        tail_seconds: float = TAIL_SECONDS,
        rest_seconds: float = REST_SECONDS,
        time_out: float = TIME_OUT,
        clock: Clock | None = None,
        observe: Observe = unobserved,
    ) -> "DynamoDbStore":
        """Connect to a store that `create_table` made; `observe` is told of every request.

        The logs are read each `tail_seconds` while there is activity; a minute after the last of it
        the pause has grown to `rest_seconds`, which counts where it is longer.
        Credentials are found as every AWS client finds them. `time_out` is in seconds, for each
        operation and all its tries. Raises StoreIdentityError where the table is missing, not
        initialised, of another layout or replicated; StoreDeniedError where credentials are missing
        or not accepted; SettingsError without a region; StoreUnavailableError.
        """
        async with contextlib.AsyncExitStack() as resources:
            opened = Client.open(
                table,
                region=region,
                endpoint_url=endpoint_url,
                time_out=time_out,
                observe=observe,
            )
            client = await resources.enter_async_context(opened)
            await verify(client)
            return cls(
                client,
                resources.pop_all(),
                pace=Pace(tail_seconds, rest_seconds),
                clock=clock or SystemClock(),
            )

    async def identity(self) -> str:
        """Return the store's own uid, read anew: the table may have been replaced."""
        return await verify(self._client)

    async def get(self, name: EndpointName) -> Endpoint:
        """Return the endpoint; raises NotFoundError."""
        return await endpoints.get(self._client, name)

    async def get_many(
        self, names: Sequence[EndpointName], *, unread: Unread | None = None
    ) -> Mapping[EndpointName, Endpoint]:
        """Return those of `names` that exist."""
        items = await endpoints.get_many(self._client, names)
        return {n: e for n, found in items.items() for e in rules.readable(n, found, unread)}

    async def list(
        self, *, after: EndpointName | None = None, unread: Unread | None = None
    ) -> AsyncIterator[Endpoint]:
        """Every endpoint by name that follows `after`, tombstones included."""
        async for name, found in endpoints.every(self._client, after):
            for endpoint in rules.readable(name, found, unread):
                yield endpoint

    async def write(self, writes: Sequence[Write], *, fleet_epoch: Epoch | None = None) -> Seq:
        """Store all of `writes`, or none, and append one change; return its number."""
        rules.check_writes(writes)
        now = self._clock.now()
        seq = await endpoints.write(self._appender, writes, fleet_epoch, now)
        self._pace.wrote()
        return seq

    async def discard(self, name: EndpointName) -> Seq:
        """Remove a record that cannot be read; raises NotFoundError, ConflictError."""
        seq = await endpoints.discard(self._appender, name, self._clock.now())
        self._pace.wrote()
        return seq

    async def revision(
        self, name: EndpointName, uid: EndpointUid, number: RevisionNumber
    ) -> Revision:
        """Return one revision; raises NotFoundError."""
        return await endpoints.revision(self._client, name, uid, number)

    async def revisions(
        self,
        name: EndpointName,
        uid: EndpointUid,
        *,
        limit: int = KEPT_REVISIONS,
        unread: Unread | None = None,
    ) -> Sequence[Revision]:
        """Return the newest revisions, newest first."""
        items = await endpoints.revisions(self._client, name, uid, limit)
        return [r for found in items for r in rules.readable(name, found, unread)]

    async def head(self) -> Seq:
        """Return the number of the last change."""
        return await logs.settled_head(self._client, keys.CHANGES, keys.endpoint)

    async def changes(self, after: Seq) -> AsyncIterator[Change]:
        """Changes that follow `after`; raises GapError."""
        async for change in logs.follow(self._client, keys.CHANGES, after):
            self._pace.read()
            yield change

    async def wait(self, seen: Version) -> Version:
        """Return after the pause, or earlier where this process wrote, or read news, since `seen`."""
        return await self._pace.wait(seen)

    async def regions(self, *, unread: UnreadRegion | None = None) -> Sequence[Region]:
        """Return every registered region, by name."""
        return await regional.every(self._client, unread)

    async def lead_region(self, region: Region, *, replace_cluster: bool = False) -> Epoch:
        """Register or take over a region; return its epoch, counted up."""
        region = bounded_region(region)
        return await regional.lead(self._client, region, replace_cluster=replace_cluster)

    async def update_region(self, region: Region) -> None:
        """Store the region; raises FencedError unless its epoch is the stored one."""
        region = bounded_region(region)
        await regional.update(self._client, region)

    async def remove_region(self, name: RegionName) -> None:
        """Forget a region and what it said; raises NotFoundError."""
        await regional.remove(self._client, name)

    async def statuses(
        self, region: RegionName, *, unread: Unread | None = None
    ) -> Sequence[RegionStatus]:
        """Return everything that the region says, by endpoint name."""
        return await regional.statuses(self._client, region, unread)

    async def statuses_of(
        self,
        wanted: Mapping[EndpointName, Sequence[RegionName]],
        *,
        unread: Unread | None = None,
    ) -> Sequence[RegionStatus]:
        """Return what the regions named for each endpoint say of it."""
        return await regional.statuses_of(self._client, wanted, unread)

    async def write_statuses(
        self,
        region: RegionName,
        epoch: Epoch,
        statuses: Sequence[RegionStatus | StatusRemoval],
    ) -> Seq:
        """Store what is news in `statuses` and append one entry to the region's log."""
        statuses = rules.checked_statuses(region, statuses)
        now = self._clock.now()
        seq = await regional.write_statuses(self._appender, region, epoch, statuses, now)
        self._pace.wrote()
        return seq

    async def status_head(self, region: RegionName) -> Seq:
        """Return the number of the region's last status change."""
        where = partial(keys.status, region)
        return await logs.settled_head(self._client, keys.status_log(region), where)

    async def status_changes(self, region: RegionName, after: Seq) -> AsyncIterator[Change]:
        """As `changes`, for what the region says."""
        async for change in logs.follow(self._client, keys.status_log(region), after):
            self._pace.read()
            yield change

    async def fleet_lease(self) -> FleetLease | None:
        """Return the fleet lease, None before anyone held it."""
        return await leases.read(self._client)

    async def write_fleet_lease(self, lease: FleetLease, *, seen: FleetLease | None) -> None:
        """Store `lease` if the stored one is still `seen`; raises ConflictError."""
        rules.check_lease(lease)
        await leases.write(self._client, lease, seen)

    async def close(self) -> None:
        """Release what is open; the store is not used afterwards."""
        await self._resources.aclose()
