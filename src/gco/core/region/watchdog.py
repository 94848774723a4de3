"""The route's watchdog: since when nothing behind a route answers, and when the route leaves.

All endpoints of a region may share one load balancer, and one without a healthy target can have a
global accelerator drop the whole region. So a route leaves once nothing has answered for as long as
a threshold says, and is made again when a pod answers. A pod that loads is no outage: the clock
starts after its start-up budget, which each pod has once, however often its container restarts.
The moment of the silence is kept in the custom resource's status, and so survives a restart.
"""

import dataclasses
import datetime as dt
from typing import Final

from gco.core.model.regional import Regional
from gco.core.model.scaling import scaling_of
from gco.core.region.canary import answers
from gco.core.region.observed import Observed
from gco.core.region.pods import PodRecord
from gco.core.region.stage import Stage

THRESHOLD: Final = dt.timedelta(seconds=300)
"""The threshold where no other is set."""
_LOADS: Final = frozenset({"", "ContainerCreating", "PodInitializing"})
"""What a container that is on its way up may wait for; any other wait is a failure."""


@dataclasses.dataclass(frozen=True, slots=True)
class Watchdog:
    """What is judged by: the patience of this region, and the start-up budget of the pods."""

    threshold: dt.timedelta
    startup: dt.timedelta

    def silent_since(
        self, regional: Regional, observed: Observed, stage: Stage, now: dt.datetime
    ) -> dt.datetime | None:
        """Return since when nothing answers behind a route; None while that is no outage."""
        if stage is not Stage.SERVE or answers(regional, observed) or _idle(regional, observed):
            return None
        before = _known(regional)
        if before is not None:
            return before
        return now.replace(microsecond=0) if observed.routes else None

    def ends(self, regional: Regional, observed: Observed) -> dt.datetime | None:
        """Return when the route leaves, or has left, unless a pod answers; None while none is due."""
        since = _known(regional)
        if since is None or answers(regional, observed) or _idle(regional, observed):
            return None
        pods = (*observed.pods.wanted.values(), *observed.pods.old.values())
        budgets = (self._loaded(pod) for pod in pods)
        return max([since, *(end for end in budgets if end is not None)]) + self.threshold

    def bites(self, regional: Regional, observed: Observed, stage: Stage, now: dt.datetime) -> bool:
        """Whether the route is to be away now."""
        end = self.ends(regional, observed) if stage is Stage.SERVE else None
        return end is not None and now >= end

    def left(self, regional: Regional, observed: Observed, now: dt.datetime) -> float | None:
        """Return after how many seconds the route leaves; None where it has left, or none does."""
        end = self.ends(regional, observed)
        return (end - now).total_seconds() if end is not None and end > now else None

    def _loaded(self, pod: PodRecord) -> dt.datetime | None:
        """Return when the start-up budget of a pod that loads is over; None for any other pod."""
        if pod.started or not pod.node or pod.waiting not in _LOADS:
            return None
        # Its first run began later than the pod, after the image was pulled; later runs are counted
        # from the moment when it last answered, or was made: a budget is given once.
        begun = pod.running_since if not pod.restarts else pod.unready_since
        begun = begun or pod.unready_since
        return begun + self.startup if begun is not None else None


def _known(regional: Regional) -> dt.datetime | None:
    status = regional.status
    same = status is not None and status.uid == regional.spec.uid
    return status.silent_since if same and status is not None else None


def _idle(regional: Regional, observed: Observed) -> bool:
    """Whether there may be no pods at all, for want of requests."""
    task = scaling_of(regional.spec.endpoint)
    return task is not None and task.least == 0 and observed.pods.count == 0
