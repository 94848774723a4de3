"""Carry out a plan on the cluster, one request after the other, and tell what came of it."""

import asyncio
import dataclasses
from collections.abc import Coroutine, Sequence
from typing import Any

from gco.cluster.port import Cluster, Manifest
from gco.controllers.endpoint.adoption import take_from_maker
from gco.controllers.endpoint.caches import Caches
from gco.controllers.endpoint.memory import Memory
from gco.core.model.names import MANAGER, REPLICAS_MANAGER
from gco.core.model.regional import Regional
from gco.core.region.actions import (
    Action,
    Apply,
    Claim,
    Delete,
    ObjectRef,
    Refuse,
    Rendered,
    Wait,
    Why,
)
from gco.core.region.causes import Cause
from gco.core.region.drift import Drift, DriftKind, drift
from gco.core.region.fights import Fight
from gco.core.region.takeback import take_back
from gco.core.region.unsettled import Problem, Unsettled, leaving
from gco.errors import (
    AbsentError,
    ClusterConflictError,
    ForbiddenError,
    RejectedError,
    TransientError,
)
from gco.kinds.differences import FieldDifference, differences
from gco.kinds.ownership import owned_hash
from gco.kinds.registry import KINDS, Kind
from gco.runtime.failures import says_namespace_ends
from gco.telemetry import get_logger

_log = get_logger(__name__)
_TRIES = 4
"""Reads and writes of one take-back before the queue's back-off."""
_TRY = "it is tried again by itself; where a webhook is named, see that webhook's pods"
_REFUSED = {
    Why.TAKEN: "rename one of them",
    Why.NOT_ADOPTED: "take it over with `gco import`, or rename one of them",
}
_KINDS = {kind.name: kind for kind in KINDS}


@dataclasses.dataclass(slots=True)
class Outcome:
    """What came of a plan."""

    done: list[tuple[ObjectRef, Why]] = dataclasses.field(default_factory=list)
    unsettled: list[Unsettled] = dataclasses.field(default_factory=list)
    """What does not stand as it was planned."""
    drift: Drift | None = None
    acted: bool = False
    """Whether there was anything to do, so that what was observed before is out of date."""
    again: float | None = None
    """Seconds after which to look again."""
    error: TransientError | None = None
    """What ended the plan early, where that is worth telling: to be raised once it was told."""

    def look_in(self, seconds: float) -> None:
        """Look again after `seconds`, or sooner where something else asks for it."""
        self.again = seconds if self.again is None else min(self.again, seconds)

    @property
    def failures(self) -> tuple[Cause, ...]:
        """What the API server refused."""
        refused = (Problem.REFUSED, Problem.UNDELETED)
        return tuple(found.cause for found in self.unsettled if found.problem in refused)


class Actor:
    """Acts for one endpoint in one run."""

    def __init__(
        self, cluster: Cluster, caches: Caches, regional: Regional, memory: Memory
    ) -> None:
        self._cluster = cluster
        self._caches = caches
        self._regional = regional
        self._memory = memory
        self._outcome = Outcome()

    async def carry_out(self, actions: Sequence[Action]) -> Outcome:
        """Carry out `actions` in order.

        What the API server refuses becomes a failure in the outcome, and the other actions are still carried out. Once it
        has failed at an action, deletes alone are carried out: each is decided by what was
        observed, never by what this run applied. A failure that lasts is reported in the outcome.
        Raises TransientError until then, and ClusterConflictError where what was known is out of
        date: the caches have been refreshed then, so that the next run knows better.
        """
        passing: TransientError | None = None
        self._outcome.acted = bool(actions)
        for action in actions:
            if (passing or self._outcome.error) and not isinstance(action, Delete):
                continue
            try:
                await self._carry_out(action)
            except TransientError as error:
                if not self._memory.failed(action.ref, _now()):
                    passing = passing or error
                else:
                    cause = Cause("ApplyFailed", f"{action.ref}: {error}; {_TRY}")
                    self._unsettled(action.ref, _problem(action), cause)
                    self._outcome.error = self._outcome.error or error
                if isinstance(action, Delete):
                    break  # neither goes through: this is no webhook's weakness
        if passing is not None:
            raise passing
        return self._outcome

    async def _carry_out(self, action: Action) -> None:
        match action:
            case Apply():
                await self._refusable(action, action.rendered.hash, self._apply(action))
            case Delete():
                await self._refusable(action, action.uid, self._delete(action))
            case Refuse():
                message = f"{action.ref}: {action.why}; {_REFUSED[action.why]}"
                cause = Cause("NameTaken", message, final=True)
                self._unsettled(action.ref, Problem.REFUSED, cause)
            case Claim():
                what = f"replicas {action.replicas}"
                await self._refusable(action, what, self._claim(action))
            case Wait():
                cause = leaving(action, self._regional.namespace)
                self._unsettled(action.ref, Problem.PENDING, cause)

    def _unsettled(
        self,
        ref: ObjectRef,
        problem: Problem,
        cause: Cause,
        fields: tuple[str, ...] | None = None,
    ) -> None:
        self._outcome.unsettled.append(Unsettled(ref, problem, cause, fields))

    async def _refusable(
        self, action: Apply | Delete | Claim, what: str, request: Coroutine[Any, Any, None]
    ) -> None:
        ref = action.ref
        known = self._memory.refused(ref, what, _now())
        if known is not None:
            request.close()
            self._failed(action, known.cause, known.until)
            return
        try:
            await request
        except RejectedError as error:
            cause = Cause("Rejected", f"{ref}: {error}; correct the spec")
        except ForbiddenError as error:
            step = "apply deploy/kubernetes again"
            reason = "Forbidden"
            if says_namespace_ends(error):
                reason, step = "NamespaceTerminating", "delete the endpoint, or wait"
            cause = Cause(reason, f"{ref}: {error}; {step}")
        else:
            self._memory.worked(ref)
            return
        refusal = self._memory.refuse(ref, what, cause, _now())
        self._failed(action, refusal.cause, refusal.until)
        _log.warning("refused", **self._said(ref), error=cause.message)

    def _failed(self, action: Apply | Delete | Claim, cause: Cause, until: float) -> None:
        self._unsettled(action.ref, _problem(action), cause)
        self._outcome.look_in(until - _now())

    async def _apply(self, action: Apply) -> None:
        found: tuple[FieldDifference, ...] = ()
        began = _now()
        if action.why is Why.DRIFTED:
            live = await self._inspect(action)
            if live is None:
                return
            found = differences(action.rendered.manifest, live, MANAGER)
            await self._take_back(action, live)
        if action.why is Why.ADOPTED:
            await take_from_maker(
                self._cluster, self._regional.namespace, action, lambda: self._get(action.ref)
            )
        returned = await self._send(action)
        self._caches.record(returned)
        self._outcome.done.append((action.ref, action.why))
        self._compare(action, returned)
        told: dict[str, Any] = {"why": str(action.why), "seconds": round(_now() - began, 4)}
        if action.why is Why.DRIFTED:
            self._repaired(action, found)
            told["fields"] = [difference.path for difference in found]
            told["changed_by"] = sorted({d.manager or "unknown" for d in found})
        _log.info("applied", **self._said(action.ref), **told)

    async def _send(self, action: Apply) -> Manifest:
        try:
            return await self._send_once(action)
        except RejectedError:
            if action.uid is None or action.why is Why.DRIFTED:
                raise
            # Someone's edit may be what makes our object invalid: take it back and try once more.
            live = await self._get(action.ref)
            if not await self._take_back(action, live):
                raise
            return await self._send_once(action)

    async def _send_once(self, action: Apply) -> Manifest:
        kind, manifest = _kind(action.ref), action.rendered.manifest
        if action.uid is not None:
            meta = {**manifest["metadata"], "uid": action.uid}
            manifest = {**manifest, "metadata": meta}
        try:
            # Nothing is known under the name: were there something, force would overwrite it.
            return await self._cluster.apply(
                kind, manifest, manager=MANAGER, force=action.uid is not None
            )
        except ClusterConflictError:
            await self._get(action.ref)
            raise

    async def _claim(self, action: Claim) -> None:
        """Take the first step of a handover; what is left of it follows, as this one is seen."""
        kind = _kind(action.ref)
        manifest = {
            "apiVersion": kind.api_version,
            "kind": kind.name,
            "metadata": {
                "name": action.ref.name,
                "namespace": self._regional.namespace,
                "uid": action.uid,
            },
            "spec": {"replicas": action.replicas},
        }
        try:
            claimed = await self._cluster.apply(
                kind, manifest, manager=REPLICAS_MANAGER, force=False
            )
        except ClusterConflictError:  # another number by now, or someone else's
            await self._get(action.ref)
            raise
        self._caches.record(claimed)
        _log.info("replicas held", **self._said(action.ref), replicas=action.replicas)

    async def _inspect(self, action: Apply) -> Manifest | None:
        """Return the drifted object, or None where it is not to be repaired now."""
        fight = self._memory.fights.get(action.ref, Fight())
        wait = fight.due(_now())
        if wait > 0:
            self._outcome.look_in(wait)
            self._fought_over(action, fight)
            return None
        live = await self._get(action.ref)
        if live["metadata"]["uid"] != action.uid:
            raise ClusterConflictError(f"{action.ref} was made anew meanwhile")
        return live

    def _fought_over(self, action: Apply, fight: Fight) -> None:
        """Report a fight; its fields are those of the last repair, if they are the same again."""
        last = self._memory.repaired.get(action.ref)
        message = last.message if last else f"{action.ref}: changed again"
        message = f"{message}, {fight.repairs} times in a row"
        self._outcome.drift = Drift(DriftKind.FOUGHT_OVER, message)
        same = self._memory.drifted.get(action.ref) == action.owned_hash
        self._unsettled(
            action.ref,
            Problem.FOUGHT_OVER,
            Cause("FoughtOver", f"{message}; stop what changes it back"),
            last.fields if last and same else None,
        )

    async def _take_back(self, action: Apply, live: Manifest) -> bool:
        """Move what others hold of what is wholly ours into ours; return whether there was any.

        The object's own controllers react to the same edit, so the guard may well fail at first.
        """
        for left in reversed(range(_TRIES)):
            operations = take_back(live, action.rendered.manifest)
            if operations is None:
                return False
            try:
                await self._cluster.patch(
                    _kind(action.ref),
                    self._regional.namespace,
                    action.ref.name,
                    operations,
                    manager=MANAGER,
                )
            except ClusterConflictError:
                if not left:
                    raise
                live = await self._get(action.ref)
            else:
                return True
        return False

    def _compare(self, action: Apply, returned: Manifest) -> None:
        """Accept what admission made of our object: applying again would change nothing."""
        left = owned_hash(returned, MANAGER)
        self._memory.accepted.pop(action.ref, None)
        if left is None or left == action.rendered.owned_hash:
            return
        found = differences(action.rendered.manifest, returned, MANAGER)
        accepted = Rendered(action.rendered.manifest, action.rendered.hash, left)
        self._memory.accepted[action.ref] = accepted
        self._outcome.drift = drift(DriftKind.MUTATED, action.ref, found)
        if self._memory.say_once(f"mutated {action.ref}", f"{action.rendered.hash} {left}"):
            _log.warning(
                "changed on admission",
                **self._said(action.ref),
                fields=[difference.path for difference in found],
            )

    def _repaired(self, action: Apply, found: Sequence[FieldDifference]) -> None:
        ref = action.ref
        fight = self._memory.fights.get(ref, Fight())
        self._memory.fights[ref] = fight.repaired(_now())
        self._memory.repaired[ref] = drift(DriftKind.REPAIRED, ref, found)
        self._memory.drifted[ref] = action.owned_hash or ""
        if self._outcome.drift is None:
            self._outcome.drift = self._memory.repaired[ref]

    async def _delete(self, action: Delete) -> None:
        if self._memory.deleting(action.uid, _now()):
            return
        kind, began = _kind(action.ref), _now()
        try:
            await self._cluster.delete(
                kind, self._regional.namespace, action.ref.name, uid=action.uid
            )
        except AbsentError:
            self._caches.forget(kind, action.ref.name, action.uid)
            return
        except ClusterConflictError:
            await self._get(action.ref)
            raise
        self._memory.deleted(action.uid, _now())
        self._outcome.done.append((action.ref, action.why))
        seconds = round(_now() - began, 4)
        _log.info("deleted", **self._said(action.ref), why=str(action.why), seconds=seconds)

    async def _get(self, ref: ObjectRef) -> Manifest:
        """Read the object afresh into the cache; raises ClusterConflictError where it is gone."""
        kind = _kind(ref)
        try:
            live = await self._cluster.get(kind, self._regional.namespace, ref.name)
        except AbsentError as error:
            known = self._caches.observe(self._regional.name).seen(
                self._regional.name, self._regional.spec.uid
            )
            if ref in known:
                self._caches.forget(kind, ref.name, known[ref].uid)
            raise ClusterConflictError(f"{ref} is gone meanwhile") from error
        self._caches.record(live)
        return live

    def _said(self, ref: ObjectRef) -> dict[str, Any]:
        return {
            "endpoint": self._regional.name,
            "object": str(ref),
            "revision": self._regional.spec.revision,
        }


def _problem(action: Action) -> Problem:
    return Problem.UNDELETED if isinstance(action, Delete) else Problem.REFUSED


def _kind(ref: ObjectRef) -> Kind:
    return _KINDS[ref.kind]


def _now() -> float:
    return asyncio.get_running_loop().time()
