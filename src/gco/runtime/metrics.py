"""What the engine reports about itself, as protocols: gco.telemetry.metrics implements them.

The engine thus runs, and is tested, without a metrics library.
"""

from collections.abc import Callable
from typing import Protocol


class QueueMetrics(Protocol):
    """A work queue's measures, named as in client-go."""

    def depth(self, keys: int) -> None:
        """How many keys wait now."""
        ...

    def added(self) -> None:
        """A key was added that was not already waiting."""
        ...

    def retried(self) -> None:
        """A key is to be tried again after a failure."""
        ...

    def queued(self, seconds: float) -> None:
        """A key waited this long."""
        ...

    def worked(self, seconds: float) -> None:
        """A key's run took this long."""
        ...

    def unfinished(self, read: Callable[[], float]) -> None:
        """`read` tells the sum of seconds that runs in flight have taken so far."""
        ...


class ControllerMetrics(Protocol):
    """A controller's measures and those of its informers, named as in controller-runtime."""

    @property
    def queue(self) -> QueueMetrics:
        """Its work queue's."""
        ...

    def reconciled(self, result: str, seconds: float) -> None:
        """A run ended: `success`, `requeue_after` or `error`."""
        ...

    def informer(self, kind: str, namespace: str) -> "InformerMetrics":
        """Its informer's of `kind`; `namespace` is empty where that one spans all of them."""
        ...


class InformerMetrics(Protocol):
    """An informer's measures."""

    def listed(self, seconds: float) -> None:
        """A whole listing replaced the cache."""
        ...

    def failed(self, reason: str) -> None:
        """A list or a watch ended with an error, by the error's class name."""
        ...

    def event(self, type_: str) -> None:
        """A watch event arrived, bookmarks included."""
        ...

    def objects(self, number: int) -> None:
        """How many objects the cache holds."""
        ...


class ElectionMetrics(Protocol):
    """An elector's measures."""

    def leading(self, leading: bool) -> None:
        """Whether this process leads now."""
        ...

    def renewed(self, result: str) -> None:
        """A write of the lease ended: `success`, `conflict` or `error`."""
        ...


class ClusterMetrics(Protocol):
    """What the requests to a cluster's API come to."""

    def requested(self, verb: str, kind: str, result: str, seconds: float) -> None:
        """A request ended: `success`, or the class name of its error."""
        ...


class _Silent:
    """Reports to nobody; the default of every engine part."""

    @property
    def queue(self) -> "_Silent":
        return self

    def informer(self, kind: str, namespace: str) -> "_Silent":  # noqa: ARG002  (the protocol's)
        return self

    def depth(self, keys: int) -> None: ...
    def added(self) -> None: ...
    def retried(self) -> None: ...
    def queued(self, seconds: float) -> None: ...
    def worked(self, seconds: float) -> None: ...
    def unfinished(self, read: Callable[[], float]) -> None: ...
    def reconciled(self, result: str, seconds: float) -> None: ...
    def listed(self, seconds: float) -> None: ...
    def failed(self, reason: str) -> None: ...
    def event(self, type_: str) -> None: ...
    def objects(self, number: int) -> None: ...
    def leading(self, leading: bool) -> None: ...
    def renewed(self, result: str) -> None: ...


SILENT = _Silent()
