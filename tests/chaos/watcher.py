"""Watches a namespace past every fault, and keeps what must never happen."""

import asyncio
from collections import Counter
from typing import Any

from gco.cluster.port import Cluster, Manifest
from gco.kinds.registry import DEPLOYMENT, INFERENCE_ENDPOINT, POD, SERVICE, Kind
from gco.runtime.informer import Informer

_KINDS = (DEPLOYMENT, SERVICE, INFERENCE_ENDPOINT)


class Watcher:
    """Follows pods and the objects of endpoints on a connection of its own."""

    def __init__(self, cluster: Cluster, namespace: str) -> None:
        self._informers: dict[Kind, Informer[Manifest]] = {}
        for kind in (POD, *_KINDS):
            informer: Informer[Manifest] = Informer(cluster, kind, namespace, project=_whole)
            self._informers[kind] = informer
        self._informers[POD].subscribe(self._pod_changed)
        for kind in _KINDS:
            self._informers[kind].subscribe(self._gone(kind))
        self.deleted: list[tuple[str, str]] = []
        """Kind and name of each object that went, in order."""
        self.fewest: dict[str, int] = {}
        """The fewest ready pods of an app since it first had one, or since `reset`."""

    async def run(self) -> None:
        """Watch until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for informer in self._informers.values():
                tasks.create_task(informer.run())

    async def synced(self) -> None:
        """Return once everything that is there is known."""
        for informer in self._informers.values():
            await informer.synced.wait()

    def reset(self) -> None:
        """Forget what was seen, and begin with what there is now."""
        self.deleted.clear()
        self.fewest = dict(self.ready())

    def ready(self) -> Counter[str]:
        """Return how many pods of each app are ready now."""
        pods = self._informers[POD].items().values()
        return Counter(_app(pod) for pod in pods if _is_ready(pod))

    def get(self, kind: Kind, name: str) -> Manifest | None:
        """Return the object as it was last seen."""
        return self._informers[kind].get(name)

    def names(self, kind: Kind) -> set[str]:
        """Return the names of the objects of `kind`."""
        return set(self._informers[kind].items())

    def _pod_changed(self, _name: str, _old: Manifest | None, _new: Manifest | None) -> None:
        ready = self.ready()
        for app in {*ready, *self.fewest}:
            self.fewest[app] = min(self.fewest.get(app, ready[app]), ready[app])

    def _gone(self, kind: Kind) -> Any:
        def gone(name: str, _old: Manifest | None, new: Manifest | None) -> None:
            if new is None:
                self.deleted.append((kind.name, name))

        return gone


def _is_ready(pod: Manifest) -> bool:
    if "deletionTimestamp" in pod["metadata"]:
        return False
    conditions = pod.get("status", {}).get("conditions", ())
    return any(each["type"] == "Ready" and each["status"] == "True" for each in conditions)


def _app(pod: Manifest) -> str:
    return pod["metadata"].get("labels", {}).get("app", "")


def _whole(manifest: Manifest) -> Manifest:
    return manifest
