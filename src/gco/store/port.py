"""The port through which desired state is read and written, with the promises every adapter keeps.

Writes of an endpoint are compare-and-set on its generation. Every accepted write appends to one
totally ordered change log, in the same transaction: a reader that follows :meth:`Store.changes` from
the sequence number it last saw misses nothing, and sees no write twice out of order. Each region's
statuses have a log of the same kind, with that region's leader as its one writer, fenced by epoch.

Every method raises StoreUnavailableError where the store does not answer or stays throttled; the
adapter has retried throttling and lost answers by itself, with jitter, within its time-out. All
reads are strongly consistent.
"""

import dataclasses
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import NewType, Protocol, TypeAlias

from gco.core.model.endpoint import Change, Endpoint, Revision, Write
from gco.core.model.ids import EndpointName, EndpointUid, Epoch, RegionName, RevisionNumber, Seq
from gco.core.model.status import Region, RegionStatus
from gco.errors import UnreadableError

MAX_WRITES = 48
"""Writes in one transaction: DynamoDB takes 100 items, two a write and three besides them.

Those are the entry of the change log, its head, and the fleet's fence.
"""
KEPT_REVISIONS = 50

Unread: TypeAlias = Callable[[EndpointName, UnreadableError], object]
"""Called with the name of a record that this version cannot read, and why."""
UnreadRegion: TypeAlias = Callable[[RegionName, UnreadableError], object]
"""As `Unread`, for the record of a region."""

Version = NewType("Version", int)
"""An opaque moment of the store as one reader saw it; 0 before the first look."""


@dataclasses.dataclass(frozen=True, slots=True)
class StatusRemoval:
    """Forget what a region said of an endpoint that is purged, if it still speaks of `uid`."""

    name: EndpointName
    uid: EndpointUid


@dataclasses.dataclass(frozen=True, slots=True)
class FleetLease:
    """Who leads the fleet loop; expiry is judged by the reader's own monotonic clock."""

    holder: str
    epoch: Epoch
    counter: int
    """Moves at each renewal, so that readers see renewals."""
    duration: float
    """Seconds after the last seen move of `counter` until a reader may take the lease over."""


class Store(Protocol):
    """Desired state and reported status of every endpoint and region."""

    async def identity(self) -> str:
        """Return the store's own uid; raises StoreIdentityError where it is not initialised."""
        ...

    async def get(self, name: EndpointName) -> Endpoint:
        """Return the endpoint, tombstones included; raises NotFoundError."""
        ...

    async def get_many(
        self, names: Sequence[EndpointName], *, unread: Unread | None = None
    ) -> Mapping[EndpointName, Endpoint]:
        """Return those of `names` that exist, in as few reads as the store allows.

        A record that cannot be read is an error, unless `unread` takes it: then it is absent from
        the answer, though it exists.
        """
        ...

    def list(
        self, *, after: EndpointName | None = None, unread: Unread | None = None
    ) -> AsyncIterator[Endpoint]:
        """Every endpoint by name, tombstones included, or an error: never a part as the whole.

        With `after`, those whose names follow it: a listing that was interrupted continues at its
        last name. Take `head` before the first part: the change log after that has what the parts
        miss of each other.
        A record that cannot be read (a newer version wrote it) is an error too, unless `unread` is
        told of it: then the listing goes on with the others.
        """
        ...

    async def write(self, writes: Sequence[Write], *, fleet_epoch: Epoch | None = None) -> Seq:
        """Store all of `writes`, or none, and append one change; return the change's number.

        At most MAX_WRITES of them and 4 MB. `fleet_epoch` is given by the fleet loop's leader.
        A purge (`endpoint` None) also removes the endpoint's revisions, then or soon after.

        Raises ConflictError, naming the endpoint and its present generation, where one was not
        at the generation that its write expects, or where its revision number exists already;
        FencedError where the fleet lease has another epoch.
        """
        ...

    async def discard(self, name: EndpointName) -> Seq:
        """Remove the record of an endpoint that cannot be read, and append one change.

        Regions then have a custom resource that the store does not know, which they leave alone.
        Raises NotFoundError, and ConflictError where the record can be read.
        """
        ...

    async def revision(
        self, name: EndpointName, uid: EndpointUid, number: RevisionNumber
    ) -> Revision:
        """Return one revision; raises NotFoundError (only the last KEPT_REVISIONS are kept)."""
        ...

    async def revisions(
        self,
        name: EndpointName,
        uid: EndpointUid,
        *,
        limit: int = KEPT_REVISIONS,
        unread: Unread | None = None,
    ) -> Sequence[Revision]:
        """Return the newest revisions, newest first. `unread` as in `get_many`."""
        ...

    async def head(self) -> Seq:
        """Return the number of the last change, 0 before the first."""
        ...

    def changes(self, after: Seq) -> AsyncIterator[Change]:
        """Changes that follow `after`, in order and without gaps; ends when there are none now.

        Raises GapError where the log no longer reaches back to `after`: take `head`, list, then
        follow from that head.
        """
        ...

    async def wait(self, seen: Version) -> Version:
        """Return when it is worth reading the logs again, with the version to wait on next.

        Returns at once at the first look, and soon where something was written since `seen`. It
        may return though nothing changed (DynamoDB: after a pause that grows from 0.3 s to 2 s
        while nothing changes), never sleeps through a change for longer than that pause, and does
        not raise when the store is out of reach.
        """
        ...

    async def regions(self, *, unread: UnreadRegion | None = None) -> Sequence[Region]:
        """Return every registered region, by name.

        A record that cannot be read is an error, unless `unread` takes it: then the others are
        returned. Whoever decides by the absence of a region must not pass it.
        """
        ...

    async def lead_region(self, region: Region, *, replace_cluster: bool = False) -> Epoch:
        """Register or take over a region: store `region` with its epoch counted up; return that.

        `region.epoch` is ignored. Raises ConflictError where the name is bound to another
        cluster uid, unless `replace_cluster`.
        """
        ...

    async def update_region(self, region: Region) -> None:
        """Store heartbeat, capacity and address; raises FencedError unless its epoch is stored."""
        ...

    async def remove_region(self, name: RegionName) -> None:
        """Forget a region and what it said; raises NotFoundError. The caller has checked its use."""
        ...

    async def statuses(
        self, region: RegionName, *, unread: Unread | None = None
    ) -> Sequence[RegionStatus]:
        """Return everything that the region says, by endpoint name.

        A record that cannot be read is an error, unless `unread` takes it: then the others are
        returned. Whoever decides by the absence of a status must not pass it.
        """
        ...

    async def statuses_of(
        self,
        wanted: Mapping[EndpointName, Sequence[RegionName]],
        *,
        unread: Unread | None = None,
    ) -> Sequence[RegionStatus]:
        """Return what the regions named for each endpoint say of it; silent ones are absent.

        In the order of `wanted`, in as few reads as the store allows. `unread` as in `statuses`.
        """
        ...

    async def write_statuses(
        self,
        region: RegionName,
        epoch: Epoch,
        statuses: Sequence[RegionStatus | StatusRemoval],
    ) -> Seq:
        """Store all of `statuses` and append one entry to the region's status log.

        At most MAX_WRITES. A status of another uid replaces the stored one; of the same uid it
        is ignored where its revision is lower than the stored one. Raises FencedError unless
        the region's epoch is `epoch`.
        """
        ...

    async def status_head(self, region: RegionName) -> Seq:
        """Return the number of the region's last status change, 0 before the first."""
        ...

    def status_changes(self, region: RegionName, after: Seq) -> AsyncIterator[Change]:
        """As `changes`, for what the region says."""
        ...

    async def fleet_lease(self) -> FleetLease | None:
        """Return the fleet lease, None before anyone held it."""
        ...

    async def write_fleet_lease(self, lease: FleetLease, *, seen: FleetLease | None) -> None:
        """Store `lease` if the stored one is still `seen`; raises ConflictError."""
        ...

    async def close(self) -> None:
        """Release connections and files; the store is not used afterwards."""
        ...
