"""The store's port over one SQLite file.

Any number of processes of one machine may have the file open. A write takes SQLite's one write lock
at its start, so what a transaction has checked holds when it commits.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from gco.clock import Clock, SystemClock
from gco.core.model.bounds import bounded_region
from gco.core.model.endpoint import Change, Endpoint, Revision, Write
from gco.core.model.ids import EndpointName, EndpointUid, Epoch, RegionName, RevisionNumber, Seq
from gco.core.model.status import Region, RegionStatus
from gco.store import rules
from gco.store.port import (
    KEPT_REVISIONS,
    FleetLease,
    StatusRemoval,
    Unread,
    UnreadRegion,
    Version,
)
from gco.store.sqlite import endpoints, leases, logs, regional, schema
from gco.store.sqlite.database import LOCK_SECONDS, Database
from gco.store.sqlite.watch import Watch


class SqliteStore:
    """A store in a file. Made by :meth:`open`; its promises are those of the port."""

    def __init__(self, database: Database, watch: Watch, clock: Clock) -> None:
        self._database = database
        self._watch = watch
        self._clock = clock

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        create: bool = True,
        clock: Clock | None = None,
        lock_seconds: float = LOCK_SECONDS,
    ) -> "SqliteStore":
        """Open the store; `create` makes a missing one first, with its folder, for the user alone.

        Raises StoreMissingError where there is none and none is created, StoreIdentityError where
        the file holds something else or another version, StoreUnavailableError where it cannot be
        opened. A lock that another process holds for longer than `lock_seconds` makes an operation
        fail.
        """
        database = await Database.open(path, create=create, lock_seconds=lock_seconds)
        # Looked at before anything is read, so that no write falls between read and first look.
        watch = Watch(database.data_version, await database.data_version())
        database.on_write = watch.move  # `data_version` tells of other connections' writes alone
        return cls(database, watch, clock or SystemClock())

    async def identity(self) -> str:
        """Return the store's own uid."""
        return await self._database.read(schema.identity)

    async def get(self, name: EndpointName) -> Endpoint:
        """Return the endpoint; raises NotFoundError."""
        return await self._database.read(partial(endpoints.get, name=name))

    async def get_many(
        self, names: Sequence[EndpointName], *, unread: Unread | None = None
    ) -> Mapping[EndpointName, Endpoint]:
        """Return those of `names` that exist."""
        rows = await self._database.read(partial(endpoints.get_many, names=names))
        return {n: e for n, found in rows.items() for e in rules.readable(n, found, unread)}

    async def list(
        self, *, after: EndpointName | None = None, unread: Unread | None = None
    ) -> AsyncIterator[Endpoint]:
        """Every endpoint by name that follows `after`, tombstones included."""
        page = await self._database.read(partial(endpoints.page, after=after or ""))
        while page:
            for name, found in page:
                for endpoint in rules.readable(name, found, unread):
                    yield endpoint
            page = await self._database.read(partial(endpoints.page, after=page[-1][0]))

    async def write(self, writes: Sequence[Write], *, fleet_epoch: Epoch | None = None) -> Seq:
        """Store all of `writes`, or none, and append one change; return its number."""
        rules.check_writes(writes)
        now = self._clock.now()
        work = partial(endpoints.write, writes=writes, fleet_epoch=fleet_epoch, now=now)
        return await self._database.write(work)

    async def discard(self, name: EndpointName) -> Seq:
        """Remove a record that cannot be read; raises NotFoundError, ConflictError."""
        work = partial(endpoints.discard, name=name, now=self._clock.now())
        return await self._database.write(work)

    async def revision(
        self, name: EndpointName, uid: EndpointUid, number: RevisionNumber
    ) -> Revision:
        """Return one revision; raises NotFoundError."""
        work = partial(endpoints.revision, name=name, uid=uid, number=number)
        return await self._database.read(work)

    async def revisions(
        self,
        name: EndpointName,
        uid: EndpointUid,
        *,
        limit: int = KEPT_REVISIONS,
        unread: Unread | None = None,
    ) -> Sequence[Revision]:
        """Return the newest revisions, newest first."""
        work = partial(endpoints.revisions, name=name, uid=uid, limit=limit)
        rows = await self._database.read(work)
        return [r for found in rows for r in rules.readable(name, found, unread)]

    async def head(self) -> Seq:
        """Return the number of the last change."""
        return await self._database.read(partial(logs.head, log=logs.ENDPOINTS))

    async def changes(self, after: Seq) -> AsyncIterator[Change]:
        """Changes that follow `after`; raises GapError."""
        async for change in self._follow(logs.ENDPOINTS, after):
            yield change

    async def wait(self, seen: Version) -> Version:
        """Return when this or another process has written, or at once if one has since `seen`."""
        return await self._watch.wait(seen)

    async def regions(self, *, unread: UnreadRegion | None = None) -> Sequence[Region]:
        """Return every registered region, by name."""
        rows = await self._database.read(regional.every)
        return [r for name, found in rows for r in rules.readable(name, found, unread)]

    async def lead_region(self, region: Region, *, replace_cluster: bool = False) -> Epoch:
        """Register or take over a region; return its epoch, counted up."""
        region = bounded_region(region)
        work = partial(regional.lead, region=region, replace_cluster=replace_cluster)
        return await self._database.write(work)

    async def update_region(self, region: Region) -> None:
        """Store the region; raises FencedError unless its epoch is the stored one."""
        region = bounded_region(region)
        await self._database.write(partial(regional.update, region=region))

    async def remove_region(self, name: RegionName) -> None:
        """Forget a region and what it said; raises NotFoundError."""
        await self._database.write(partial(regional.remove, name=name))

    async def statuses(
        self, region: RegionName, *, unread: Unread | None = None
    ) -> Sequence[RegionStatus]:
        """Return everything that the region says, by endpoint name."""
        rows = await self._database.read(partial(regional.statuses, region=region))
        return [s for name, found in rows for s in rules.readable(name, found, unread)]

    async def statuses_of(
        self,
        wanted: Mapping[EndpointName, Sequence[RegionName]],
        *,
        unread: Unread | None = None,
    ) -> Sequence[RegionStatus]:
        """Return what the regions named for each endpoint say of it."""
        rows = await self._database.read(partial(regional.statuses_of, wanted=wanted))
        return [s for name, found in rows for s in rules.readable(name, found, unread)]

    async def write_statuses(
        self,
        region: RegionName,
        epoch: Epoch,
        statuses: Sequence[RegionStatus | StatusRemoval],
    ) -> Seq:
        """Store what is news in `statuses` and append one entry to the region's log."""
        statuses = rules.checked_statuses(region, statuses)
        now = self._clock.now()
        work = partial(regional.write_statuses, region=region, epoch=epoch, said=statuses, now=now)
        return await self._database.write(work)

    async def status_head(self, region: RegionName) -> Seq:
        """Return the number of the region's last status change."""
        return await self._database.read(partial(logs.head, log=logs.status_log(region)))

    async def status_changes(self, region: RegionName, after: Seq) -> AsyncIterator[Change]:
        """As `changes`, for what the region says."""
        async for change in self._follow(logs.status_log(region), after):
            yield change

    async def fleet_lease(self) -> FleetLease | None:
        """Return the fleet lease, None before anyone held it."""
        return await self._database.read(leases.read)

    async def write_fleet_lease(self, lease: FleetLease, *, seen: FleetLease | None) -> None:
        """Store `lease` if the stored one is still `seen`; raises ConflictError."""
        rules.check_lease(lease)
        await self._database.write(partial(leases.write, lease=lease, seen=seen))

    async def close(self) -> None:
        """Release what is open; the store is not used afterwards."""
        await self._watch.close()
        await self._database.close()

    async def _follow(self, log: str, after: Seq) -> AsyncIterator[Change]:
        page = await self._database.read(partial(logs.page, log=log, after=after))
        while page:
            for change in page:
                yield change
            page = await self._database.read(partial(logs.page, log=log, after=page[-1].seq))
