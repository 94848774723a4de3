"""A lock on a Kubernetes Lease: written by PUT with its resourceVersion, watched by the standby.

Never by server-side apply: a forced apply steals a lease. The times in the Lease are for people and
for other programs that look at them; nothing here reads them.
"""

import datetime as dt
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from gco.clock import Clock
from gco.cluster.port import Cluster, EventType, Manifest
from gco.errors import AbsentError, ClusterConflictError
from gco.kinds.reading import as_int, as_mapping, as_text
from gco.kinds.registry import LEASE
from gco.runtime.lock import LeaseRecord
from gco.runtime.streams import closing

_TIME: Final = "%Y-%m-%dT%H:%M:%S.%fZ"
"""RFC 3339 with microseconds: Kubernetes' MicroTime."""
_TRANSITIONS: Final = 2**31
"""The field is an int32, and an API server refuses what does not fit."""


class KubernetesLeaseLock:
    """The record of the Lease `name` in `namespace`; other fields of the Lease are kept."""

    def __init__(self, cluster: Cluster, namespace: str, name: str, clock: Clock) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name
        self._clock = clock
        self._last: Manifest | None = None

    async def read(self) -> LeaseRecord | None:
        """Return the record as it is stored now; None where there is no Lease."""
        try:
            return self._note(await self._cluster.get(LEASE, self._namespace, self._name))
        except AbsentError:
            return None

    async def write(self, record: LeaseRecord, *, seen: LeaseRecord | None) -> LeaseRecord:
        """Store `record` if the Lease is still `seen`; raises ClusterConflictError where not."""
        if seen is None:
            return self._note(await self._cluster.create(LEASE, self._fresh(record)))
        try:
            return self._note(await self._cluster.replace(LEASE, self._changed(record, seen)))
        except AbsentError as error:
            raise ClusterConflictError(f"the Lease {self._name} was deleted") from error

    async def watch(self) -> AsyncIterator[LeaseRecord | None]:
        """The record now, and again each time that it changed, until the watch ends."""
        only_it = f"metadata.name={self._name}"
        position, found = "", None
        async with closing(self._cluster.list(LEASE, self._namespace, fields=only_it)) as pages:
            async for page in pages:
                position = page.resource_version
                found = next(iter(page.items), found)
        yield None if found is None else self._note(found)
        stream = self._cluster.watch(LEASE, self._namespace, after=position, fields=only_it)
        async with closing(stream) as events:
            async for event in events:
                if event.type is EventType.DELETED:
                    yield None
                elif event.type is not EventType.BOOKMARK:
                    yield self._note(event.object)

    def _note(self, manifest: Manifest) -> LeaseRecord:
        self._last = manifest
        spec = as_mapping(manifest.get("spec"))
        return LeaseRecord(
            holder=as_text(spec.get("holderIdentity")),
            duration=float(as_int(spec.get("leaseDurationSeconds")) or 0),
            transitions=as_int(spec.get("leaseTransitions")) or 0,
            token=manifest["metadata"]["resourceVersion"],
        )

    def _fresh(self, record: LeaseRecord) -> Manifest:
        return {
            "apiVersion": LEASE.api_version,
            "kind": LEASE.name,
            "metadata": {"name": self._name, "namespace": self._namespace},
            "spec": self._spec(record, {}, taken=True),
        }

    def _changed(self, record: LeaseRecord, seen: LeaseRecord) -> Manifest:
        known = self._last
        if known is None or known["metadata"]["resourceVersion"] != seen.token:
            known = self._fresh(record)
        metadata = {**known["metadata"], "resourceVersion": seen.token}
        taken = record.transitions != seen.transitions
        spec = self._spec(record, as_mapping(known.get("spec")), taken=taken)
        return {**self._fresh(record), "metadata": metadata, "spec": spec}

    def _spec(self, record: LeaseRecord, old: Mapping[str, Any], *, taken: bool) -> Manifest:
        now = self._stamp(old)
        spec = {
            **old,
            "holderIdentity": record.holder,
            "leaseDurationSeconds": max(1, round(record.duration)),
            "leaseTransitions": record.transitions % _TRANSITIONS,
            "renewTime": now,
        }
        return spec | ({"acquireTime": now} if taken else {})

    def _stamp(self, old: Mapping[str, Any]) -> str:
        """Return the time now, but never the last renewal's: an equal Lease would be no write."""
        now = self._clock.now().astimezone(dt.UTC)
        stamp = now.strftime(_TIME)
        if stamp == old.get("renewTime"):
            return (now + dt.timedelta(microseconds=1)).strftime(_TIME)
        return stamp
