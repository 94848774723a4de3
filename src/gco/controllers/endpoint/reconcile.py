"""One run of one endpoint: observe, decide by the core's functions, act, say how it stands."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence

from gco.clock import Clock
from gco.cluster.port import Cluster
from gco.controllers.endpoint.actor import Actor, Outcome
from gco.controllers.endpoint.adoption import hindrance
from gco.controllers.endpoint.caches import Caches, Unread
from gco.controllers.endpoint.events import Recorder
from gco.controllers.endpoint.finalizer import may_go, release
from gco.controllers.endpoint.memory import Memory
from gco.controllers.endpoint.reporter import report
from gco.core.model.defaults import effective
from gco.core.model.ids import EndpointName, EndpointUid, RevisionNumber
from gco.core.model.names import CONTAINER
from gco.core.model.regional import Regional
from gco.core.model.status import AcceleratorCapacity
from gco.core.region.adoption import to_adopt
from gco.core.region.causes import Ask, crashing, judged_again
from gco.core.region.desired import Desired, desired
from gco.core.region.freeze import (
    Template,
    freeze,
    frozen_for,
    live_template,
    runs,
    template_in,
    with_labels,
)
from gco.core.region.held import not_understood, outdated
from gco.core.region.observed import Observed, workload_ref
from gco.core.region.plan import plan
from gco.core.region.render.container import startup_seconds
from gco.core.region.render.template import pod_template
from gco.core.region.stage import Stage, look_again, stage_of, wanted_replicas
from gco.core.region.status import View, drift_shown_for, judge
from gco.core.region.watchdog import Watchdog
from gco.errors import AbsentError, ClusterError
from gco.kinds import DEPLOYMENT
from gco.telemetry import get_logger

Capacity = Callable[[], Mapping[str, AcceleratorCapacity] | None]
"""Tells the region's accelerators by resource name, None while they are unknown."""

_log = get_logger(__name__)
_LOG_LINES = 20
_MOMENT = 0.01


class Reconciler:
    """Makes the endpoints of one namespace true, one run at a time for each."""

    def __init__(
        self,
        cluster: Cluster,
        caches: Caches,
        clock: Clock,
        *,
        recorder: Recorder,
        capacity: Capacity,
        unhealthy: dt.timedelta,
    ) -> None:
        self._cluster = cluster
        self._caches = caches
        self._clock = clock
        self._recorder = recorder
        self._capacity = capacity
        self._unhealthy = unhealthy
        self._memories: dict[EndpointName, Memory] = {}

    def forget(self) -> None:
        """Forget what was remembered: someone else may have acted meanwhile."""
        self._memories.clear()

    async def reconcile(self, name: EndpointName) -> float | None:
        """Look at one endpoint; return seconds after which to look again, None for no need to.

        Raises ClusterError: what could not be done now is done by a later run.
        """
        resource = self._caches.resources.get(name)
        if resource is None:
            self._memories.pop(name, None)
            return None  # absence is never a wish: its objects go on serving
        memory = self._memories.setdefault(name, Memory())
        if isinstance(resource, Unread):
            return await self._not_understood(resource, memory)
        if resource.deleting and may_go(resource):
            if await release(self._cluster, self._caches, resource):
                state, revision = resource.spec.state, resource.spec.revision
                _log.info("released", endpoint=name, state=state, revision=revision)
            return None
        if resource.edited:
            if memory.say_once("edited", str(resource.generation)):
                _log.warning("edited by hand; waiting for its repair", endpoint=name)
            return None
        return await self._make_true(resource, memory)

    async def _not_understood(self, unread: Unread, memory: Memory) -> float | None:
        """Leave what stands as it is, and say so where no repair by the sync loop will follow."""
        copy = unread.copy
        if copy.deleting:  # it tells us nothing, so that its objects stay as they are
            if await release(self._cluster, self._caches, copy):
                _log.warning("released unread", endpoint=copy.name, error=unread.problem)
            return None
        if memory.say_once("not understood", unread.problem):
            _log.error("not understood", endpoint=copy.name, error=unread.problem)
        if copy.edited or not copy.uid:
            return None
        status = not_understood(
            EndpointUid(copy.uid),
            RevisionNumber(copy.revision),
            unread.problem,
            generation=unread.generation,
            previous=copy.status,
            now=self._clock.now(),
        )
        return await report(self._cluster, self._caches, copy, status, memory)

    async def _make_true(self, regional: Regional, memory: Memory) -> float | None:
        refused = outdated(regional, self._clock.now())
        if refused is not None:
            return await report(self._cluster, self._caches, regional, refused, memory)
        observed = self._caches.observe(regional.name)
        stage = stage_of(regional, observed, self._clock.now())
        template: Template | None = None
        found = await hindrance(self._cluster, self._clock, regional, observed, memory)
        if found is not None:
            outcome = Outcome(failures=[found.cause], waiting=True, again=found.seconds)
        else:
            template = await self._template(regional, observed, stage)
            silent = self._watchdog(regional, template).bites(
                regional, observed, stage, self._clock.now()
            )
            wanted = desired(regional, observed, stage, template, silent=silent)
            outcome = await self._act(regional, observed, wanted, memory)
            observed = self._caches.observe(regional.name)
        memory.drift = outcome.drift or memory.drift
        watchdog = self._watchdog(regional, template)
        view = View(
            regional=regional,
            stage=stage,
            observed=observed,
            ask=self._ask(regional, template),
            settled=outcome.settled,
            failures=outcome.failures,
            drift=memory.drift,
            mutated=bool(memory.accepted),
            silent_since=watchdog.silent_since(regional, observed, stage, self._clock.now()),
            log=await self._last_words(regional, observed, memory),
        )
        self._recorder.tell(regional, outcome)
        now = self._clock.now()
        held = await report(self._cluster, self._caches, regional, judge(view, now), memory)
        if held is None:
            memory.drift = None
        if outcome.error is not None:
            raise outcome.error
        leaves = watchdog.left(regional, observed, now)
        return _soonest([outcome.again, held, leaves, *_waits(view, now)])

    async def _act(
        self, regional: Regional, observed: Observed, wanted: Desired, memory: Memory
    ) -> Outcome:
        actions = plan(
            wanted.objects,
            observed.seen(regional.name, regional.spec.uid),
            accepted=memory.accepted,
            keep=wanted.keep,
            adopt=bool(regional.spec.adopts),
            why=wanted.why,
        )
        if not actions:
            memory.failing.clear()
            return Outcome()
        return await Actor(self._cluster, self._caches, regional, memory).carry_out(actions)

    async def _template(
        self, regional: Regional, observed: Observed, stage: Stage
    ) -> Template | None:
        """Return the frozen pod template, frozen now where it was not yet."""
        if stage not in (Stage.SERVE, Stage.REST):
            return None
        key, uid = regional.spec.template_key, regional.spec.uid
        name, number = regional.name, regional.spec.revision
        if workload_ref(name) in to_adopt(regional, observed):
            live = await self._cluster.get(DEPLOYMENT, regional.namespace, name)
            return freeze(name, key, number, live_template(live), adopted=True)
        found = frozen_for(key, uid, observed.frozen)
        if found is not None:
            return found
        if runs(observed.workload, key, uid):
            live = await self._cluster.get(DEPLOYMENT, regional.namespace, name)
            return freeze(name, key, number, template_in(live))
        selected = observed.workload.match_labels if observed.workload else None
        return freeze(name, key, number, with_labels(pod_template(regional), selected or {}))

    def _watchdog(self, regional: Regional, template: Template | None) -> Watchdog:
        seconds = self._ask(regional, template).startup_seconds
        return Watchdog(self._unhealthy, dt.timedelta(seconds=seconds))

    def _ask(self, regional: Regional, template: Template | None) -> Ask:
        spec = effective(regional.spec.endpoint)
        return Ask(
            replicas=wanted_replicas(regional),
            device=spec.device,
            count=spec.count,
            startup_seconds=startup_seconds(template.body) if template else spec.startup_seconds,
            capacity=self._capacity(),
        )

    async def _last_words(self, regional: Regional, observed: Observed, memory: Memory) -> str:
        """Return the end of a crashing container's log, read once a pod."""
        found = crashing(observed.pods)
        if found is None:
            memory.logs.clear()
            return ""
        name, record = found
        if record.uid not in memory.logs:
            memory.logs = {record.uid: await self._log_of(regional.namespace, name)}
        return memory.logs[record.uid]

    async def _log_of(self, namespace: str, pod: str) -> str:
        try:
            return await self._cluster.logs(namespace, pod, container=CONTAINER, lines=_LOG_LINES)
        except AbsentError:
            return ""  # the pod or its log is gone; the status says to look at the log
        except ClusterError as error:
            _log.warning("log not readable", pod=pod, error=str(error))
            return ""


def _waits(view: View, now: dt.datetime) -> Iterator[float | None]:
    """Yield after how many seconds time alone changes what is to be done or said."""
    yield look_again(view.regional, view.observed, view.stage, now)
    yield drift_shown_for(view, now)
    if view.stage is Stage.SERVE:
        yield judged_again(view.observed.pods, view.ask, now)


def _soonest(times: Sequence[float | None]) -> float | None:
    """Return the shortest, but no less than a moment: what remains of a wait may be a rounding."""
    return min((max(_MOMENT, time) for time in times if time is not None), default=None)
