"""What a status is judged by, and what is said of one aspect."""

import dataclasses
import datetime as dt
from collections.abc import Sequence
from typing import Final

from gco.core.model.ids import EndpointName
from gco.core.model.regional import Regional, RegionalStatus
from gco.core.model.status import ConditionStatus
from gco.core.region.canary import NO_TRIAL, Trial
from gco.core.region.causes import Ask, Cause
from gco.core.region.copying import Weights
from gco.core.region.drift import Drift
from gco.core.region.observed import Observed
from gco.core.region.scaling import running_replicas
from gco.core.region.stage import Stage
from gco.core.region.unsettled import Unsettled, blocking

LONGEST: Final = 2000
"""Characters of a message: what others wrote is quoted, and a store holds only so much."""


@dataclasses.dataclass(frozen=True, slots=True)
class CanaryView:
    """What is known of the canary beside its objects."""

    trial: Trial
    ask: Ask | None = None
    """What its pods ask for; None where none are wanted."""
    unsettled: Sequence[Unsettled] = ()
    """Its objects that are not as the revision wants them."""
    waits: Sequence[Cause] = ()
    """What keeps it from its model."""
    log: str = ""

    @property
    def blockers(self) -> tuple[Cause, ...]:
        """What keeps its pods from being made as they are wanted, or from being reached."""
        return (*blocking(self.unsettled, Stage.SERVE), *self.waits)


@dataclasses.dataclass(frozen=True, slots=True)
class View:
    """Everything that a status is judged by."""

    regional: Regional
    stage: Stage
    observed: Observed
    ask: Ask
    unsettled: Sequence[Unsettled] = ()
    """The objects that are not as the revision wants them."""
    drift: Drift | None = None
    """What was found in this run, if anything."""
    mutated: bool = False
    """Admission holds some object otherwise than it was applied, and that is accepted."""
    silent_since: dt.datetime | None = None
    """Since when nothing answers behind the route."""
    weights: Weights | None = None
    """How it stands with its model; None where it has none."""
    log: str = ""
    """The end of what a crashing container wrote, where it is known."""
    canary: CanaryView = CanaryView(NO_TRIAL)
    lost_to: EndpointName | None = None
    """The endpoint that has its host and path, where it is not this one."""
    outlived: str = ""
    """What its pods ask for although this region allows it to new ones no more; empty: nothing."""

    @property
    def settled(self) -> bool:
        """All objects stand as the revision wants them."""
        return not (self.unsettled or self.canary.unsettled)

    @property
    def blockers(self) -> tuple[Cause, ...]:
        """What of the objects keeps Ready from becoming True."""
        return blocking(self.unsettled, self.stage)

    @property
    def replicas(self) -> int:
        """How many pods should run now, whoever decides on it."""
        found = self.observed
        return running_replicas(self.regional, found.workload, found.autoscalers)


@dataclasses.dataclass(frozen=True, slots=True)
class Said:
    """What is said of one aspect."""

    status: ConditionStatus
    reason: str
    message: str = ""


def previous_of(view: View) -> RegionalStatus | None:
    """Return what was said last of this endpoint, nothing of an earlier one of its name."""
    status = view.regional.status
    return status if status is not None and status.uid == view.regional.spec.uid else None
