"""The store of one process, for tests and scenarios: the port's promises, kept in dictionaries.

Records are held as bytes, so that nobody shares a mutable object with the store and whatever does
not survive a real store does not survive this one. Every operation gives way to other tasks once
before it acts, and acts at once: what interleaves here interleaves in a real store.
"""

import asyncio
import contextlib
import dataclasses
import datetime as dt
import uuid
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence

from pydantic import ConfigDict

from gco.clock import Clock, SystemClock
from gco.core.model.base import Model
from gco.core.model.bounds import bounded_region
from gco.core.model.endpoint import Change, Endpoint, Revision, Write
from gco.core.model.ids import (
    EndpointName,
    EndpointUid,
    Epoch,
    Generation,
    RegionName,
    RevisionNumber,
    Seq,
)
from gco.core.model.status import Region, RegionStatus
from gco.errors import (
    ConflictError,
    FencedError,
    NotFoundError,
    StoreUnavailableError,
    UnreadableError,
)
from gco.store import rules
from gco.store.port import KEPT_REVISIONS, FleetLease, StatusRemoval, Unread, UnreadRegion, Version
from gco.store.records import attempt, decode, encode


class MemoryStore:
    """A store without a file, shared by the tasks of one event loop."""

    def __init__(self, *, clock: Clock | None = None, uid: str | None = None) -> None:
        self._clock = clock or SystemClock()
        self._uid = uid or str(uuid.uuid4())
        self._endpoints: dict[EndpointName, _Row] = {}
        self._revisions: dict[tuple[EndpointName, EndpointUid], dict[RevisionNumber, bytes]] = {}
        self._changes = _Log()
        self._regions: dict[RegionName, bytes] = {}
        self._epochs: dict[RegionName, Epoch] = {}  # kept when a region goes: never counted anew
        self._statuses: dict[RegionName, dict[EndpointName, bytes]] = {}
        self._status_logs: dict[RegionName, _Log] = {}
        self._lease: FleetLease | None = None
        self._version = Version(1)
        self._moved = asyncio.Event()
        self._outages = 0
        self._losing_answers = 0

    @contextlib.contextmanager
    def outage(self) -> Iterator[None]:
        """Within this context the store is out of reach."""
        self._outages += 1
        try:
            yield
        finally:
            self._outages -= 1

    @contextlib.contextmanager
    def lost_answers(self) -> Iterator[None]:
        """Within this context writes are stored, but those who wrote do not learn of it."""
        self._losing_answers += 1
        try:
            yield
        finally:
            self._losing_answers -= 1

    async def identity(self) -> str:
        """Return the store's own uid."""
        await self._turn()
        return self._uid

    async def get(self, name: EndpointName) -> Endpoint:
        """Return the endpoint; raises NotFoundError."""
        await self._turn()
        if name not in self._endpoints:
            raise NotFoundError(f"no endpoint {name} is stored")
        return self._endpoints[name].endpoint(name)

    async def get_many(
        self, names: Sequence[EndpointName], *, unread: Unread | None = None
    ) -> Mapping[EndpointName, Endpoint]:
        """Return those of `names` that exist."""
        await self._turn()
        return {
            name: endpoint
            for name in names
            if name in self._endpoints
            for endpoint in rules.readable(name, self._endpoints[name].found(name), unread)
        }

    async def list(
        self, *, after: EndpointName | None = None, unread: Unread | None = None
    ) -> AsyncIterator[Endpoint]:
        """Every endpoint by name that follows `after`, tombstones included."""
        await self._turn()
        for name, row in sorted(self._endpoints.items()):
            if after is not None and name <= after:
                continue
            for endpoint in rules.readable(name, row.found(name), unread):
                yield endpoint

    async def write(self, writes: Sequence[Write], *, fleet_epoch: Epoch | None = None) -> Seq:
        """Store all of `writes`, or none, and append one change; return its number."""
        rules.check_writes(writes)
        await self._turn()
        if fleet_epoch is not None and (self._lease is None or self._lease.epoch != fleet_epoch):
            raise FencedError(f"the fleet lease is no longer at epoch {fleet_epoch}")
        for write in writes:
            self._refuse_stale(write)
        for write in writes:
            self._store(write)
        seq = self._changes.append([write.name for write in writes], self._clock.now())
        self._written()
        return seq

    async def discard(self, name: EndpointName) -> Seq:
        """Remove a record that cannot be read; raises NotFoundError, ConflictError."""
        await self._turn()
        if name not in self._endpoints:
            raise NotFoundError(f"no endpoint {name} is stored")
        rules.check_discarded(name, self._endpoints[name].found(name))
        del self._endpoints[name]
        for key in [key for key in self._revisions if key[0] == name]:
            del self._revisions[key]
        seq = self._changes.append([name], self._clock.now())
        self._written()
        return seq

    async def revision(
        self, name: EndpointName, uid: EndpointUid, number: RevisionNumber
    ) -> Revision:
        """Return one revision; raises NotFoundError."""
        await self._turn()
        found = self._revisions.get((name, uid), {}).get(number)
        if found is None:
            raise NotFoundError(f"no revision {number} of endpoint {name} is kept")
        return decode(Revision, found, where=f"of revision {number} of {name}")

    async def revisions(
        self,
        name: EndpointName,
        uid: EndpointUid,
        *,
        limit: int = KEPT_REVISIONS,
        unread: Unread | None = None,
    ) -> Sequence[Revision]:
        """Return the newest revisions, newest first."""
        await self._turn()
        kept = sorted(self._revisions.get((name, uid), {}).items(), reverse=True)[:limit]
        return [
            revision
            for number, data in kept
            for revision in rules.readable(
                name, attempt(Revision, data, where=f"of revision {number} of {name}"), unread
            )
        ]

    async def head(self) -> Seq:
        """Return the number of the last change."""
        await self._turn()
        return self._changes.head

    async def changes(self, after: Seq) -> AsyncIterator[Change]:
        """Changes that follow `after`; raises GapError."""
        await self._turn()
        for change in self._changes.after(after):
            yield change

    async def wait(self, seen: Version) -> Version:
        """Return when it is worth reading the logs again."""
        while self._version == seen:
            await self._moved.wait()
        return self._version

    async def regions(self, *, unread: UnreadRegion | None = None) -> Sequence[Region]:
        """Return every registered region, by name."""
        await self._turn()
        return [
            region
            for name, data in sorted(self._regions.items())
            for region in rules.readable(
                name, attempt(Region, data, where=f"of region {name}"), unread
            )
        ]

    async def lead_region(self, region: Region, *, replace_cluster: bool = False) -> Epoch:
        """Register or take over a region; return its epoch, counted up."""
        region = bounded_region(region)
        await self._turn()
        if region.name in self._regions and not replace_cluster:
            bound_to = _StoredRegion.model_validate_json(self._regions[region.name]).cluster_uid
            if bound_to != region.cluster_uid:
                raise rules.cluster_conflict(region, bound_to)
        epoch = Epoch(self._epochs.get(region.name, 0) + 1)
        self._epochs[region.name] = epoch
        self._regions[region.name] = encode(region.model_copy(update={"epoch": epoch}))
        self._written()
        return epoch

    async def update_region(self, region: Region) -> None:
        """Store the region; raises FencedError unless its epoch is the stored one."""
        region = bounded_region(region)
        await self._turn()
        self._refuse_fenced(region.name, region.epoch)
        self._regions[region.name] = encode(region)
        self._written()

    async def remove_region(self, name: RegionName) -> None:
        """Forget a region and what it said; raises NotFoundError."""
        await self._turn()
        if name not in self._regions:
            raise NotFoundError(f"no region {name} is registered")
        del self._regions[name]
        self._statuses.pop(name, None)
        self._epochs[name] = Epoch(self._epochs[name] + 1)
        self._written()

    async def statuses(
        self, region: RegionName, *, unread: Unread | None = None
    ) -> Sequence[RegionStatus]:
        """Return everything that the region says, by endpoint name."""
        await self._turn()
        return [
            status
            for name, data in sorted(self._statuses.get(region, {}).items())
            for status in rules.readable(
                name, attempt(RegionStatus, data, where=f"of {name} in {region}"), unread
            )
        ]

    async def statuses_of(
        self,
        wanted: Mapping[EndpointName, Sequence[RegionName]],
        *,
        unread: Unread | None = None,
    ) -> Sequence[RegionStatus]:
        """Return what the regions named for each endpoint say of it."""
        await self._turn()
        stated = (
            (name, region, self._statuses.get(region, {}).get(name))
            for name, regions in wanted.items()
            for region in regions
        )
        return [
            status
            for name, region, data in stated
            if data is not None
            for status in rules.readable(
                name, attempt(RegionStatus, data, where=f"of {name} in {region}"), unread
            )
        ]

    async def write_statuses(
        self,
        region: RegionName,
        epoch: Epoch,
        statuses: Sequence[RegionStatus | StatusRemoval],
    ) -> Seq:
        """Store what is news in `statuses` and append one entry to the region's log."""
        statuses = rules.checked_statuses(region, statuses)
        await self._turn()
        self._refuse_fenced(region, epoch)
        log = self._status_logs.setdefault(region, _Log())
        changed = [item.name for item in statuses if self._say(region, item)]
        if not changed:
            return log.head
        seq = log.append(changed, self._clock.now())
        self._written()
        return seq

    async def status_head(self, region: RegionName) -> Seq:
        """Return the number of the region's last status change."""
        await self._turn()
        return self._status_logs.get(region, _Log()).head

    async def status_changes(self, region: RegionName, after: Seq) -> AsyncIterator[Change]:
        """As `changes`, for what the region says."""
        await self._turn()
        for change in self._status_logs.get(region, _Log()).after(after):
            yield change

    async def fleet_lease(self) -> FleetLease | None:
        """Return the fleet lease, None before anyone held it."""
        await self._turn()
        return self._lease

    async def write_fleet_lease(self, lease: FleetLease, *, seen: FleetLease | None) -> None:
        """Store `lease` if the stored one is still `seen`; raises ConflictError."""
        rules.check_lease(lease)
        await self._turn()
        if self._lease != seen:
            raise ConflictError("the fleet lease changed since it was read")
        self._lease = lease
        self._written()

    async def close(self) -> None:
        """Do nothing: what is stored stays for as long as the object does."""

    async def _turn(self) -> None:
        await asyncio.sleep(0)
        if self._outages:
            raise StoreUnavailableError("the memory store is out of reach, as the test asked")

    def _written(self) -> None:
        self._version = Version(self._version + 1)
        self._moved.set()
        self._moved = asyncio.Event()
        if self._losing_answers:
            raise StoreUnavailableError("the answer of the memory store was lost, as asked")

    def _refuse_stale(self, write: Write) -> None:
        row = self._endpoints.get(write.name)
        stored = row.generation if row else None
        if stored != write.expected:
            raise rules.generation_conflict(write, stored)
        if (revision := write.revision) is not None:
            kept = self._revisions.get((revision.name, revision.uid), {})
            if revision.number in kept:
                raise rules.revision_conflict(write, stored)

    def _store(self, write: Write) -> None:
        if write.endpoint is None:
            row = self._endpoints.pop(write.name)
            self._revisions.pop((write.name, row.endpoint(write.name).uid), None)
            return
        self._endpoints[write.name] = _Row(write.endpoint.generation, encode(write.endpoint))
        if (revision := write.revision) is not None:
            kept = self._revisions.setdefault((revision.name, revision.uid), {})
            kept[revision.number] = encode(revision)
            for number in [n for n in kept if n <= revision.number - KEPT_REVISIONS]:
                del kept[number]

    def _refuse_fenced(self, region: RegionName, epoch: Epoch) -> None:
        if region not in self._regions or self._epochs[region] != epoch:
            raise FencedError(f"region {region} is no longer at epoch {epoch}")

    def _say(self, region: RegionName, item: RegionStatus | StatusRemoval) -> bool:
        """Store what is said of one endpoint; return whether it is news."""
        said = self._statuses.setdefault(region, {})
        data = said.get(item.name)
        stored = _StoredStatus.model_validate_json(data) if data else None
        if isinstance(item, StatusRemoval):
            if stored is None or stored.uid != item.uid:
                return False
            del said[item.name]
        elif stored is None or rules.is_news(item, stored.uid, stored.observed_revision):
            said[item.name] = encode(item)
        else:
            return False
        return True


class _StoredStatus(Model):
    """What other stores keep in columns beside a status, however new the rest of it is."""

    model_config = ConfigDict(extra="ignore")

    uid: EndpointUid
    observed_revision: RevisionNumber


class _StoredRegion(Model):
    """As `_StoredStatus`, for a region."""

    model_config = ConfigDict(extra="ignore")

    cluster_uid: str


@dataclasses.dataclass(frozen=True, slots=True)
class _Row:
    generation: Generation
    data: bytes

    def endpoint(self, name: EndpointName) -> Endpoint:
        return decode(Endpoint, self.data, where=f"of endpoint {name}")

    def found(self, name: EndpointName) -> Endpoint | UnreadableError:
        return attempt(Endpoint, self.data, where=f"of endpoint {name}")


class _Log:
    """A change log: entries expire, the head does not."""

    def __init__(self) -> None:
        self.head = Seq(0)
        self._entries: list[tuple[dt.datetime, Change]] = []

    def append(self, names: Sequence[EndpointName], now: dt.datetime) -> Seq:
        self.head = Seq(self.head + 1)
        oldest = now - dt.timedelta(days=rules.LOG_DAYS)
        self._entries = [entry for entry in self._entries if entry[0] > oldest]
        self._entries.append((now, Change(self.head, tuple(names))))
        return self.head

    def after(self, seq: Seq) -> Sequence[Change]:
        found = [change for _, change in self._entries if change.seq > seq]
        return rules.without_gaps(seq, self.head, found)
