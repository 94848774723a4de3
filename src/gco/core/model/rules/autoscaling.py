"""An autoscaler that can work: bounds that agree, metrics that there are, a signal that can wake it."""

from collections.abc import Iterator, Sequence
from typing import Final

from gco.core.model.allowed import Path, one_of
from gco.core.model.flags import has_flag, words
from gco.core.model.launch import takes_flags
from gco.core.model.profiles import infer_server, profile_of
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.scaling import (
    OF_PODS,
    OF_SERVER,
    SHARES,
    Scaling,
    autoscaling_in_region,
    scaling,
)
from gco.core.model.spec import (
    Autoscaling,
    EndpointSpec,
    InferenceEndpoint,
    Metric,
    MetricType,
    Route,
    RouteBackend,
)

_PATH: Final[Path] = ("spec", "autoscaling")
_WAKE: Final = (
    "1 or more; 0 only with a metric `requests`, whose query counts a gateway's requests: what else "
    "is measured ends with the last pod"
)
_ALB_EMPTY: Final = (
    "an ALB whose target group is empty counts as down for a Global Accelerator, with every endpoint "
    "behind it: let the last replica stay, or use backend nginx or gateway"
)
_MOST_PER_CENT: Final = 1000
"""Of what is requested; pods may use more than that, up to their limit."""


def autoscaling(document: InferenceEndpoint, _: Known) -> Iterator[Finding]:
    """The autoscaler of the endpoint, and that of each region that has its own."""
    spec = document.spec
    if spec.autoscaling is not None:
        yield from _checked(_PATH, spec.autoscaling, spec.autoscaling, spec, spec.route)
    for number, region in enumerate(spec.regions or ()):
        whole = autoscaling_in_region(spec.autoscaling, region.autoscaling)
        path: Path = ("spec", "regions", number)
        if region.autoscaling is not None and whole is not None:
            route = region.route if region.route and region.route.backend else spec.route
            own = (*path, "autoscaling")
            yield from _checked(own, region.autoscaling, whole, spec, route)
        if region.replicas == 0 and whole is not None and scaling(whole) is not None:
            allowed = (
                "1 or more with autoscaling; for none, say autoscaling: {enabled: false} there"
            )
            yield Finding((*path, "replicas"), 0, allowed)


def _checked(
    path: Path, stated: Autoscaling, whole: Autoscaling, spec: EndpointSpec, route: Route | None
) -> Iterator[Finding]:
    """Check `whole`, of which `stated` is what was written at `path`."""
    task = scaling(whole)
    if task is None:
        return
    yield from _bounds(path, stated, task, route)
    yield from _metrics((*path, "metrics"), stated.metrics, spec)
    if task.needs_keda and not task.prometheus and (stated.metrics or stated.pollers):
        asked = one_of([m.type.value for m in task.metrics if m.type not in OF_PODS])
        allowed = f"the address of the Prometheus that knows {asked}"
        yield Finding((*path, "pollers", "prometheusAddress"), "", allowed)


def _bounds(
    path: Path, stated: Autoscaling, task: Scaling, route: Route | None
) -> Iterator[Finding]:
    field = "min" if stated.max is None else "max"
    if task.least > task.most and (stated.min, stated.max) != (None, None):
        given = getattr(stated, field)
        end = f"at least min, {task.least}" if field == "max" else f"at most max, {task.most}"
        yield Finding((*path, field), given, end)
    if task.least > 0 or (stated.min, stated.metrics) == (None, None):
        return
    if all(metric.type is not MetricType.REQUESTS for metric in task.metrics):
        yield Finding((*path, "min"), 0, _WAKE)
    if route is None or route.backend in {None, RouteBackend.ALB}:
        yield Finding((*path, "min"), 0, _ALB_EMPTY, warning=True)


def _metrics(path: Path, metrics: Sequence[Metric] | None, spec: EndpointSpec) -> Iterator[Finding]:
    if metrics == ():
        yield Finding(path, [], "at least one; leave it out for cpu at 70 %")
    seen: set[MetricType] = set()
    for number, metric in enumerate(metrics or ()):
        where = (*path, number)
        if metric.type in seen:
            yield Finding((*where, "type"), metric.type, "each metric once")
        seen.add(metric.type)
        yield from _share(where, metric)
        yield from _query(where, metric)
        if metric.type in OF_SERVER:
            yield from _told_by_server(where, metric, spec)


def _share(path: Path, metric: Metric) -> Iterator[Finding]:
    most = 100 if metric.type is MetricType.CACHE else _MOST_PER_CENT
    if metric.type in SHARES and metric.target > most:
        yield Finding((*path, "target"), metric.target, f"per cent, 1 to {most}")


def _query(path: Path, metric: Metric) -> Iterator[Finding]:
    if metric.type is MetricType.REQUESTS and metric.query is None:
        allowed = "PromQL that counts the gateway's requests: `sum(rate(requests_total[2m]))`"
        yield Finding((*path, "query"), "", allowed)
    if metric.type is not MetricType.REQUESTS and metric.query is not None:
        yield Finding((*path, "query"), metric.query, "no query; only `requests` takes one")


def _told_by_server(path: Path, metric: Metric, spec: EndpointSpec) -> Iterator[Finding]:
    kind = spec.server or infer_server(spec.image)
    metrics = profile_of(spec.image, spec.server).metrics
    told = [m for m in sorted(OF_SERVER) if metrics is not None and getattr(metrics, m.value)]
    if metrics is None or metric.type not in told:
        allowed = (
            f"{one_of([*sorted(OF_PODS), *told, 'requests'])}, as {kind} tells no {metric.type}"
        )
        yield Finding((*path, "type"), metric.type, allowed)
    elif metrics.flag and not has_flag(words(spec), [metrics.flag]):
        allowed = f"{metrics.flag} among spec.args, as {kind} tells no metrics without"
        yield Finding((*path, "type"), metric.type, allowed, warning=not takes_flags(spec))
