"""The endpoint loop's life: caches that are always warm, and workers while this process leads."""

import asyncio
import datetime as dt
import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from typing_extensions import override

from gco.clock import Clock
from gco.cluster.port import Cluster
from gco.controllers.endpoint.caches import Caches, Unread
from gco.controllers.endpoint.contest import Contest
from gco.controllers.endpoint.events import Recorder
from gco.controllers.endpoint.finalizer import may_go, release
from gco.controllers.endpoint.reconcile import Reconciler
from gco.controllers.endpoint.rooms import Rooms, Supply, Unknown
from gco.controllers.endpoint.unwatched import why_unwatched
from gco.core.model.ids import EndpointName
from gco.core.model.regional import Regional
from gco.core.region.watchdog import THRESHOLD
from gco.errors import ClusterError
from gco.runtime.backoff import spread
from gco.runtime.controller import Controller
from gco.runtime.informer import Informer
from gco.runtime.metrics import SILENT, ControllerMetrics
from gco.telemetry import get_logger


class Key(NamedTuple):
    """Which custom resource to look at."""

    namespace: str
    name: EndpointName

    @override
    def __str__(self) -> str:
        return f"{self.namespace}/{self.name}"


_log = get_logger(__name__)
LEADERLESS_SECONDS: Final = 10.0
"""How often to look whether nobody can lead; it counts once it is so in two looks."""
NAMESPACE_SECONDS: Final = 30.0
"""How long the first namespace that is filled waits for the others before this process may lead."""
_WORKERS = 32
_MOST = 48
"""Runs at once, slow ones included: each may hold a connection open, a quarter of a MiB with TLS."""


class EndpointController:
    """Makes true what the custom resources of `namespaces` say.

    `cluster` is read through informers; everything is written through `writer`, which refuses to
    send once this process may no longer lead (it defaults to `cluster`). `supply` tells what there is
    of the region's accelerators; `unhealthy` is the route's watchdog's threshold; `image` is GCO's
    own, which copies models, empty where it is not known; `allow` lists the rules of the pod
    policy that do not hold here, None where none does; `instance` names this process in
    Kubernetes Events.
    """

    def __init__(
        self,
        cluster: Cluster,
        namespaces: Sequence[str],
        clock: Clock,
        *,
        writer: Cluster | None = None,
        supply: Supply | None = None,
        unhealthy: dt.timedelta = THRESHOLD,
        image: str = "",
        allow: Collection[str] | None = None,
        instance: str = "gco",
        workers: int = _WORKERS,
        metrics: ControllerMetrics = SILENT,
    ) -> None:
        writer = cluster if writer is None else writer
        self._recorder = Recorder(writer, clock, instance)
        self._caches: Mapping[str, Caches] = {
            namespace: Caches(cluster, namespace, metrics) for namespace in namespaces
        }
        supply = Unknown() if supply is None else supply
        self._rooms = Rooms(supply)
        self._contest = Contest(self._enqueue)
        self._reconcilers = {
            namespace: Reconciler(
                writer,
                caches,
                clock,
                recorder=self._recorder,
                supply=supply,
                rooms=self._rooms,
                unhealthy=unhealthy,
                image=image,
                allow=allow,
                contest=self._contest,
            )
            for namespace, caches in self._caches.items()
        }
        self.controller: Controller[Key] = Controller(
            "endpoint",
            self._reconcile,
            workers=workers,
            most=max(_MOST, workers),
            noun="endpoint",
            metrics=metrics,
        )
        self._filled = {namespace: asyncio.Event() for namespace in namespaces}
        """By namespace; set once, when enough is known to act there."""
        self._first_filled: float | None = None
        """When the first namespace was filled (loop time)."""
        self._leading = False
        """A standby enqueues nothing: whoever leads looks at every endpoint first."""
        supply.subscribe(self._supply_changed)
        for namespace, caches in self._caches.items():
            caches.resources.subscribe(functools.partial(self._claim, namespace))
            caches.subscribe(functools.partial(self._enqueue, namespace))

    async def run(self) -> None:
        """Watch and lead until cancelled, where nobody else can lead."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.watch())
            tasks.create_task(self.lead())

    async def watch(self) -> None:
        """Keep the caches current until cancelled, leading or not."""
        async with asyncio.TaskGroup() as tasks:
            for namespace, caches in self._caches.items():
                tasks.create_task(caches.run(), name=f"caches of {namespace}")
                tasks.create_task(self._fill(namespace), name=f"filling of {namespace}")

    async def synced(self) -> None:
        """Return once the caches of every namespace have been filled."""
        for filled in self._filled.values():
            await filled.wait()

    async def lead(self) -> None:
        """Act until cancelled; called anew each time leadership is taken."""
        for reconciler in self._reconcilers.values():
            reconciler.forget()
        self._rooms.forget()
        self._leading = True
        self._look_at(self._caches)
        try:
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._recorder.run())
                for caches in self._caches.values():
                    tasks.create_task(caches.models.follow(), name=f"copies in {caches.namespace}")
                tasks.create_task(self.controller.run())
        finally:
            self._leading = False
            self.controller.clear()

    async def release_leaderless(self, cluster: Cluster, leaderless: Callable[[], bool]) -> None:
        """Release finalizers while nobody can lead, until cancelled; `cluster` is not fenced.

        Where the Lease's own namespace is being deleted, no Lease can be made, and what has a
        finalizer would keep the namespace for ever. To release a custom resource that may go needs
        no leader: it is conditional on what was read, and done twice it is the same.
        """
        before = False
        while True:
            await asyncio.sleep(spread(LEADERLESS_SECONDS))
            before, now = leaderless(), before and leaderless()
            for caches in self._caches.values() if now else ():
                await self._release_all(cluster, caches)

    async def _release_all(self, cluster: Cluster, caches: Caches) -> None:
        for resource in list(caches.resources.items().values()):
            known = resource.copy if isinstance(resource, Unread) else resource
            may = not isinstance(known, Regional) or may_go(known)
            if not (known.deleting and may):
                continue
            try:
                if await release(cluster, caches, known):
                    _log.warning("released without a leader", endpoint=known.name)
            except ClusterError as error:
                _log.warning("not released", endpoint=known.name, error=str(error))

    def waiting(self) -> Sequence[str]:
        """Return what keeps this process from leading: caches not filled, by kind and namespace.

        A namespace that cannot be watched keeps it from nothing, once another has been filled for a
        while: `unwatched` names it.
        """
        if self._first_filled is not None and _now() - self._first_filled >= NAMESPACE_SECONDS:
            return []
        return [
            f"{informer.kind.plural} in {namespace}"
            for namespace, caches in self._caches.items()
            if not self._filled[namespace].is_set()
            for informer in caches.informers()
            if not informer.synced.is_set()
        ]

    def unwatched(self) -> Mapping[str, str]:
        """Return the namespaces whose endpoints cannot be reconciled, each with the cause."""
        return {
            namespace: _cause(namespace, caches.required())
            for namespace, caches in self._caches.items()
            if not self._filled[namespace].is_set()
        }

    def keys(self) -> Sequence[Key]:
        """Return every endpoint that has a custom resource here."""
        return [
            Key(namespace, EndpointName(name))
            for namespace, caches in self._caches.items()
            for name in caches.resources.items()
        ]

    def complaint(self) -> str | None:
        """Say what is stuck, or None: for the liveness probe."""
        told = [self.controller.complaint()]
        for caches in self._caches.values():
            told.extend(informer.complaint() for informer in caches.informers())
        return next((complaint for complaint in told if complaint is not None), None)

    async def _fill(self, namespace: str) -> None:
        await self._caches[namespace].synced()
        self._filled[namespace].set()
        if self._first_filled is None:
            self._first_filled = _now()
        if self._leading:
            self._look_at([namespace])

    def _look_at(self, namespaces: Iterable[str]) -> None:
        for namespace in namespaces:
            for name in self._caches[namespace].resources.items():
                self.controller.enqueue_routinely(Key(namespace, EndpointName(name)))

    async def _reconcile(self, key: Key) -> float | None:
        if not self._filled[key.namespace].is_set():
            return None  # enqueued again when it is
        return await self._reconcilers[key.namespace].reconcile(key.name)

    def _claim(self, namespace: str, name: str, _old: object, new: object) -> None:
        self._contest.update(namespace, name, new)

    def _supply_changed(self) -> None:
        for namespace, caches in self._caches.items():
            for name in caches.unplaced():
                self._enqueue(namespace, name)

    def _enqueue(self, namespace: str, name: EndpointName) -> None:
        if self._leading:
            self.controller.enqueue(Key(namespace, name))


def _cause(namespace: str, informers: Iterable[Informer[Any]]) -> str:
    missing = [informer for informer in informers if not informer.synced.is_set()]
    return why_unwatched(namespace, missing, otherwise="take the namespace off GCO_NAMESPACES")


def _now() -> float:
    return asyncio.get_running_loop().time()
