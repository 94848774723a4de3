"""Leader election on a lease record: one leader at a time, without comparing any wall clocks.

A standby takes the lease once it has not seen it change for its whole duration. A leader counts from
before it sent its last successful renewal, and considers itself deposed after `renew_deadline`, which
is shorter: it stops before anyone could replace it, and every send of it asks `may_send` first.
"""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final, TypeVar

from gco.errors import ClusterConflictError, ConflictError, GcoError, NotLeadingError
from gco.runtime.backoff import spread
from gco.runtime.failures import judge
from gco.runtime.lock import LeaseRecord, Lock, Sighting, unique_identity
from gco.runtime.metrics import SILENT, ElectionMetrics
from gco.runtime.streams import closing
from gco.runtime.suspension import suspended_seconds
from gco.telemetry import get_logger

__all__ = ["Elector", "LeaseRecord", "Lock", "never_proved", "unique_identity"]

T = TypeVar("T")
Lead = Callable[[], Awaitable[None]]

_CONFLICTS: Final = (ClusterConflictError, ConflictError)
_MOMENT: Final = 0.001
"""The shortest wait: what remains of a longer one may be a rounding error, and no time at all."""
_FITNESS_SECONDS: Final = 0.2
"""How often a process that is not fit to lead, and could, looks whether it is; asks nobody."""
_CONFLICT_SECONDS: Final = 0.1
"""The pause after a lease that was free and not given to us: a server may answer so at every try."""
_UNFIT_LOOK_SECONDS: Final = 5.0
"""How often a leader looks whether it is still fit."""
_UNDER_WAY_SECONDS: Final = 1.0
"""How long after the end of a holder's process what it had sent may still reach the server."""
_RELEASE_SECONDS: Final = 0.8
"""What an orderly end may spend on giving the lease up; after that it simply expires."""


def _nothing(_: str) -> Mapping[str, str]:
    return {}


def _always_fit() -> Sequence[str]:
    return ()


async def never_proved(_: str) -> None:
    """Wait for ever: where nobody can tell that a process has ended, the lease decides."""
    await asyncio.Event().wait()


class Elector:
    """Stands for leadership under `identity`, which no other process may use.

    Durations are in seconds; `lease` > `renew_deadline` > `retry`. `suspended` tells the seconds
    that the event loop's clock did not count; `told_of` what the log is to say of another holder.

    `unfit` names what this process still needs before it can do a leader's work; nothing: it may
    lead. While anything is named it does not take the lease, and it gives up a lease that it has held
    for `patience` seconds without being fit once: a healthy standby takes over.

    `ended` returns once it is proved that the process of another identity has ended, and never without
    proof. A standby then takes the lease over after a second, and does not wait until it has run out.
    """

    def __init__(
        self,
        lock: Lock,
        identity: str,
        *,
        lease: float = 15.0,
        renew_deadline: float = 10.0,
        retry: float = 2.0,
        name: str = "leader",
        suspended: Callable[[], float] = suspended_seconds,
        metrics: ElectionMetrics = SILENT,
        told_of: Callable[[str], Mapping[str, str]] = _nothing,
        unfit: Callable[[], Sequence[str]] = _always_fit,
        patience: float = 60.0,
        ended: Callable[[str], Awaitable[None]] = never_proved,
    ) -> None:
        if not lease > renew_deadline > retry > 0:
            raise ValueError(f"lease {lease} > renew_deadline {renew_deadline} > retry {retry} > 0")
        self._lock = lock
        self.identity = identity
        self._name = name
        self._lease = lease
        self._renew_deadline = renew_deadline
        self._retry = retry
        self._suspended = suspended
        self._asleep = 0.0
        self._metrics = metrics
        self._told_of = told_of
        self._unfit = unfit
        self._patience = patience
        self._ended = ended
        self._log = get_logger(__name__).bind(lease=name, identity=identity)
        self._sighting = Sighting(identity, lease)
        self._until: float | None = None
        """When this leader counts as deposed unless it renews; None: it does not lead."""
        self._news = asyncio.Event()
        self._holder_changed = asyncio.Event()
        self._alive: float | None = None

    @property
    def holder(self) -> str:
        """Who held the lease when it was last seen; empty: nobody."""
        return self._sighting.holder

    @property
    def transitions(self) -> int:
        """The number of the present term, for a lock that fences by it."""
        return self._sighting.transitions

    def may_send(self) -> bool:
        """Tell whether a write sent now is a leader's: the renew deadline has not passed.

        A process that was stopped or a machine that was suspended finds out here, before any
        timer has told it.
        """
        return self._until is not None and self._now() < self._until

    def assert_leading(self) -> float:
        """Return for how many seconds `may_send` holds; raise NotLeadingError where it does not."""
        if not self.may_send():
            raise NotLeadingError(f"{self.identity} does not hold the lease {self._name} for sure")
        return self._seconds_left()

    def complaint(self) -> str | None:
        """Say what is stuck, or None: a leader renews and a standby looks, or they try to."""
        silent = 0.0 if self._alive is None else self._now() - self._alive
        if silent <= 4 * self._lease:
            return None
        return f"election of {self._name}: nothing happened for {silent:.0f} s"

    async def run(self, lead: Lead) -> None:
        """Stand by, call `lead` while leading, stand by again when leadership is lost.

        `lead` is cancelled when leadership is lost, and has ended before the next term. When it
        returns, or this is cancelled, the lease is released and `run` ends; what `lead` raises
        is raised after the release, NotLeadingError and FencedError aside: they end the term.
        """
        while True:
            await self._acquire()
            if await self._reign(lead):
                return
            await asyncio.sleep(spread(self._retry))  # whatever ended the term may end the next

    async def _acquire(self) -> None:
        watching = asyncio.create_task(self._watch(), name=f"watch of lease {self._name}")
        proving = asyncio.create_task(self._await_proof(), name=f"holder of lease {self._name}")
        try:
            while not (watching.done() or proving.done()) and not await self._try_to_take():
                self._alive = self._now()
        finally:
            errors = [await _end(watching), await _end(proving)]
            for error in errors:
                if error is not None:
                    raise error

    async def _await_proof(self) -> None:
        """For each holder in turn, wait for the proof that its process has ended."""
        while True:
            holder = self.holder
            proving = asyncio.create_task(self._prove(holder), name=f"end of {holder}")
            try:
                await self._until_another_holds(holder)
            finally:
                error = await _end(proving)
            if error is not None:
                raise error

    async def _prove(self, holder: str) -> None:
        if holder in {"", self.identity}:
            return
        await self._ended(holder)
        self._log.info("holder has ended", holder=holder)
        self._sighting.ended(holder, self._now() + _UNDER_WAY_SECONDS)
        self._news.set()

    async def _until_another_holds(self, holder: str) -> None:
        while self.holder == holder:
            self._holder_changed.clear()
            await self._holder_changed.wait()

    async def _watch(self) -> None:
        while True:
            try:
                async with closing(self._lock.watch()) as records:
                    async for record in records:
                        self._observe(record)
            except GcoError as error:
                self._log.debug("lease not watched", error=str(error))
            await asyncio.sleep(spread(self._retry))

    async def _try_to_take(self) -> bool:
        """Take the lease if it is free, else wait until it is, or until it changes."""
        try:
            if not self._sighting.looked:
                self._observe(await self._within(self._lock.read()))
            wait = self._sighting.free_at - self._now()
            if wait <= 0 and self._unfit():
                await asyncio.sleep(_FITNESS_SECONDS)
                return False
            if wait <= 0:
                if await self._write(self.transitions + 1):
                    return True
                await asyncio.sleep(spread(_CONFLICT_SECONDS))
                return False
            await self._wait_for_news(max(_MOMENT, min(wait, self._lease)))
        except (GcoError, TimeoutError) as error:
            self._log.warning("lease not taken", error=str(error) or type(error).__name__)
            await asyncio.sleep(spread(self._retry))
        return False

    async def _wait_for_news(self, seconds: float) -> None:
        self._news.clear()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._news.wait()

    def _observe(self, record: LeaseRecord | None) -> None:
        before = self.holder
        if self._sighting.observe(record, self._now()):
            self._news.set()
            if self.holder != before:
                self._holder_changed.set()
            if self.holder not in {before, "", self.identity}:
                self._log.info("standing by", holder=self.holder, **self._told_of(self.holder))

    async def _write(self, transitions: int) -> bool:
        """Write the record as held by us; return False, with a fresh look, where it had changed."""
        sent = self._now()
        record = LeaseRecord(self.identity, self._lease, transitions)
        seen = self._sighting.record
        try:
            stored = await self._within(self._lock.write(record, seen=seen))
        except _CONFLICTS:
            self._metrics.renewed("conflict")
            self._observe(await self._within(self._lock.read()))
            return False
        except (GcoError, TimeoutError):
            self._metrics.renewed("error")
            raise
        self._metrics.renewed("success")
        self._sighting.wrote(stored)
        self._until = sent + self._renew_deadline
        return True

    async def _reign(self, lead: Lead) -> bool:
        """Lead until `lead` returns (True) or leadership is lost (False)."""
        self._log.info("leading", transitions=self.transitions)
        self._metrics.leading(True)
        renewing = asyncio.create_task(self._renew(), name=f"renewal of lease {self._name}")
        leading = asyncio.create_task(_call(lead), name=f"work of the leader of {self._name}")
        failing = asyncio.create_task(self._unfit_for_long(), name=f"fitness for {self._name}")
        tasks = [renewing, leading, failing]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            returned = leading.done()
            await _end(failing)
            error = await _end(leading)  # the lease is renewed while the work winds down
            error = await _end(renewing) or error
            await self._step_down()
            if error is not None and not judge(error).fenced:
                raise error
        return returned and error is None

    async def _unfit_for_long(self) -> None:
        """Return once this leader has been unfit for `patience` seconds without a break."""
        since = self._now()
        while self._now() - since < self._patience:
            await asyncio.sleep(spread(_UNFIT_LOOK_SECONDS))
            if not self._unfit():
                since = self._now()
        self._log.warning("stepping down: not fit to lead", waiting_for=list(self._unfit()))

    async def _renew(self) -> None:
        """Renew until leadership is lost; never waits for the work that is led."""
        while self.may_send():
            await asyncio.sleep(max(_MOMENT, min(spread(self._retry), self._seconds_left())))
            self._alive = self._now()
            try:
                if not await self._write(self.transitions) and not self._is_ours():
                    break
            except (GcoError, TimeoutError) as error:
                told = str(error) or type(error).__name__
                self._log.warning("lease not renewed", error=told, left=self._seconds_left())
        self._until = None
        self._log.warning("leadership lost", holder=self.holder)

    def _is_ours(self) -> bool:
        """Tell whether the record is held by us, or gone: then the next renewal makes it again."""
        return self._sighting.record is None or self.holder == self.identity

    async def _step_down(self) -> None:
        """Stop sending, then give the lease up if it is still ours."""
        ours = self.may_send()
        self._until = None
        self._metrics.leading(False)
        if not ours:
            return
        try:
            async with asyncio.timeout(_RELEASE_SECONDS):
                await self._release()
        except (GcoError, TimeoutError) as error:
            self._log.warning("lease not released", error=str(error) or type(error).__name__)
        else:
            self._log.info("lease released")

    async def _release(self) -> None:
        released = LeaseRecord("", 1.0, self.transitions)
        try:
            stored = await self._lock.write(released, seen=self._sighting.record)
        except _CONFLICTS:  # perhaps a renewal that was cut short has arrived all the same
            now_stored = await self._lock.read()
            if now_stored is None or now_stored.holder != self.identity:
                return
            stored = await self._lock.write(released, seen=now_stored)
        self._observe(stored)

    def _seconds_left(self) -> float:
        return 0.0 if self._until is None else max(0.0, self._until - self._now())

    def _now(self) -> float:
        self._asleep = max(self._asleep, self._suspended())
        return self._asleep + asyncio.get_running_loop().time()

    async def _within(self, request: Awaitable[T]) -> T:
        """Give up a request in time for another try, and a leader's at its deadline."""
        limit = self._renew_deadline / 2
        async with asyncio.timeout(
            limit if self._until is None else min(limit, self._seconds_left())
        ):
            return await request


async def _call(lead: Lead) -> None:
    await lead()


async def _end(task: asyncio.Task[None]) -> BaseException | None:
    """Cancel `task` unless it has ended; return what it raised, if anything."""
    task.cancel()
    await asyncio.wait([task])
    return None if task.cancelled() else task.exception()
