"""Metrics for Prometheus, in a registry of their own, named as controller-runtime names them.

Each method's result is what one part of the engine reports to (the protocols are in
gco.runtime.metrics).
"""

from collections.abc import Callable
from typing import Final

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    Info,
    exposition,
)
from prometheus_client.gc_collector import GCCollector
from prometheus_client.process_collector import ProcessCollector

_QUICK: Final = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)
_REQUEST: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""The text format that every version of Prometheus reads."""


class Metrics:
    """Every metric of one process, or of one region where a process runs several."""

    def __init__(self, *, version: str = "", process: bool = True) -> None:
        self.registry = CollectorRegistry()
        if process:
            ProcessCollector(registry=self.registry)
            GCCollector(registry=self.registry)
        if version:
            self._info("gco_build", "What runs here").info({"version": version})
        self._meters: dict[tuple[str, str, str], tuple[Counter, Histogram]] = {}
        self._queues()
        self._loops()
        self._requests()

    def render(self) -> bytes:
        """Return everything in Prometheus' text format (CONTENT_TYPE)."""
        return exposition.generate_latest(self.registry)

    def controller(self, name: str) -> "ControllerMeter":
        """Return what the controller `name` reports to."""
        return ControllerMeter(self, name)

    def election(self, name: str) -> "ElectionMeter":
        """Return what the elector of the lease `name` reports to."""
        return ElectionMeter(self, name)

    def requested(self, verb: str, kind: str, result: str, seconds: float) -> None:
        """Count a request to the cluster: `success`, or the class name of its error."""
        meters = self._meters.get((verb, kind, result))
        if meters is None:
            meters = self._meters[verb, kind, result] = (
                self.cluster_requests.labels(verb, kind, result),
                self.cluster_seconds.labels(verb, kind),
            )
        count, duration = meters
        count.inc()
        duration.observe(seconds)

    def store_requested(self, operation: str, result: str, seconds: float) -> None:
        """Count a request to DynamoDB: `success`, or the class name of its error."""
        self.store_requests.labels(operation, result).inc()
        self.store_seconds.labels(operation).observe(seconds)

    def _queues(self) -> None:
        queue = ("name",)
        prefix = "gco_workqueue"
        self.depth = self._gauge(f"{prefix}_depth", "Keys that wait", queue)
        self.adds = self._counter(f"{prefix}_adds_total", "Keys added", queue)
        self.retries = self._counter(f"{prefix}_retries_total", "Keys tried again", queue)
        self.queued = self._histogram(f"{prefix}_queue_duration_seconds", "Wait", queue, _QUICK)
        self.worked = self._histogram(f"{prefix}_work_duration_seconds", "Run", queue, _QUICK)
        self.unfinished = self._gauge(
            f"{prefix}_unfinished_work_seconds", "Seconds that runs in flight took so far", queue
        )

    def _loops(self) -> None:
        informer = ("controller", "kind", "namespace")
        self.reconciles = self._counter(
            "gco_reconcile_total", "Reconciles", ("controller", "result")
        )
        self.reconcile_seconds = self._histogram(
            "gco_reconcile_time_seconds", "Seconds a reconcile took", ("controller",), _QUICK
        )
        self.lists = self._histogram(
            "gco_informer_list_duration_seconds",
            "Seconds a whole listing took",
            informer,
            _REQUEST,
        )
        self.failures = self._counter(
            "gco_informer_failures_total", "Lists and watches that failed", (*informer, "reason")
        )
        self.events = self._counter(
            "gco_informer_events_total", "Watch events, bookmarks included", (*informer, "type")
        )
        self.objects = self._gauge("gco_informer_objects", "Objects in the cache", informer)
        self.leader = self._gauge("gco_leader", "1 where this process leads", ("lease",))
        self.renewals = self._counter(
            "gco_lease_writes_total", "Writes of the lease", ("lease", "result")
        )

    def _requests(self) -> None:
        self.cluster_requests = self._counter(
            "gco_cluster_requests_total", "Requests to Kubernetes", ("verb", "kind", "result")
        )
        self.cluster_seconds = self._histogram(
            "gco_cluster_request_duration_seconds",
            "Seconds a request to Kubernetes took",
            ("verb", "kind"),
            _REQUEST,
        )
        self.store_requests = self._counter(
            "gco_store_requests_total", "Requests to DynamoDB", ("operation", "result")
        )
        self.store_seconds = self._histogram(
            "gco_store_request_duration_seconds",
            "Seconds a request to DynamoDB took",
            ("operation",),
            _REQUEST,
        )

    def _counter(self, name: str, what: str, labels: tuple[str, ...]) -> Counter:
        return Counter(name, what, labels, registry=self.registry)

    def _gauge(self, name: str, what: str, labels: tuple[str, ...]) -> Gauge:
        return Gauge(name, what, labels, registry=self.registry)

    def _histogram(
        self, name: str, what: str, labels: tuple[str, ...], buckets: tuple[float, ...]
    ) -> Histogram:
        return Histogram(name, what, labels, buckets=buckets, registry=self.registry)

    def _info(self, name: str, what: str) -> Info:
        return Info(name, what, registry=self.registry)


class _ByLastLabel(dict[str, Counter]):
    """The counters of one metric by their last label: `labels()` takes a lock at each call."""

    def __init__(self, metric: Counter, *labels: str) -> None:
        super().__init__()
        self._metric = metric
        self._labels = labels

    def __missing__(self, last: str) -> Counter:
        self[last] = self._metric.labels(*self._labels, last)
        return self[last]


class QueueMeter:
    """What one work queue reports to."""

    def __init__(self, metrics: Metrics, name: str) -> None:
        self._depth = metrics.depth.labels(name)
        self._adds = metrics.adds.labels(name)
        self._retries = metrics.retries.labels(name)
        self._queued = metrics.queued.labels(name)
        self._worked = metrics.worked.labels(name)
        self._unfinished = metrics.unfinished.labels(name)

    def depth(self, keys: int) -> None:
        """How many keys wait now."""
        self._depth.set(keys)

    def added(self) -> None:
        """A key was added."""
        self._adds.inc()

    def retried(self) -> None:
        """A key is to be tried again."""
        self._retries.inc()

    def queued(self, seconds: float) -> None:
        """A key waited this long."""
        self._queued.observe(seconds)

    def worked(self, seconds: float) -> None:
        """A key's run took this long."""
        self._worked.observe(seconds)

    def unfinished(self, read: Callable[[], float]) -> None:
        """`read` is asked at each scrape."""
        self._unfinished.set_function(read)


class ControllerMeter:
    """What one controller reports to."""

    def __init__(self, metrics: Metrics, name: str) -> None:
        self._metrics = metrics
        self._name = name
        self._seconds = metrics.reconcile_seconds.labels(name)
        self._results = _ByLastLabel(metrics.reconciles, name)
        self.queue = QueueMeter(metrics, name)

    def reconciled(self, result: str, seconds: float) -> None:
        """A run ended."""
        self._results[result].inc()
        self._seconds.observe(seconds)

    def informer(self, kind: str, namespace: str) -> "InformerMeter":
        """Return what this controller's informer of `kind` reports to; an empty namespace: all."""
        return InformerMeter(self._metrics, (self._name, kind, namespace))


class InformerMeter:
    """What one informer reports to."""

    def __init__(self, metrics: Metrics, labels: tuple[str, str, str]) -> None:
        self._lists = metrics.lists.labels(*labels)
        self._objects = metrics.objects.labels(*labels)
        self._failures = _ByLastLabel(metrics.failures, *labels)
        self._events = _ByLastLabel(metrics.events, *labels)

    def listed(self, seconds: float) -> None:
        """A whole listing replaced the cache."""
        self._lists.observe(seconds)

    def failed(self, reason: str) -> None:
        """A list or a watch failed."""
        self._failures[reason].inc()

    def event(self, type_: str) -> None:
        """A watch event arrived."""
        self._events[type_].inc()

    def objects(self, number: int) -> None:
        """How many objects the cache holds."""
        self._objects.set(number)


class ElectionMeter:
    """What one elector reports to."""

    def __init__(self, metrics: Metrics, name: str) -> None:
        self._leader = metrics.leader.labels(name)
        self._results = _ByLastLabel(metrics.renewals, name)

    def leading(self, leading: bool) -> None:
        """Whether this process leads now."""
        self._leader.set(int(leading))

    def renewed(self, result: str) -> None:
        """A write of the lease ended."""
        self._results[result].inc()
