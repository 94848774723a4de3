"""Kubernetes Events about endpoints, for `kubectl describe`: what was done and what stands in the way.

Told once within ten minutes, a few at a time for each endpoint, and never waited for: an event that
cannot be written is lost, with a line in the log.
"""

import asyncio
import dataclasses
import itertools
from typing import Any, Final

from gco.clock import Clock
from gco.cluster.port import Cluster
from gco.controllers.endpoint.actor import Outcome
from gco.core.model.names import MANAGER
from gco.core.model.regional import Regional
from gco.core.region.actions import ObjectRef, Why
from gco.core.region.drift import DriftKind
from gco.errors import ClusterError, NotLeadingError
from gco.kinds.reading import quote
from gco.kinds.registry import EVENT, INFERENCE_ENDPOINT, INGRESS
from gco.telemetry import get_logger

_log = get_logger(__name__)

REPEAT_SECONDS: Final = 600.0
BURST: Final = 10
REFILL_SECONDS: Final = 30.0
_WAITING: Final = 1000
_REMEMBERED: Final = 4096
_NOTE: Final = 1024
"""Bytes that the API takes for a note."""
_REASONS: Final = {
    Why.MISSING: "Created",
    Why.CHANGED: "Updated",
    Why.ADOPTED: "Adopted",
    Why.UNWANTED: "Deleted",
    Why.SILENT: "RouteWithdrawn",
    Why.CONTESTED: "RouteWithdrawn",
}


@dataclasses.dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float

    def take(self, now: float) -> bool:
        self.tokens = min(BURST, self.tokens + (now - self.at) / REFILL_SECONDS)
        self.at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


class Recorder:
    """Writes Events in the background, by `run`."""

    def __init__(self, cluster: Cluster, clock: Clock, instance: str) -> None:
        self._cluster = cluster
        self._clock = clock
        self._instance = instance
        self._queue: asyncio.Queue[dict[str, Any]] = asyncio.Queue(_WAITING)
        self._told: dict[tuple[str, str, str], float] = {}
        self._buckets: dict[str, _Bucket] = {}
        self._numbers = itertools.count()

    async def run(self) -> None:
        """Write what was told until cancelled."""
        while True:
            event = await self._queue.get()
            try:
                await self._cluster.create(EVENT, event)
            except (ClusterError, NotLeadingError) as error:
                _log.warning("event lost", note=event["note"], error=str(error))

    def tell(self, regional: Regional, outcome: Outcome) -> None:
        """Take note of what one run did and met; returns at once."""
        for why, reason in _REASONS.items():
            refs = [ref for ref, cause in outcome.done if cause is why and _is_news(ref, cause)]
            if refs:
                self._add(regional, reason, ", ".join(map(str, refs)), warning=False)
        found = outcome.drift
        if found is not None:
            repaired = found.kind is DriftKind.REPAIRED
            self._add(regional, found.kind.value, found.message, warning=not repaired)
        for cause in outcome.failures:
            self._add(regional, cause.reason, cause.message, warning=True)

    def _add(self, regional: Regional, reason: str, note: str, *, warning: bool) -> None:
        now = asyncio.get_running_loop().time()
        key = (regional.resource_uid, reason, note)
        if now - self._told.get(key, -REPEAT_SECONDS) < REPEAT_SECONDS or self._queue.full():
            return
        self._prune(now)
        if not self._buckets.setdefault(regional.name, _Bucket(BURST, now)).take(now):
            return
        self._told[key] = now
        self._queue.put_nowait(self._event(regional, reason, quote(note, _NOTE), warning=warning))

    def _prune(self, now: float) -> None:
        """Forget what no longer matters, once there is much of it."""
        if len(self._told) < _REMEMBERED:
            return
        self._told = {k: at for k, at in self._told.items() if now - at < REPEAT_SECONDS}
        full = BURST * REFILL_SECONDS
        self._buckets = {k: b for k, b in self._buckets.items() if now - b.at < full}

    def _event(
        self, regional: Regional, reason: str, note: str, *, warning: bool
    ) -> dict[str, Any]:
        moment = self._clock.now()
        number = f"{int(moment.timestamp() * 1e6):x}{next(self._numbers) % 256:02x}"
        return {
            "apiVersion": EVENT.api_version,
            "kind": EVENT.name,
            "metadata": {"name": f"{regional.name}.{number}", "namespace": regional.namespace},
            "eventTime": moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
            "reportingController": f"gco.io/{MANAGER}",
            "reportingInstance": self._instance,
            "action": "Reconcile",
            "type": "Warning" if warning else "Normal",
            "reason": reason,
            "note": note,
            "regarding": {
                "apiVersion": INFERENCE_ENDPOINT.api_version,
                "kind": INFERENCE_ENDPOINT.name,
                "namespace": regional.namespace,
                "name": regional.name,
                "uid": regional.resource_uid,
            },
        }


def _is_news(ref: ObjectRef, why: Why) -> bool:
    """A route that is made is no news of its own: the endpoint becoming Ready tells it."""
    return not (why is Why.MISSING and ref.kind == INGRESS.name)
