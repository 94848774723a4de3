"""One run of one endpoint: observe, decide by the core's functions, act, say how it stands."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence

from gco.clock import Clock
from gco.cluster.port import Cluster
from gco.controllers.endpoint.actor import Actor, Outcome
from gco.controllers.endpoint.adoption import hindrance
from gco.controllers.endpoint.caches import Caches, Unread
from gco.controllers.endpoint.events import Recorder
from gco.controllers.endpoint.finalizer import may_go, release
from gco.controllers.endpoint.memory import Memory
from gco.controllers.endpoint.reporter import report
from gco.controllers.endpoint.rooms import Rooms, Supply, rolling_of
from gco.core.model.defaults import effective
from gco.core.model.ids import EndpointName, EndpointUid, RevisionNumber
from gco.core.model.model_source import job_name
from gco.core.model.names import CONTAINER
from gco.core.model.regional import Regional
from gco.core.region.canary import NO_TRIAL, Step, Trial, as_endpoint, trial_of
from gco.core.region.causes import Ask, Cause, crashing, judged_again
from gco.core.region.copying import Weights, directory_of, weights_of
from gco.core.region.copying import judged_again as judged_copy_again
from gco.core.region.desired import Desired, desired
from gco.core.region.freeze import (
    Template,
    freeze,
    frozen_for,
    frozen_in,
    live_template,
    runs,
    template_in,
    with_labels,
)
from gco.core.region.held import not_understood, outdated
from gco.core.region.observe import Frozen, Workload
from gco.core.region.observed import Observed, is_canarys, still_old
from gco.core.region.owner import adoptable
from gco.core.region.plan import plan
from gco.core.region.pods import Pods
from gco.core.region.render.container import startup_seconds
from gco.core.region.render.template import pod_template
from gco.core.region.replacing import Replacing
from gco.core.region.scaling import running_replicas
from gco.core.region.stage import Stage, look_again, stage_of, wanted_replicas
from gco.core.region.status import CanaryView, View, canary_judged_again, drift_shown_for, judge
from gco.core.region.watchdog import Watchdog
from gco.errors import AbsentError, ClusterError
from gco.kinds import DEPLOYMENT
from gco.telemetry import get_logger

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
        supply: Supply,
        rooms: Rooms,
        unhealthy: dt.timedelta,
        image: str = "",
    ) -> None:
        self._cluster = cluster
        self._caches = caches
        self._clock = clock
        self._recorder = recorder
        self._supply = supply
        self._rooms = rooms
        self._unhealthy = unhealthy
        self._image = image
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
            self._rooms.promise(f"{self._caches.namespace}/{name}", None)
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
        canary: Template | None = None
        trial, beside = NO_TRIAL, Outcome()
        found = await hindrance(self._cluster, self._clock, regional, observed, memory)
        if found is not None:
            outcome = Outcome(failures=[found.cause], waiting=True, again=found.seconds)
        else:
            template = await self._template(regional, observed, stage)
            trial = trial_of(regional, observed, stage, self._clock.now())
            canary = await self._canary_template(regional, observed, trial)
            silent = self._watchdog(regional, template).bites(
                regional, observed, stage, self._clock.now()
            )
            replacing = self._replacing(regional, observed, stage, template)
            wanted = desired(
                regional,
                observed,
                stage,
                template,
                silent=silent,
                replacing=replacing,
                trial=trial,
                canary=canary,
                image=self._image,
            )
            outcome, beside = await self._act(regional, observed, wanted, memory)
            observed = self._caches.observe(regional.name)
        memory.drift = outcome.drift or beside.drift or memory.drift
        watchdog = self._watchdog(regional, template)
        serves = stage is Stage.SERVE
        weights = None if found else self._weights(regional, observed, template)
        tried = self._canary_failures(regional, observed, trial, canary) if serves else ()
        running = running_replicas(regional, observed.workload, observed.autoscalers)
        view = View(
            regional=regional,
            stage=stage,
            observed=still_old(observed) if weights and weights.awaited else observed,
            ask=self._ask(
                regional,
                template,
                running,
                held=rolling_of(regional, observed, template).held,
            ),
            settled=outcome.settled and (serves or beside.settled),
            failures=[*outcome.failures, *(() if serves else beside.failures)],
            drift=memory.drift,
            mutated=bool(memory.accepted),
            silent_since=watchdog.silent_since(regional, observed, stage, self._clock.now()),
            weights=weights,
            log=await self._last_words(regional, observed.pods, memory),
            canary=CanaryView(
                trial,
                ask=self._canary_ask(regional, canary),
                settled=beside.settled,
                failures=(*beside.failures, *tried) if serves else (),
                log=await self._last_words(regional, observed.canary.pods, memory),
            ),
        )
        self._recorder.tell(regional, outcome)
        self._recorder.tell(regional, beside)
        now = self._clock.now()
        held = await report(self._cluster, self._caches, regional, judge(view, now), memory)
        if held is None:
            memory.drift = None
        for each in (outcome, beside):
            if each.error is not None:
                raise each.error
        leaves = watchdog.left(regional, observed, now)
        anew = self._rooms.planned_anew_in(regional, observed, template, now)
        return _soonest([outcome.again, beside.again, held, leaves, anew, *_waits(view, now)])

    async def _act(
        self, regional: Regional, observed: Observed, wanted: Desired, memory: Memory
    ) -> tuple[Outcome, Outcome]:
        """Return what came of what concerns the endpoint itself, and of what its canary alone.

        The route comes first: it has let go of a canary before anything of that is deleted.
        """
        planned = plan(
            wanted.objects,
            observed.seen(regional.name, regional.spec.uid),
            accepted=memory.accepted,
            keep=wanted.keep,
            adopt=bool(regional.spec.adopts),
            why=wanted.why,
        )
        actions = planned if wanted.claim is None else (wanted.claim, *planned)
        if not actions:
            memory.failing.clear()
        outcomes = []
        for canarys in (False, True):
            some = [a for a in actions if is_canarys(a.ref, regional.name) is canarys]
            actor = Actor(self._cluster, self._caches, regional, memory)
            outcomes.append(await actor.carry_out(some))
        return outcomes[0], outcomes[1]

    async def _template(
        self, regional: Regional, observed: Observed, stage: Stage
    ) -> Template | None:
        """Return the frozen pod template, frozen now where it was not yet.

        While its model is being copied, that is the one which runs already, or none.
        """
        if stage not in (Stage.SERVE, Stage.REST):
            return None
        found = await self._frozen(regional, observed, observed.frozen, observed.workload)
        if found is None:
            return frozen_in(observed.workload, regional.spec.uid, observed.frozen)
        return found

    async def _canary_template(
        self, regional: Regional, observed: Observed, trial: Trial
    ) -> Template | None:
        """Return that of the canary; None where none is needed.

        One that is promoted is made no more: without its template, it stays as it is. So does one
        whose model is being copied.
        """
        stated, found = regional.spec.canary, observed.canary
        if stated is None or trial.step not in (Step.TRY, Step.REST):
            return None
        own = as_endpoint(regional, stated)
        return await self._frozen(
            own, observed, found.frozen, found.workload, made=not stated.promoting
        )

    async def _frozen(
        self,
        regional: Regional,
        observed: Observed,
        records: Mapping[str, Frozen],
        workload: Workload | None,
        *,
        made: bool = True,
    ) -> Template | None:
        key, uid = regional.spec.template_key, regional.spec.uid
        name, number = regional.name, regional.spec.revision
        if workload is not None and adoptable(workload, regional):
            live = await self._cluster.get(DEPLOYMENT, regional.namespace, name)
            return freeze(name, key, number, live_template(live), adopted=True)
        found = frozen_for(key, uid, records)
        if found is not None:
            return found
        if runs(workload, key, uid):
            live = await self._cluster.get(DEPLOYMENT, regional.namespace, name)
            return freeze(name, key, number, template_in(live))
        if not made:
            return None
        model = regional.spec.endpoint.model
        directory = directory_of(regional, observed)
        if model is not None and directory is None:
            return None
        selected = workload.match_labels if workload else None
        body = with_labels(pod_template(regional, directory), selected or {})
        job = job_name(model) if model is not None else ""
        return freeze(name, key, number, body, model_job=job)

    def _weights(
        self, regional: Regional, observed: Observed, template: Template | None
    ) -> Weights | None:
        now = self._clock.now()
        return weights_of(regional, observed.copying, template, self._image, now)

    def _canary_failures(
        self, regional: Regional, observed: Observed, trial: Trial, template: Template | None
    ) -> Sequence[Cause]:
        """Return what keeps a canary from its model, where it waits for one."""
        stated = regional.spec.canary
        if stated is None or template is not None or trial.step is not Step.TRY:
            return ()
        own, now = as_endpoint(regional, stated), self._clock.now()
        weights = weights_of(own, observed.canary.copying, None, self._image, now)
        return weights.causes if weights is not None and not stated.promoting else ()

    def _watchdog(self, regional: Regional, template: Template | None) -> Watchdog:
        seconds = _startup(regional, template)
        return Watchdog(self._unhealthy, dt.timedelta(seconds=seconds))

    def _replacing(
        self, regional: Regional, observed: Observed, stage: Stage, template: Template | None
    ) -> Replacing | None:
        if stage is Stage.SERVE and template is not None:
            return self._rooms.replacing(regional, observed, template, self._clock.now())
        self._rooms.promise(f"{regional.namespace}/{regional.name}", None)
        return observed.workload.replacing if observed.workload else None

    def _canary_ask(self, regional: Regional, template: Template | None) -> Ask | None:
        stated = regional.spec.canary
        if stated is None or template is None:
            return None
        own = as_endpoint(regional, stated)
        return self._ask(own, template, wanted_replicas(own))

    def _ask(
        self, regional: Regional, template: Template | None, replicas: int, *, held: bool = False
    ) -> Ask:
        spec = effective(regional.spec.endpoint)
        return Ask(
            replicas=replicas,
            device=spec.device,
            count=spec.count,
            startup_seconds=_startup(regional, template),
            capacity=self._supply.capacity(),
            claims=self._supply.claims(),
            held=held,
        )

    async def _last_words(self, regional: Regional, pods: Pods, memory: Memory) -> str:
        """Return the end of a crashing container's log, read once a pod."""
        found = crashing(pods)
        if found is None:
            return ""
        name, record = found
        if record.uid not in memory.logs:
            memory.logs = dict([*memory.logs.items()][-1:])  # that of the other pods at most
            memory.logs[record.uid] = await self._log_of(regional.namespace, name)
        return memory.logs[record.uid]

    async def _log_of(self, namespace: str, pod: str) -> str:
        try:
            return await self._cluster.logs(namespace, pod, container=CONTAINER, lines=_LOG_LINES)
        except AbsentError:
            return ""  # the pod or its log is gone; the status says to look at the log
        except ClusterError as error:
            _log.warning("log not readable", pod=pod, error=str(error))
            return ""


def _startup(regional: Regional, template: Template | None) -> int:
    """Return the start-up budget in seconds."""
    if template is not None:
        return startup_seconds(template.body)
    return effective(regional.spec.endpoint).startup_seconds


def _waits(view: View, now: dt.datetime) -> Iterator[float | None]:
    """Yield after how many seconds time alone changes what is to be done or said."""
    yield look_again(view.regional, view.observed, view.stage, now)
    yield drift_shown_for(view, now)
    for copying in (view.observed.copying, view.observed.canary.copying):
        yield judged_copy_again(copying, now)
    if view.stage is Stage.SERVE:
        yield judged_again(view.observed.pods, view.ask, now)
        yield canary_judged_again(view, now)


def _soonest(times: Sequence[float | None]) -> float | None:
    """Return the shortest, but no less than a moment: what remains of a wait may be a rounding."""
    return min((max(_MOMENT, time) for time in times if time is not None), default=None)
