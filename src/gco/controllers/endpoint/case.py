"""An endpoint as one run finds it, and what came of that run."""

import dataclasses
from typing import NamedTuple

from gco.controllers.endpoint.actor import Outcome
from gco.controllers.endpoint.adoption import Hindrance
from gco.controllers.endpoint.policy import PASSED, Verdict
from gco.core.model.defaults import effective
from gco.core.model.ids import EndpointName
from gco.core.model.regional import Regional
from gco.core.region.canary import NO_TRIAL, Trial
from gco.core.region.freeze import Template
from gco.core.region.observed import Observed
from gco.core.region.render.container import startup_seconds
from gco.core.region.stage import Stage


@dataclasses.dataclass(frozen=True, slots=True)
class Case:
    """What is asked, what there is, and which pods are to be made."""

    regional: Regional
    observed: Observed
    stage: Stage
    hindrance: Hindrance | None = None
    """Why nothing may be done to its objects yet; no template is known then."""
    template: Template | None = None
    """The frozen pod template; None where no pods are wanted, or their model is not there yet."""
    trial: Trial = NO_TRIAL
    canary: Template | None = None
    """The frozen pod template of its canary; None where none is to be made."""
    policy: Verdict = PASSED
    """What this region's pod policy makes of the endpoint's template."""
    canary_policy: Verdict = PASSED
    lost_to: EndpointName | None = None
    """The endpoint that has its route, where it is not this one."""


class Done(NamedTuple):
    """What came of what concerns the endpoint itself, and of what its canary alone."""

    own: Outcome
    canary: Outcome


def startup_of(regional: Regional, template: Template | None) -> int:
    """Return the start-up budget of the pods in seconds: the template's, else what the spec means."""
    if template is not None:
        return startup_seconds(template.body)
    return effective(regional.spec.endpoint).startup_seconds
