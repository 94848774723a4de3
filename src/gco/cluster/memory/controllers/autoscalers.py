"""HorizontalPodAutoscaler -> a Deployment's scale, by loads that were set; decisions as Kubernetes'.

Of its arithmetic there is the ratio with its tolerance, the bounds, and the window in which the
highest count of the past is kept before replicas leave; no limits of speed.
"""

import asyncio
import math
from typing import Any, Final

from gco.clock import Clock
from gco.cluster.memory.controllers.loop import Loop
from gco.cluster.memory.controllers.mirror import Key, Mirror, key_of
from gco.cluster.memory.loads import Loads
from gco.cluster.memory.managers import timestamp
from gco.cluster.memory.storage import copy
from gco.cluster.memory.subresources import scale_of, set_condition
from gco.cluster.port import Cluster, Manifest
from gco.kinds.registry import DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER, Kind

_TOLERANCE: Final = 0.1
_WINDOW_SECONDS: Final = 300
_CPU: Final = {"resource": {"name": "cpu", "target": {"averageUtilization": 80}}}
"""What is measured where nothing is said."""
_SETTLED: Final = {"type": "AbleToScale", "status": "True", "reason": "ReadyForNewScale"}


class Autoscalers:
    """The controller of HorizontalPodAutoscalers."""

    def __init__(self, cluster: Cluster, mirror: Mirror, loads: Loads, clock: Clock) -> None:
        self._cluster = cluster
        self._mirror = mirror
        self._loads = loads
        self._clock = clock
        self._wishes: dict[str, list[tuple[float, int]]] = {}
        """When how many replicas were right, by the autoscaler's uid."""
        self.loop: Loop[Key] = Loop(self._reconcile)
        mirror.subscribe(self._changed)
        loads.subscribe(self._wake)

    def _changed(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        manifest = new or old or {}
        if kind == HORIZONTAL_POD_AUTOSCALER:
            self.loop.add(key_of(manifest))
        elif kind == DEPLOYMENT:
            self._wake(key_of(manifest))

    def _wake(self, deployment: Key) -> None:
        for key, found in self._mirror.all(HORIZONTAL_POD_AUTOSCALER).items():
            if _target(found) == deployment:
                self.loop.add(key)

    async def _reconcile(self, key: Key) -> float | None:
        found = self._mirror.get(HORIZONTAL_POD_AUTOSCALER, key)
        if found is None or found["metadata"].get("deletionTimestamp"):
            return None
        deployment = self._mirror.get(DEPLOYMENT, _target(found))
        if deployment is None:
            return None
        current = deployment["spec"]["replicas"]
        wish, active = self._wish(found, current)
        desired, again = self._calm(found, current, wish)
        if desired != current:
            scale = {**scale_of(deployment), "spec": {"replicas": desired}}
            await self._cluster.replace(DEPLOYMENT, scale, subresource="scale")
        await self._tell(found, current, desired, active)
        return again

    def _wish(self, found: Manifest, current: int) -> tuple[int, Manifest]:
        """Return how many replicas are right now, and the condition ScalingActive."""
        spec = found["spec"]
        low, high = spec.get("minReplicas", 1), spec["maxReplicas"]
        if current == 0:
            return 0, _inactive(
                "ScalingDisabled", "scaling is disabled: the target has no replicas"
            )
        wishes = [
            self._by(metric, _target(found), current) for metric in spec.get("metrics") or [_CPU]
        ]
        known = [wish for wish in wishes if wish is not None]
        bounded = min(high, max(low, *known)) if known else min(high, max(low, current))
        if not known:
            message = "failed to get cpu utilization: no metrics known for the pods"
            return bounded, _inactive("FailedGetResourceMetric", message)
        message = "the HPA was able to successfully calculate a replica count"
        active = {"type": "ScalingActive", "status": "True", "reason": "ValidMetricFound"}
        return bounded, {**active, "message": message}

    def _by(self, metric: Manifest, deployment: Key, current: int) -> int | None:
        source: dict[str, Any] = metric.get("containerResource") or metric.get("resource") or {}
        load = self._loads.get(deployment, source.get("name", ""))
        if load is None:
            return None
        target = source["target"]["averageUtilization"]
        within = abs(load / current / target - 1) <= _TOLERANCE
        return current if within else math.ceil(load / target)

    def _calm(self, found: Manifest, current: int, wish: int) -> tuple[int, float | None]:
        """Return the count to set, and after how many seconds a lower one may be."""
        behavior = (found["spec"].get("behavior") or {}).get("scaleDown") or {}
        window = behavior.get("stabilizationWindowSeconds", _WINDOW_SECONDS)
        now = asyncio.get_running_loop().time()
        uid = found["metadata"]["uid"]
        past = [(at, n) for at, n in self._wishes.get(uid, [(now, current)]) if now - at < window]
        self._wishes[uid] = [*past, (now, wish)]
        if wish >= current:
            return wish, None
        high = min(found["spec"]["maxReplicas"], max(n for _, n in self._wishes[uid]))
        waits = [window - (now - at) for at, n in past if n > wish]
        return min(current, high), max(0.0, min(waits)) if waits else None

    async def _tell(self, found: Manifest, current: int, desired: int, active: Manifest) -> None:
        now = timestamp(self._clock.now())
        changed = copy(found)
        set_condition(changed, dict(_SETTLED), timestamp=now)
        set_condition(changed, active, timestamp=now)
        changed["status"] |= {"currentReplicas": current, "desiredReplicas": desired}
        if changed != found:
            await self._cluster.replace(HORIZONTAL_POD_AUTOSCALER, changed, subresource="status")


def _inactive(reason: str, message: str) -> Manifest:
    return {"type": "ScalingActive", "status": "False", "reason": reason, "message": message}


def _target(found: Manifest) -> Key:
    return found["metadata"]["namespace"], found["spec"]["scaleTargetRef"]["name"]
