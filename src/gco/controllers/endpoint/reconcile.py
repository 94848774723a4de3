"""One run of one endpoint: observe, decide by the core's functions, act, say how it stands."""

import dataclasses
import datetime as dt
from collections.abc import Collection, Iterator, Sequence

from gco.clock import Clock
from gco.cluster.port import Cluster
from gco.controllers.endpoint.actor import Actor, Outcome
from gco.controllers.endpoint.adoption import LOOK_SECONDS, Hindrance, hindrance
from gco.controllers.endpoint.caches import Caches, Unread
from gco.controllers.endpoint.case import Case, Done, startup_of
from gco.controllers.endpoint.contest import Contest
from gco.controllers.endpoint.events import Recorder
from gco.controllers.endpoint.finalizer import may_go, release
from gco.controllers.endpoint.memory import Memory
from gco.controllers.endpoint.policy import admitted
from gco.controllers.endpoint.reporter import report
from gco.controllers.endpoint.rooms import Rooms, Supply
from gco.controllers.endpoint.templates import Templates
from gco.controllers.endpoint.unwatched import why_unwatched
from gco.controllers.endpoint.viewing import Viewer
from gco.core.model.ids import EndpointName, EndpointUid, RevisionNumber
from gco.core.model.regional import Regional
from gco.core.region.actions import Action, Delete, Why
from gco.core.region.canary import trial_of
from gco.core.region.causes import Cause, judged_again
from gco.core.region.copying import judged_again as judged_copy_again
from gco.core.region.desired import Desired, desired
from gco.core.region.ending import changes_in, waited_for
from gco.core.region.held import not_understood, outdated
from gco.core.region.observed import Observed, is_canarys
from gco.core.region.plan import plan
from gco.core.region.replacing import Replacing
from gco.core.region.stage import Stage, look_again, stage_of
from gco.core.region.status import View, canary_judged_again, drift_shown_for, judge
from gco.core.region.unsettled import Problem, Unsettled
from gco.core.region.watchdog import Watchdog
from gco.telemetry import get_logger

_log = get_logger(__name__)
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
        contest: Contest,
        image: str = "",
        allow: Collection[str] | None = None,
    ) -> None:
        self._cluster = cluster
        self._caches = caches
        self._clock = clock
        self._recorder = recorder
        self._rooms = rooms
        self._unhealthy = unhealthy
        self._image = image
        self._allow = allow
        self._contest = contest
        self._templates = Templates(cluster)
        self._viewer = Viewer(cluster, clock, supply, image)
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
        case = await self._look(regional, memory)
        done = await self._act(case, memory)
        if any(outcome.acted for outcome in done):
            case = dataclasses.replace(case, observed=self._observe(regional.name))
        memory.drift = done.own.drift or done.canary.drift or memory.drift
        for outcome in done:
            self._recorder.tell(regional, outcome)
        view = await self._viewer.view(case, done, memory, silent_since=self._silent_since(case))
        now = self._clock.now()
        held = await report(self._cluster, self._caches, regional, judge(view, now), memory)
        if held is None:
            memory.drift = None
        for outcome in done:
            if outcome.error is not None:
                raise outcome.error
        asked = (outcome.again for outcome in done)
        return _soonest([*asked, held, *self._waits(case, view, now)])

    def _observe(self, name: EndpointName) -> Observed:
        return waited_for(self._caches.observe(name), name, self._clock.now())

    async def _look(self, regional: Regional, memory: Memory) -> Case:
        """Return what there is, and which pods are to be made."""
        observed = self._observe(regional.name)
        stage = stage_of(regional, observed, self._clock.now())
        found = self._unseen(regional)
        if found is None:
            found = await hindrance(self._cluster, self._clock, regional, observed, memory)
        if found is not None:
            return Case(regional, observed, stage, hindrance=found)
        uid, allow, beside = regional.spec.uid, self._allow, observed.canary
        template = await self._templates.own(regional, observed, stage)
        template, policy = admitted(template, uid, observed.frozen, observed.workload, allow)
        trial = trial_of(regional, observed, stage, self._clock.now())
        canary = await self._templates.canary(regional, observed, trial)
        canary, trial_policy = admitted(canary, uid, beside.frozen, beside.workload, allow)
        return Case(
            regional,
            observed,
            stage,
            template=template,
            trial=trial,
            canary=canary,
            policy=policy,
            canary_policy=trial_policy,
            lost_to=self._contest.lost_to(regional),
        )

    def _unseen(self, regional: Regional) -> Hindrance | None:
        """Return why nothing is done yet: a kind that this endpoint needs has never been listed."""
        unseen = self._caches.unseen(regional.name)
        if not unseen:
            return None
        message = why_unwatched(regional.namespace, unseen)
        return Hindrance(Cause("NotWatched", message), LOOK_SECONDS)

    async def _act(self, case: Case, memory: Memory) -> Done:
        """Make it so; the route comes first: it has let go of a canary before that is deleted."""
        found, regional = case.hindrance, case.regional
        if found is not None:
            unsettled = [Unsettled(None, Problem.REFUSED, found.cause)]
            waits = Outcome(unsettled=unsettled, again=found.seconds)
            return Done(waits, Outcome())
        actions = self._plan(case, memory)
        if not actions:
            memory.failing.clear()
        outcomes = []
        for canarys in (False, True):
            some = [a for a in actions if is_canarys(a.ref, regional.name) is canarys]
            actor = Actor(self._cluster, self._caches, regional, memory)
            outcomes.append(await actor.carry_out(some))
        return Done(*outcomes)

    def _plan(self, case: Case, memory: Memory) -> Sequence[Action]:
        regional, observed = case.regional, case.observed
        wanted = self._wanted(case)
        planned = plan(
            wanted.objects,
            observed.seen(regional.name, regional.spec.uid),
            accepted=memory.accepted,
            keep=wanted.keep,
            adopt=bool(regional.spec.adopts),
            why=wanted.why,
            overdue=observed.given_up,
        )
        left = (
            Delete(ref, record.uid, Why.UNWANTED)
            for ref, record in observed.autoscalers.left_by_keda(regional.name).items()
        )
        claim = () if wanted.claim is None else (wanted.claim,)
        return (*claim, *planned, *left)

    def _wanted(self, case: Case) -> Desired:
        regional, observed, stage = case.regional, case.observed, case.stage
        now = self._clock.now()
        return desired(
            regional,
            observed,
            stage,
            case.template,
            contested=case.lost_to is not None,
            silent=self._watchdog(case).bites(regional, observed, stage, now),
            replacing=self._replacing(case, now),
            unavailable=self._unavailable(case, now),
            trial=case.trial,
            canary=case.canary,
            image=self._image,
        )

    def _replacing(self, case: Case, now: dt.datetime) -> Replacing | None:
        regional, observed = case.regional, case.observed
        if case.stage is Stage.SERVE and case.template is not None:
            return self._rooms.replacing(regional, observed, case.template, now)
        self._rooms.promise(f"{regional.namespace}/{regional.name}", None)
        return observed.workload.replacing if observed.workload else None

    def _unavailable(self, case: Case, now: dt.datetime) -> int:
        regional, observed = case.regional, case.observed
        if case.stage is Stage.SERVE and case.template is not None:
            return self._rooms.unavailable(regional, observed, case.template, now)
        return observed.workload.unavailable if observed.workload else 0

    def _watchdog(self, case: Case) -> Watchdog:
        seconds = startup_of(case.regional, case.template)
        return Watchdog(self._unhealthy, dt.timedelta(seconds=seconds))

    def _silent_since(self, case: Case) -> dt.datetime | None:
        now = self._clock.now()
        return self._watchdog(case).silent_since(case.regional, case.observed, case.stage, now)

    def _waits(self, case: Case, view: View, now: dt.datetime) -> Iterator[float | None]:
        """Yield after how many seconds time alone changes what is to be done or said."""
        regional, observed = case.regional, case.observed
        yield self._watchdog(case).left(regional, observed, now)
        yield self._rooms.planned_anew_in(regional, observed, case.template, now)
        yield look_again(regional, view.observed, view.stage, now)
        yield drift_shown_for(view, now)
        yield changes_in(observed, regional.name, now)
        for copying in (observed.copying, observed.canary.copying):
            yield judged_copy_again(copying, now)
        if view.stage is Stage.SERVE:
            yield judged_again(view.observed.pods, view.ask, now)
            yield canary_judged_again(view, now)


def _soonest(times: Sequence[float | None]) -> float | None:
    """Return the shortest, but no less than a moment: what remains of a wait may be a rounding."""
    return min((max(_MOMENT, time) for time in times if time is not None), default=None)
