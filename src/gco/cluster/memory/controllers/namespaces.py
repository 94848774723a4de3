"""A deleted namespace takes all that is in it along, and goes when nothing is left."""

from gco.cluster.memory.controllers.loop import Loop
from gco.cluster.memory.controllers.mirror import Mirror, key_of, uid_of
from gco.cluster.memory.storage import copy
from gco.cluster.port import Cluster, Manifest
from gco.errors import AbsentError, ClusterConflictError
from gco.kinds.registry import NAMESPACE, Kind


class Namespaces:
    """The controller of namespaces on their way out."""

    def __init__(self, cluster: Cluster, mirror: Mirror) -> None:
        self._cluster = cluster
        self._mirror = mirror
        self.loop: Loop[str] = Loop(self._reconcile)
        mirror.subscribe(self._changed)

    def _changed(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        namespace, name = key_of(new or old or {})
        if kind == NAMESPACE:
            self.loop.add(name)
        elif new is None and self._leaving(namespace):
            self.loop.add(namespace)

    def _leaving(self, name: str) -> Manifest | None:
        found = self._mirror.get(NAMESPACE, ("", name))
        return found if found and found["metadata"].get("deletionTimestamp") else None

    async def _reconcile(self, name: str) -> float | None:
        leaving = self._leaving(name)
        if leaving is None:
            return None
        inside = [each for each in self._mirror.everything() if each[1][0] == name]
        for kind, key, manifest in inside:
            if not manifest["metadata"].get("deletionTimestamp"):
                await self._delete(kind, key[1], manifest)
        if not inside:
            empty = copy(leaving)
            empty["spec"].pop("finalizers", None)
            await self._cluster.replace(NAMESPACE, empty)
        return None

    async def _delete(self, kind: Kind, name: str, manifest: Manifest) -> None:
        namespace = manifest["metadata"]["namespace"]
        try:
            await self._cluster.delete(kind, namespace, name, uid=uid_of(manifest))
        except (AbsentError, ClusterConflictError):
            return  # it is gone, or another has its name
