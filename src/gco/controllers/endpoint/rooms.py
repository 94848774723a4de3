"""What is free for each endpoint: what the region has, less what others were promised.

Two endpoints whose rollouts are planned at once must not both count on the same accelerator. A
rollout that makes a new pod first is promised one pod more than the endpoint has, for as long as it
lasts; what of that is on nodes already is counted there. Losing this costs a pod that is pending for
a while, after which its rollout is planned anew.
"""

import dataclasses
import datetime as dt
from collections.abc import Callable, Mapping
from typing import Protocol

from gco.core.model.regional import Regional
from gco.core.region.claims import Claim
from gco.core.region.freeze import Template
from gco.core.region.observed import Observed
from gco.core.region.replacing import Replacing
from gco.core.region.rollout import Rolling
from gco.core.region.room import Need, Room
from gco.core.region.scaling import fewest_replicas, running_replicas


class Supply(Protocol):
    """What is known of a region's nodes; None while it is not known."""

    def room(self) -> Room | None:
        """Return what is free on each node."""
        ...

    def claims(self) -> Mapping[str, Claim] | None:
        """Return the nodes that are being made, by NodeClaim; None also where nobody makes any."""
        ...

    def subscribe(self, handler: Callable[[], None]) -> None:
        """Have `handler` called when what is told of pods that no node takes may be another thing."""
        ...


class Unknown:
    """A region whose nodes may not be read."""

    def room(self) -> None:
        """Nothing is known."""

    def claims(self) -> None:
        """Nothing is known."""

    def subscribe(self, handler: Callable[[], None]) -> None:
        """Nothing changes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Promise:
    """Room that an endpoint's rollout was promised."""

    need: Need
    pods: int
    """The most that it will have at once."""


class Rooms:
    """The promises of one region."""

    def __init__(self, supply: Supply) -> None:
        self._supply = supply
        self._promises: dict[str, Promise] = {}

    def replacing(
        self, regional: Regional, observed: Observed, template: Template, now: dt.datetime
    ) -> Replacing | None:
        """Return how pods of `template` replace the others, and promise what that takes."""
        owner, need = _owner(regional), Need.of(template.body)
        rolling = rolling_of(regional, observed, template)
        chosen = rolling.replacing(lambda: self.free_for(owner), need, now)
        surges = chosen is Replacing.SURGE and (rolling.due or rolling.under_way)
        self.promise(owner, Promise(need, rolling.replicas + 1) if surges else None)
        return chosen

    def unavailable(
        self, regional: Regional, observed: Observed, template: Template, now: dt.datetime
    ) -> int:
        """Return the per cent of pods that the rollout to `template` may miss; 0 for one pod.

        Promises do not count: what is promised to another and free yet is no pod's place.
        """
        rolling, need = rolling_of(regional, observed, template), Need.of(template.body)
        room = self._supply.room
        return rolling.unavailable(room, need, _owner(regional), now)

    def planned_anew_in(
        self, regional: Regional, observed: Observed, template: Template | None, now: dt.datetime
    ) -> float | None:
        """Return after how many seconds a pod that is pending changes how pods are replaced."""
        rolling = rolling_of(regional, observed, template)
        waits = (rolling.replan_in(self._supply.room, now), rolling.recount_in(now))
        return min((wait for wait in waits if wait is not None and wait > 0), default=None)

    def free_for(self, owner: str) -> Room | None:
        """Return what is free for an endpoint, `namespace/name`; None where that is not known."""
        room = self._supply.room()
        if room is None:
            return None
        for other, promise in self._promises.items():
            if other != owner:
                room = _less(room, promise, room.bound.get(other, 0))
        return room

    def promise(self, owner: str, promise: Promise | None) -> None:
        """Have `owner` promised that much room from now on; None: nothing."""
        if promise is None:
            self._promises.pop(owner, None)
        else:
            self._promises[owner] = promise

    def forget(self) -> None:
        """Forget all promises: someone else may have acted meanwhile."""
        self._promises.clear()


def rolling_of(regional: Regional, observed: Observed, template: Template | None) -> Rolling:
    """Return what there is of an endpoint's rollout to `template`."""
    return Rolling(
        stated=regional.spec.endpoint.rollout,
        replicas=running_replicas(regional, observed.workload, observed.autoscalers),
        key=template.key if template is not None else regional.spec.template_key,
        workload=observed.workload,
        pods=observed.pods,
        fewest=fewest_replicas(regional, observed.workload, observed.autoscalers),
    )


def _owner(regional: Regional) -> str:
    return f"{regional.namespace}/{regional.name}"


def _less(room: Room, promise: Promise, bound: int) -> Room:
    for _ in range(promise.pods - bound):
        left = room.take(promise.need)
        if left is None:
            return room
        room = left
    return room
