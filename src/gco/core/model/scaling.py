"""What a spec means by autoscaling: bounds, metrics and who reads them, with nothing left unsaid."""

import dataclasses
from typing import Final, TypeVar

from gco.core.model.routes import overlaid
from gco.core.model.spec import Autoscaling, EndpointSpec, Metric, MetricType, Pollers

_Replicas = TypeVar("_Replicas", int, int | None)

DEFAULT_MIN: Final = 1
DEFAULT_MAX: Final = 10
DEFAULT_METRICS: Final = (Metric(type=MetricType.CPU, target=70),)
DEFAULT_INTERVAL_SECONDS: Final = 30
DEFAULT_COOLDOWN_SECONDS: Final = 300
"""A model takes minutes to load: what leaves too soon is paid for again."""
OF_PODS: Final = frozenset({MetricType.CPU, MetricType.MEMORY})
"""What Kubernetes' own autoscaler reads by itself; KEDA reads the others."""
OF_SERVER: Final = frozenset({MetricType.WAITING, MetricType.RUNNING, MetricType.CACHE})
"""What the server in each pod tells: nothing is told where no pod is."""
SHARES: Final = OF_PODS | {MetricType.CACHE}
"""What is given in per cent."""


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Scaling:
    """An autoscaler's task."""

    least: int
    most: int
    metrics: tuple[Metric, ...]
    prometheus: str
    """Empty where none is needed."""
    interval: int
    """Seconds."""
    cooldown: int
    """Seconds."""

    @property
    def needs_keda(self) -> bool:
        """Whether Kubernetes' own autoscaler does not know these metrics."""
        return any(metric.type not in OF_PODS for metric in self.metrics)

    @property
    def text(self) -> str:
        """The task in words: `1 to 10 replicas by cpu at 70 %`."""
        told = ", ".join(
            f"{metric.type} at {metric.target}{' %' if metric.type in SHARES else ''}"
            for metric in self.metrics
        )
        return f"{self.least} to {self.most} replicas by {told}"


def autoscaling_in_region(base: Autoscaling | None, own: Autoscaling | None) -> Autoscaling | None:
    """Return `base` with what a region states in its place, field by field, pollers included."""
    merged = overlaid(base, own)
    if merged is None or base is None or own is None:
        return merged
    return merged.model_copy(update={"pollers": overlaid(base.pollers, own.pollers)})


def scaling_of(spec: EndpointSpec) -> Scaling | None:
    """Return what the spec asks of an autoscaler; None where the number of replicas is its own."""
    return None if spec.autoscaling is None else scaling(spec.autoscaling)


def fewest_stated(stated: Autoscaling | None, replicas: _Replicas) -> _Replicas | int:
    """Return the fewest replicas that may run: an autoscaler's minimum, but not 0, or `replicas`."""
    task = None if stated is None else scaling(stated)
    return replicas if task is None else max(1, task.least)


def scaling(stated: Autoscaling) -> Scaling | None:
    """Return `stated` with its defaults; None where it is switched off.

    A minimum above the default maximum moves that, and the reverse: a region may state one alone.
    """
    if stated.enabled is False:
        return None
    least = min(DEFAULT_MIN, stated.max or DEFAULT_MIN) if stated.min is None else stated.min
    pollers = stated.pollers or Pollers()
    cooldown = pollers.cooldown_seconds
    return Scaling(
        least=least,
        most=max(DEFAULT_MAX, least) if stated.max is None else stated.max,
        metrics=DEFAULT_METRICS if stated.metrics is None else stated.metrics,
        prometheus=pollers.prometheus_address or "",
        interval=pollers.interval_seconds or DEFAULT_INTERVAL_SECONDS,
        cooldown=DEFAULT_COOLDOWN_SECONDS if cooldown is None else cooldown,
    )


def first_count(stated: int | None, task: Scaling) -> int:
    """Return with how many replicas an endpoint begins: the stated count within the bounds.

    At least one, even where the autoscaler may go down to none: what never answered once is not
    known to work.
    """
    return max(1, task.least, min(stated or 0, task.most))


def stated_in_full(stated: Autoscaling) -> Autoscaling:
    """Return `stated` with every default said, as `gco get` shows it."""
    task = scaling(stated.model_copy(update={"enabled": None}))
    if task is None:
        return stated
    return Autoscaling(
        enabled=stated.enabled is not False,
        min=task.least,
        max=task.most,
        metrics=task.metrics,
        pollers=Pollers(
            prometheus_address=task.prometheus or None,
            interval_seconds=task.interval,
            cooldown_seconds=task.cooldown,
        ),
    )
