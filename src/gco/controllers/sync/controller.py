"""The sync loop of one region: what the store asks becomes custom resources, what they say goes back.

Everyone follows the store and watches the custom resources, so that a standby's caches are warm;
a standby reads the store seldom, and catches up before it acts as the leader. Only the leader writes.
Leading the cluster takes the Lease alone: custom resources are repaired while the store is out of
reach. Writing to the store takes the region's epoch as well.
"""

import asyncio
import contextlib
import math
from collections.abc import Callable, Iterator, Mapping

from gco.clock import Clock
from gco.cluster.port import Cluster
from gco.controllers.sync.actor import CopyActor
from gco.controllers.sync.binding import check_binding
from gco.controllers.sync.findings import Findings
from gco.controllers.sync.follower import Follower
from gco.controllers.sync.heartbeat import Heartbeat
from gco.controllers.sync.namespaces import LOOK_SECONDS, Namespaces, none_unwatched
from gco.controllers.sync.reporter import News, Reporter
from gco.controllers.sync.surroundings import Surroundings
from gco.core.model.endpoint import TargetState
from gco.core.model.ids import EndpointName, Epoch
from gco.core.model.status import Region
from gco.core.sync.copies import Copy, Wanted, kept_back, read_copy
from gco.core.sync.plan import Move, Orphan, Refuse, decide
from gco.core.sync.report import left_behind, news, not_resolved
from gco.errors import (
    AbsentError,
    ConflictError,
    ForbiddenError,
    RejectedError,
    StoreError,
    TransientError,
)
from gco.kinds.registry import INFERENCE_ENDPOINT
from gco.runtime.backoff import Backoff, Retries, spread
from gco.runtime.controller import Controller
from gco.runtime.informer import Informer
from gco.runtime.metrics import SILENT, ControllerMetrics
from gco.store.port import StatusRemoval, Store
from gco.telemetry import get_logger

STORE_BACKOFF = Backoff(0.5, 30.0, jitter=0.5)
RECHECK_SECONDS = 2.0
"""How soon to look again while the custom resource's kind is not installed."""
PATIENCE_SECONDS = 5.0
"""How long a new leader waits for the store: to read what it missed as a standby, before it acts at
all, and to learn what was reported, before it makes a missing custom resource."""

_log = get_logger(__name__)


def _leading() -> float:
    """Where nobody else can lead."""
    return math.inf


@contextlib.contextmanager
def _plainly() -> Iterator[None]:
    """Raise a refusal by the store as itself, not as a group of one: a person reads it."""
    try:
        yield
    except ExceptionGroup as group:
        refused = group.subgroup(ConflictError)
        if refused is None:
            raise
        raise refused.exceptions[0] from None


class SyncController:
    """Keeps one region's custom resources and the store in step.

    `region` describes the region; its heartbeat, capacity, address, orphans and epoch are filled in
    here. `cluster` is read through informers; everything is written through `writer`, which refuses
    to send once this process may no longer lead (it defaults to `cluster`); `assert_leading` raises
    NotLeadingError then, before the region is claimed in the store. `accept_store` follows a store that the cluster was not bound to
    before, and makes the custom resources of the region's namespaces that store's;
    `replace_cluster` takes the region's name over from another cluster; `unwatched` returns the
    namespaces that the endpoint loop cannot watch, each with the cause.
    """

    def __init__(
        self,
        store: Store,
        cluster: Cluster,
        clock: Clock,
        region: Region,
        *,
        surroundings: Surroundings,
        writer: Cluster | None = None,
        assert_leading: Callable[[], float] = _leading,
        accept_store: bool = False,
        replace_cluster: bool = False,
        unwatched: Callable[[], Mapping[str, str]] = none_unwatched,
        metrics: ControllerMetrics = SILENT,
    ) -> None:
        self._store = store
        self._clock = clock
        self._region = region
        self._assert_leading = assert_leading
        self._surroundings = surroundings
        self._accept_store = accept_store
        self._replace_cluster = replace_cluster
        self.copies: Informer[Copy] = Informer(
            cluster,
            INFERENCE_ENDPOINT,
            None,
            project=read_copy,
            index=lambda copy: copy.name,
            metrics=metrics,
        )
        self.follower = Follower(store, region, self._bind, self._changed)
        self._actor = CopyActor(cluster if writer is None else writer, self.copies, clock)
        self._reporter = Reporter(store, region.name, self._news, self._changed)
        self._heartbeat = Heartbeat(store, clock, self._describe, replace_cluster=replace_cluster)
        self.controller: Controller[EndpointName] = Controller(
            "sync", self._reconcile, noun="endpoint", metrics=metrics
        )
        self._leading = False
        self._patience_until = 0.0
        self._findings = Findings(clock)
        self._namespaces = Namespaces(clock, region.namespaces, unwatched)

    async def watch(self) -> None:
        """Keep the caches warm until cancelled, leading or not.

        Raises ConflictError where the region's name is registered for another cluster.
        """
        unsubscribe = self.copies.subscribe(self._copy_changed)
        try:
            with _plainly():
                async with asyncio.TaskGroup() as group:
                    group.create_task(self.copies.run())
                    group.create_task(self._surroundings.run())
                    group.create_task(self._follow())
        finally:
            unsubscribe()

    async def lead(self) -> None:
        """Write what is to be written, until cancelled: called while the Lease is held.

        Raises ConflictError where the region's name was registered for another cluster meanwhile.
        """
        self._leading = True
        self._patience_until = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        self._reporter.forget()
        self.follower.lead()
        try:
            with _plainly():
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._act())
                    group.create_task(self._report())
                    group.create_task(self._look_at_namespaces())
        finally:
            self._leading = False
            self.follower.stand_by()
            self.controller.clear()

    async def synced(self) -> None:
        """Return once the custom resources are known."""
        await self.copies.synced.wait()

    def complaint(self) -> str | None:
        """Say what is stuck, or None: for the liveness probe."""
        return self.controller.complaint() or self.copies.complaint()

    async def _act(self) -> None:
        """Look at everything, and then at what changes, once the store's latest changes are known.

        Where the store is out of reach, the last known ones count: custom resources are repaired.
        """
        if self.follower.unreachable_since is None:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PATIENCE_SECONDS):
                    await self.follower.caught_up.wait()
        await self._enqueue_all()
        await self.controller.run()

    async def _follow(self) -> None:
        await self.copies.synced.wait()  # what is there says which store it was written from
        await self.follower.run()

    async def _bind(self) -> str:
        return await check_binding(
            self._store,
            self._region,
            self.copies.items().values(),
            accept_store=self._accept_store,
            replace_cluster=self._replace_cluster,
        )

    async def _report(self) -> None:
        """Report under one epoch after another, for as long as the Lease is ours."""
        await self.follower.complete.wait()  # bound to the right store, whose wishes are known
        retries = Retries(STORE_BACKOFF)
        while True:
            try:
                await self._report_as(await self._take_epoch())
            except* StoreError as errors:
                if errors.subgroup(ConflictError):
                    raise
                error = errors.exceptions[0]
                _log.warning("not reporting", cause=type(error).__name__, error=str(error))
            await asyncio.sleep(retries.failed())

    async def _take_epoch(self) -> Epoch:
        """Count the region's epoch up in the store that the cluster is bound to."""
        await self._bind()
        self._assert_leading()
        return await self._heartbeat.lead()

    async def _look_at_namespaces(self) -> None:
        """Have endpoints reported once their namespace can be watched, or no longer can."""
        while True:
            changed = self._namespaces.look()
            for name in self.follower.names() if changed else ():
                wanted = self.follower.get(name)
                if wanted is not None and wanted.namespace in changed:
                    self._reporter.touch(name)
            await asyncio.sleep(spread(LOOK_SECONDS))

    async def _report_as(self, epoch: Epoch) -> None:
        await self._reporter.load()
        await self._enqueue_all()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._heartbeat.run(epoch))
            group.create_task(self._reporter.run(epoch))

    async def _enqueue_all(self) -> None:
        await self.copies.synced.wait()
        names = [copy.name for copy in self.copies.items().values()]
        for name in dict.fromkeys([*self.follower.names(), *names, *self._reporter.names()]):
            self.controller.enqueue_routinely(name)

    def _changed(self, name: EndpointName) -> None:
        if self._leading:
            self.controller.enqueue(name)

    def _copy_changed(self, _: str, old: Copy | None, new: Copy | None) -> None:
        copy = new or old
        if copy is not None:
            self._changed(copy.name)

    async def _reconcile(self, name: EndpointName) -> float | None:
        if not self.copies.synced.is_set():
            return spread(RECHECK_SECONDS)  # the kind is not installed, or nobody can say
        if not self.follower.complete.is_set():
            return None  # enqueued again when it is
        if self.follower.unknown(name):
            self._note(name, None)
            self._reporter.touch(name)
            return None  # enqueued again when a record comes that can be read
        wanted, own = self.follower.get(name), self._own_copy(name)
        if wanted is not None and own is None and self._may_learn():
            return 0.1
        strangers = [c for c in self._copies_here(name) if c != own]
        try:
            moves = [await self._move(wanted, own)]
            moves += [await self._move(None, stranger) for stranger in strangers]
        except (AbsentError, ForbiddenError, RejectedError, TransientError) as error:
            self._findings.failed(name, error)
            self._reporter.touch(name)
            raise
        self._note(name, moves[0])
        seen = zip((own, *strangers), moves, strict=True)
        orphans = [c for c, move in seen if c and isinstance(move, Orphan)]
        self._findings.orphans_of(name, orphans, self.follower.store_uid)
        self._reporter.touch(name)
        return self._findings.look_in(name)

    def _note(self, name: EndpointName, move: Move) -> None:
        """Keep why what is asked is not carried down, now that nothing failed."""
        invalid = self.follower.invalid(name)
        if invalid is not None:
            self._findings.refused(name, "Invalid", invalid.message, elsewhere=False)
        elif isinstance(move, Refuse) and move.reason is not None:
            self._findings.refused(name, move.reason, move.why)
        elif kept := self._kept_back(name):
            self._findings.waits(name, kept)
        else:
            self._findings.healed(name)

    def _kept_back(self, name: EndpointName) -> str:
        """Return what keeps a custom resource that is to be made again, empty where nothing does."""
        wanted, copy = self.follower.get(name), self._own_copy(name)
        if wanted is None or wanted.state is TargetState.DELETED or copy is None:
            return ""
        return kept_back(copy)

    def _may_learn(self) -> bool:
        """Whether the store will soon tell if a custom resource that is missing existed before."""
        early = asyncio.get_running_loop().time() < self._patience_until
        return early and not self._reporter.loaded

    async def _move(self, wanted: Wanted | None, copy: Copy | None) -> Move:
        foreign = copy is not None and copy.is_foreign(self.follower.store_uid)
        if not foreign and self._goes_unserved(wanted, copy):
            if copy is not None:
                await self._actor.let_go(copy)
            return None
        said = self._reporter.said(wanted.name) if wanted is not None else None
        accept = (
            self._accept_store and copy is not None and self._namespaces.is_allowed(copy.namespace)
        )
        move = decide(wanted, copy, said, self.follower.store_uid, accept=accept)
        if isinstance(move, Refuse) and copy is not None:
            _log.warning("refused", endpoint=copy.name, why=move.why)
        await self._actor.act(move, wanted, copy, self.follower.store_uid)
        left_alone = isinstance(move, Refuse | Orphan) or move is None
        if foreign and accept and left_alone and copy is not None and not copy.deleting:
            await self._actor.accept(copy, self.follower.store_uid)
        return move

    def _goes_unserved(self, wanted: Wanted | None, copy: Copy | None) -> bool:
        """Whether an endpoint is deleted in a namespace where no endpoint loop deletes anything."""
        there = wanted or copy
        if there is None or self._namespaces.is_allowed(there.namespace):
            return False
        if copy is not None and copy.deleting:
            return True
        return there.state == TargetState.DELETED

    def _own_copy(self, name: EndpointName) -> Copy | None:
        """The custom resource where it is wanted, or else the one that there is."""
        wanted = self.follower.get(name)
        if wanted is not None:
            return self.copies.indexed(name).get(f"{wanted.namespace}/{name}")
        return next(iter(self._copies_here(name)), None)

    def _copies_here(self, name: EndpointName) -> list[Copy]:
        """The custom resources of `name`, without those of other installations in the cluster."""
        store = self.follower.store_uid
        return [
            copy
            for copy in self.copies.indexed(name).values()
            if self._namespaces.is_allowed(copy.namespace) or not copy.is_foreign(store)
        ]

    def _news(self, name: EndpointName) -> News | None:
        if not (self.follower.complete.is_set() and self.copies.synced.is_set()):
            return None
        invalid, trouble = self.follower.invalid(name), self._findings.trouble(name)
        if invalid is not None and trouble is not None:
            said = self._reporter.said(name)
            return not_resolved(invalid, self._own_copy(name), said, trouble, self._region.name)
        if self.follower.unknown(name):
            return None
        wanted, said = self.follower.get(name), self._reporter.said(name)
        if wanted is None:
            return StatusRemoval(name, said.uid) if said is not None else None
        copy, unserved = self._own_copy(name), self._namespaces.trouble(wanted.namespace)
        if unserved is not None and self._goes_unserved(wanted, None):
            gone = left_behind(wanted, self._region.name, unserved)
            here = copy is not None and not copy.is_foreign(self.follower.store_uid)
            return gone if not here and gone != said else None
        trouble = unserved or self._findings.trouble(name)
        return news(wanted, copy, said, trouble, self._region.name)

    def _describe(self) -> Region:
        capacity = self._surroundings.capacity()
        described = self._region.model_copy(
            update={
                "capacity": None if capacity is None else dict(capacity),
                "elastic": self._surroundings.elastic(),
                "address": self._surroundings.address(),
            }
        )
        return self._findings.on(described)
