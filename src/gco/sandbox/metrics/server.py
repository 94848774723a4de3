"""Measures, at the pace of a real metrics server, the pods that an autoscaler watches; else nothing."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final, TypeAlias

from gco.cluster.port import Cluster
from gco.kinds.registry import HORIZONTAL_POD_AUTOSCALER, POD, REPLICA_SET
from gco.runtime.informer import Informer
from gco.sandbox.metrics.records import Asked, Pod, Running, asked, maker, pod
from gco.sandbox.metrics.usage import Usage, usage

SECONDS: Final = 15.0
"""As metrics-server scrapes, and as kube-controller-manager looks."""
_WHOLE: Final = 100.0


Tell: TypeAlias = Callable[[str, str, Mapping[str, float]], None]
"""Takes a namespace, a Deployment, and its load by resource, in per cent of what one pod requests."""


class MetricsServer:
    """Tells how busy the Deployments are that have a HorizontalPodAutoscaler.

    A container counts from its second sample on, since processor time is a difference; one that
    requests nothing of a resource has no share of it.
    """

    def __init__(self, cluster: Cluster, tell: Tell, *, seconds: float = SECONDS) -> None:
        self._tell = tell
        self._seconds = seconds
        self._pods = Informer(cluster, POD, None, project=pod)
        self._makers = Informer(cluster, REPLICA_SET, None, project=maker)
        self._asking = Informer(cluster, HORIZONTAL_POD_AUTOSCALER, None, project=asked)
        self._wake = asyncio.Event()
        self._asking.subscribe(lambda *_: self._wake.set())
        self._before: Mapping[int, Usage] = {}
        self._looked = 0.0

    async def run(self) -> None:
        """Measure while an autoscaler asks for it, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for informer in (self._pods, self._makers, self._asking):
                tasks.create_task(informer.run())
            while True:
                while not self._asking.items():
                    self._before = {}  # a rate since then would tell of a time that is long over
                    self._wake.clear()
                    await self._wake.wait()
                await self._measure()
                await asyncio.sleep(self._seconds)

    async def _measure(self) -> None:
        before, since = self._before, self._looked
        now = await asyncio.to_thread(usage)
        self._before, self._looked = now, asyncio.get_running_loop().time()
        rates = _Rates(before, now, self._looked - since)
        deployments = {each.uid: each.deployment for each in self._makers.items().values()}
        for key, wanted in self._asking.items().items():
            namespace = key.partition("/")[0]
            pods = [
                found
                for place, found in self._pods.items().items()
                if place.startswith(f"{namespace}/")
                and deployments.get(found.maker) == wanted.deployment
            ]
            self._tell(namespace, wanted.deployment, _load(wanted, pods, rates))


class _Rates:
    """What containers used between two samples."""

    def __init__(
        self, before: Mapping[int, Usage], now: Mapping[int, Usage], seconds: float
    ) -> None:
        self._before = before
        self._now = now
        self._seconds = seconds

    def share(self, container: Running, resource: str) -> float | None:
        """Return the per cent of its request that it used; None where that is not known."""
        before, now = self._before.get(container.pid), self._now.get(container.pid)
        requested = dict(container.requests).get(resource)
        if before is None or now is None or not requested:
            return None
        used = (now.cpu_seconds - before.cpu_seconds) / self._seconds
        return _WHOLE * (used if resource == "cpu" else now.memory_bytes) / requested


def _load(wanted: Asked, pods: Iterable[Pod], rates: _Rates) -> Mapping[str, float]:
    """Return the sum over all pods, of each resource that is asked for and known of any."""
    load: dict[str, float] = {}
    for resource, container in wanted.metrics:
        shares = [
            share
            for each in pods
            for running in each.running
            if container in ("", running.name)
            and (share := rates.share(running, resource)) is not None
        ]
        if shares:
            load[resource] = sum(shares)
    return load
