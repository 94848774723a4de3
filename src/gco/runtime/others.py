"""Leases of the same name in other namespaces: where a process that is configured otherwise may lead.

Two processes exclude each other by one Lease only if they agree on its namespace. While the setting
that names it changes from one to the other, the new ones wait until the former Lease is left alone: a
standby of the former ones takes a Lease that was released within a moment, so that one which nobody
took for its whole duration has no standby.
"""

import asyncio
from collections.abc import Mapping, Sequence

from gco.errors import AbsentError, ForbiddenError, GcoError
from gco.runtime.backoff import spread
from gco.runtime.lock import LONGEST_SECONDS, LeaseRecord, Lock
from gco.runtime.streams import closing
from gco.telemetry import get_logger

_log = get_logger(__name__)


class OtherLeases:
    """Follows `locks`, by namespace. A Lease that may not be read counts as none.

    `lease` is the shortest time in seconds, by this process's own clock, for which a Lease may not have
    been seen to change until it counts as left alone; `retry` the pause after a watch that ended.
    """

    def __init__(
        self, locks: Mapping[str, Lock], *, lease: float = 15.0, retry: float = 2.0
    ) -> None:
        self._locks = locks
        self._lease = lease
        self._retry = retry
        self._records: dict[str, LeaseRecord | None] = {}
        self._until: dict[str, float] = {}
        self._looked_by: float | None = None
        """Until when a first look is waited for: a namespace that cannot be watched stops no other."""

    async def run(self) -> None:
        """Follow every Lease until cancelled."""
        self._looked_by = asyncio.get_running_loop().time() + self._lease
        async with asyncio.TaskGroup() as tasks:
            for namespace, lock in self._locks.items():
                tasks.create_task(self._follow(namespace, lock), name=f"lease in {namespace}")
            await asyncio.Event().wait()

    def in_use(self) -> Sequence[str]:
        """Return the Leases that somebody may hold, and those that are still to be looked at."""
        now = asyncio.get_running_loop().time()
        return [
            f"the Lease in {namespace}{self._holder(namespace)}"
            for namespace in self._locks
            if now < self._free_at(namespace, now)
        ]

    def _free_at(self, namespace: str, now: float) -> float:
        if namespace in self._records:
            return self._until.get(namespace, now)
        return now + self._lease if self._looked_by is None else self._looked_by

    def _holder(self, namespace: str) -> str:
        record = self._records.get(namespace)
        return f" (held by {record.holder})" if record is not None and record.holder else ""

    async def _follow(self, namespace: str, lock: Lock) -> None:
        while True:
            try:
                async with closing(lock.watch()) as records:
                    async for record in records:
                        self._note(namespace, record)
            except (AbsentError, ForbiddenError):
                self._records.setdefault(namespace, None)
            except GcoError as error:
                _log.debug("lease not watched", namespace=namespace, error=str(error))
            await asyncio.sleep(spread(self._retry))

    def _note(self, namespace: str, record: LeaseRecord | None) -> None:
        changed = record is not None and record != self._records.get(namespace)
        self._records[namespace] = record
        if record is not None and changed:
            seconds = max(self._lease, min(record.duration, LONGEST_SECONDS))
            self._until[namespace] = asyncio.get_running_loop().time() + seconds
