"""What clusters noted of an endpoint's objects: Kubernetes Events, as facts in order of time.

An object is known by its kind and name, so that those that are gone are told of as well. Names are
those of :mod:`gco.core.model.names`, and what controllers append: `web-7c9d4b8f6d` and
`web-7c9d4b8f6d-x2x9z` are of `web`; `web-chat-7c9d4b8f6d` is of `web-chat`.
"""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterable, Sequence
from typing import Any, Final

from gco.cluster.port import Manifest
from gco.core.model.names import CANARY_SUFFIX, endpoint_of_route
from gco.kinds.registry import (
    CONTROLLER_REVISION,
    DEPLOYMENT,
    HORIZONTAL_POD_AUTOSCALER,
    HTTP_ROUTE,
    INFERENCE_ENDPOINT,
    INGRESS,
    JOB,
    POD,
    POD_DISRUPTION_BUDGET,
    REPLICA_SET,
    SCALED_OBJECT,
    SERVICE,
)

_NAMED: Final = frozenset(
    kind.name
    for kind in (
        DEPLOYMENT,
        HORIZONTAL_POD_AUTOSCALER,
        INFERENCE_ENDPOINT,
        POD_DISRUPTION_BUDGET,
        SCALED_OBJECT,
        SERVICE,
    )
)
"""Kinds whose objects are called as the endpoint, or as its canary."""
_ROUTES: Final = frozenset({INGRESS.name, HTTP_ROUTE.name})
_APPENDED: Final = {
    REPLICA_SET.name: r"-[a-z0-9]{1,10}",
    CONTROLLER_REVISION.name: r"-[a-z0-9]{1,10}",
    POD.name: r"-[a-z0-9]{1,10}-[a-z0-9]{5}",
}
"""What is appended to an endpoint's name, or to its canary's, in a kind's names."""
_KEDA: Final = "keda-hpa-"
"""Stands before the names of the autoscalers that KEDA makes."""


@dataclasses.dataclass(frozen=True, slots=True)
class Event:
    """One thing that was noted, perhaps several times."""

    region: str
    time: dt.datetime
    """When it was noted last."""
    warning: bool
    kind: str
    """What it was noted of."""
    name: str
    reason: str
    """One CamelCase word."""
    note: str
    count: int = 1

    @property
    def key(self) -> tuple[str, ...]:
        """Equal for what is the same but for when."""
        return (self.region, self.kind, self.name, self.reason, self.note)


@dataclasses.dataclass(frozen=True, slots=True)
class Owner:
    """An endpoint, as far as its objects are called by it."""

    name: str
    model_job: str = ""
    """The Job that copies its model, which may be another endpoint's too; empty for none."""

    def owns(self, kind: str, called: str) -> bool:
        """Return whether an object of that kind and name is the endpoint's."""
        if self.model_job and self._is_copy(kind, called):
            return True
        if kind in _ROUTES:
            return endpoint_of_route(called) == self.name
        if kind in _NAMED:
            return called.removeprefix(_KEDA).removesuffix(CANARY_SUFFIX) == self.name
        appended = _APPENDED.get(kind)
        if appended is None:
            return False
        pattern = f"{re.escape(self.name)}({CANARY_SUFFIX})?{appended}"
        return re.fullmatch(pattern, called) is not None

    def _is_copy(self, kind: str, called: str) -> bool:
        if kind == JOB.name:
            return called == self.model_job
        of_job = f"{re.escape(self.model_job)}-[a-z0-9]{{5}}"
        return kind == POD.name and re.fullmatch(of_job, called) is not None


def is_of(owner: Owner, event: Manifest) -> bool:
    """Return whether `event` is about an object of the endpoint."""
    about = event.get("regarding") or {}
    return owner.owns(str(about.get("kind", "")), str(about.get("name", "")))


def event_of(region: str, manifest: Manifest) -> Event:
    """Return what an object of the kind Event (events.k8s.io/v1) says."""
    about = manifest.get("regarding") or {}
    series = manifest.get("series") or {}
    return Event(
        region=region,
        time=_moment(manifest, series),
        warning=manifest.get("type") == "Warning",
        kind=about.get("kind", ""),
        name=about.get("name", ""),
        reason=manifest.get("reason") or "",
        note=(manifest.get("note") or "").strip(),
        count=int(series.get("count") or manifest.get("deprecatedCount") or 1),
    )


def in_order(events: Iterable[Event]) -> Sequence[Event]:
    """Return the events oldest first; those that are the same but for when are one."""
    found: dict[tuple[str, ...], Event] = {}
    for event in events:
        known = found.get(event.key)
        if known is not None:
            count, time = known.count + event.count, max(known.time, event.time)
            event = dataclasses.replace(event, count=count, time=time)  # noqa: PLW2901
        found[event.key] = event
    return sorted(found.values(), key=lambda event: (event.time, event.key))


def _moment(manifest: Manifest, series: dict[str, Any]) -> dt.datetime:
    """Return when it was noted last: newer controllers and older ones say so in other fields."""
    told = (
        series.get("lastObservedTime")
        or manifest.get("deprecatedLastTimestamp")
        or manifest.get("eventTime")
        or manifest.get("deprecatedFirstTimestamp")
        or manifest["metadata"]["creationTimestamp"]
    )
    return dt.datetime.fromisoformat(told)
