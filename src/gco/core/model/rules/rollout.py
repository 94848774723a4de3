"""Changes without an outage, unless a person said that there may be one."""

from collections.abc import Iterator
from typing import Final

from gco.core.model.allowed import Path
from gco.core.model.defaults import DEFAULT_REPLICAS
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.scaling import autoscaling_in_region, fewest_stated
from gco.core.model.spec import EndpointSpec, InferenceEndpoint, Rollout, RolloutStrategy

_PATH: Final[Path] = ("spec", "rollout", "strategy")
_OR_SAY: Final = "or say rollout.allowDowntime: true"


def downtime(document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    """The last pod never goes before its replacement is ready unless that was allowed."""
    spec = document.spec
    rollout = spec.rollout or Rollout()
    if rollout.allow_downtime:
        return
    if rollout.strategy is RolloutStrategy.RECREATE:
        allowed = f"a strategy that ends no pod before another is ready: auto or surge; {_OR_SAY}"
        yield Finding(_PATH, rollout.strategy, allowed)
    if rollout.strategy is RolloutStrategy.IN_PLACE and _has_single(spec, known):
        allowed = f"with a single replica, auto or surge; {_OR_SAY}"
        yield Finding(_PATH, rollout.strategy, allowed)


def _has_single(spec: EndpointSpec, known: Known) -> bool:
    """Whether a region may have a single replica; what a file leaves out may be stored otherwise."""
    default = spec.replicas if spec.replicas is not None or not known.whole else DEFAULT_REPLICAS
    if not spec.regions:
        return fewest_stated(spec.autoscaling, default) == 1
    return 1 in [
        fewest_stated(
            autoscaling_in_region(spec.autoscaling, region.autoscaling),
            default if region.replicas is None else region.replicas,
        )
        for region in spec.regions
    ]
