"""What every adapter decides in the same way: which batches are sound, which writes are refused.

Callers that break the port's contract get a ValueError; what a person can cause gets an error of
:mod:`gco.errors`, before anything is sent.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple, TypeVar

from gco.core.model.bounds import bounded_status
from gco.core.model.endpoint import Change, Endpoint, Write
from gco.core.model.ids import (
    EndpointName,
    EndpointUid,
    Generation,
    RegionName,
    RevisionNumber,
    Seq,
)
from gco.core.model.status import Region, RegionStatus
from gco.errors import ConflictError, GapError, TooLargeError, UnreadableError
from gco.store.port import MAX_WRITES, FleetLease, StatusRemoval
from gco.store.records import M, encode

N = TypeVar("N", bound=str)

LOG_DAYS = 7
"""How long an entry of a change log is kept; the head of a log is kept for ever."""
MAX_RECORD_BYTES = 390_000
"""DynamoDB refuses items above 400 KB, keys and attribute names included."""
SMALLER = "move long env, args or overrides into a ConfigMap and name it in envFrom"
"""What a person can do about a record that is too large."""
MAX_ASKED_BYTES = 380_000
"""A person may make a record of so many bytes: a later tombstone, and a status of the fleet, must fit."""
LONGEST_HOLDER = 512
"""Bytes of the identity of who holds the fleet's lease."""
MAX_BATCH_BYTES = 3_800_000
"""DynamoDB refuses transactions above 4 MB, conditions and change entry included."""


def check_writes(writes: Sequence[Write]) -> None:
    """Raise ValueError where the batch is unsound, TooLargeError where it is beyond the limits."""
    _check_batch([write.name for write in writes])
    for write in writes:
        _check_write(write)
    total = sum(_size(write) for write in writes)
    if total > MAX_BATCH_BYTES:
        raise TooLargeError(
            f"{len(writes)} writes of {total:,} bytes together; {MAX_BATCH_BYTES:,} fit "
            "one batch: write fewer endpoints at once"
        )


def checked_statuses(
    region: RegionName, said: Sequence[RegionStatus | StatusRemoval]
) -> Sequence[RegionStatus | StatusRemoval]:
    """Return the batch as far as a store takes it.

    Raises ValueError where the batch is unsound, or speaks of another region.
    """
    _check_batch([item.name for item in said])
    for item in said:
        if isinstance(item, RegionStatus) and item.region != region:
            raise ValueError(f"the status of {item.name} is of {item.region}, not of {region}")
    return [bounded_status(item) if isinstance(item, RegionStatus) else item for item in said]


def check_lease(lease: FleetLease) -> None:
    """Raise ValueError where the lease names a holder that is too long for a record."""
    if len(lease.holder.encode(errors="replace")) > LONGEST_HOLDER:
        raise ValueError(f"the holder's identity is longer than {LONGEST_HOLDER} bytes")


def generation_conflict(write: Write, stored: Generation | None) -> ConflictError:
    """Return the error for a write that does not expect what is stored."""
    if stored is None:
        found = "it no longer exists"
    elif write.expected is None:
        found = f"it exists already, at generation {stored}"
    else:
        found = f"it is now at generation {stored}"
    return ConflictError(
        f"endpoint {write.name} changed since it was read: {found}",
        name=write.name,
        generation=stored,
    )


def revision_conflict(write: Write, stored: Generation | None) -> ConflictError:
    """Return the error for a write whose revision number is taken."""
    number = write.revision.number if write.revision else 0
    return ConflictError(
        f"endpoint {write.name} has a revision {number} already",
        name=write.name,
        generation=stored,
    )


def check_discarded(name: EndpointName, found: Endpoint | UnreadableError) -> None:
    """Raise ConflictError where the record can be read: it is deleted, not discarded."""
    if not isinstance(found, UnreadableError):
        raise ConflictError(
            f"the record of {name} can be read: `gco delete {name}` deletes the endpoint", name=name
        )


def cluster_conflict(region: Region, bound_to: str) -> ConflictError:
    """Return the error for a region's name that is bound to another cluster."""
    return ConflictError(
        f"region {region.name} is bound to the cluster {bound_to}, and this is the cluster "
        f"{region.cluster_uid}: choose another name, or say that it replaces the former",
        name=region.name,
    )


def is_news(status: RegionStatus, uid: EndpointUid, revision: RevisionNumber) -> bool:
    """Whether `status` replaces one of `uid` and `revision`: of another uid, or no lower revision.

    Only these two are compared, so that a report replaces one that this version cannot read.
    """
    return uid != status.uid or revision <= status.observed_revision


def readable(
    name: N, found: M | UnreadableError, unread: Callable[[N, UnreadableError], object] | None
) -> Iterator[M]:
    """Yield the record of `name`; call `unread` with the error of an unreadable one, or raise it."""
    if not isinstance(found, UnreadableError):
        yield found
    elif unread is not None:
        unread(name, found)
    else:
        raise found


def without_gaps(after: Seq, head: Seq, found: Sequence[Change]) -> Sequence[Change]:
    """Return `found`, the entries read after `after` of a log that ends at `head`.

    Raises GapError where they do not reach from `after` to `head` without a gap: entries
    expired, or the store was replaced by an older one (`after` lies beyond the head).
    """
    numbers = [after, *(change.seq for change in found)]
    if numbers[-1] != head or any(right != left + 1 for left, right in pairwise(numbers)):
        raise gap(after, head)
    return found


def gap(after: Seq, head: Seq) -> GapError:
    """Return the error for a log that no longer reaches back to `after`."""
    return GapError(f"the change log, now at {head}, no longer reaches back to {after}")


def _check_batch(names: Sequence[EndpointName]) -> None:
    if not 0 < len(names) <= MAX_WRITES:
        raise ValueError(f"{len(names)} writes in one batch; 1 to {MAX_WRITES} are allowed")
    if len(set(names)) != len(names):
        raise ValueError(f"an endpoint is written twice in one batch: {_repeated(names)}")


def _repeated(names: Iterable[EndpointName]) -> str:
    listed = list(names)
    return ", ".join(sorted({name for name in listed if listed.count(name) > 1}))


def _check_write(write: Write) -> None:
    if write.endpoint is None:
        if write.expected is None or write.revision is not None:
            raise ValueError(f"the purge of {write.name} expects a generation and no revision")
        return
    if write.endpoint.generation != (write.expected or 0) + 1:
        raise ValueError(f"the generation of {write.name} is not one above the expected one")
    names = {write.name, write.endpoint.name}
    uids = {write.endpoint.uid}
    if write.revision is not None:
        names.add(write.revision.name)
        uids.add(write.revision.uid)
    if len(names) > 1 or len(uids) > 1:
        raise ValueError(f"the write of {write.name} carries records of several endpoints")


class WriteSize(NamedTuple):
    """Bytes that one write takes in a store."""

    largest: int
    """Of its larger record; MAX_RECORD_BYTES fit."""
    total: int


def write_size(write: Write) -> WriteSize:
    """Return the size of a write's records as they are stored: in bytes, not in characters."""
    sizes = [len(encode(record)) for record in (write.endpoint, write.revision) if record]
    return WriteSize(max(sizes, default=0), sum(sizes))


def _size(write: Write) -> int:
    size = write_size(write)
    if size.largest > MAX_RECORD_BYTES:
        raise TooLargeError(
            f"endpoint {write.name} takes {size.largest:,} bytes; {MAX_RECORD_BYTES:,} fit a "
            f"record: {SMALLER}"
        )
    return size.total
