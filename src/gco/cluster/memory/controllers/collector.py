"""Garbage collection by ownerReferences, and the finalizers of foreground and orphan deletion."""

from collections.abc import Sequence
from typing import Final, TypeAlias

from gco.cluster.memory.controllers.loop import Loop
from gco.cluster.memory.controllers.mirror import Key, Mirror, key_of, owners, uid_of
from gco.cluster.memory.deletion import FOREGROUND, ORPHAN
from gco.cluster.port import Cluster, Manifest, Propagation
from gco.errors import AbsentError, ClusterConflictError
from gco.kinds.patches import replacing
from gco.kinds.registry import KINDS, Kind

Place: TypeAlias = tuple[Kind, Key]

_KINDS: Final = {(kind.api_version, kind.name): kind for kind in KINDS}


class Collector:
    """Deletes what no living owner is left of."""

    def __init__(self, cluster: Cluster, mirror: Mirror) -> None:
        self._cluster = cluster
        self._mirror = mirror
        self.loop: Loop[Place] = Loop(self._reconcile)
        mirror.subscribe(self._changed)

    def _changed(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        manifest = new or old or {}
        if new is not None and (owners(new) or new["metadata"].get("deletionTimestamp")):
            self.loop.add((kind, key_of(manifest)))
        if new is None or new["metadata"].get("deletionTimestamp"):
            for child_kind, child in self._mirror.owned(uid_of(manifest)):
                self.loop.add((child_kind, key_of(child)))
        if new is None:
            for reference in owners(manifest):  # one that waits for its dependents
                if owner := self._mirror.find(reference["uid"]):
                    self.loop.add((owner[0], key_of(owner[1])))

    async def _reconcile(self, place: Place) -> float | None:
        manifest = self._mirror.get(*place)
        if manifest is None:
            return None
        if manifest["metadata"].get("deletionTimestamp"):
            await self._finish(place, manifest)
        elif owners(manifest):
            await self._judge(place, manifest)
        return None

    async def _finish(self, place: Place, manifest: Manifest) -> None:
        held = manifest["metadata"].get("finalizers") or ()
        children = self._mirror.owned(uid_of(manifest))
        if ORPHAN in held:
            for kind, child in children:
                await self._disown(kind, child, {uid_of(manifest)})
            await self._release(place, manifest, ORPHAN)
        elif FOREGROUND in held and not any(_blocks(c, uid_of(manifest)) for _, c in children):
            await self._release(place, manifest, FOREGROUND)

    async def _judge(self, place: Place, manifest: Manifest) -> None:
        """Delete `manifest` if no owner lives on, or drop the references to those that do not."""
        waiting, gone, living = set(), set(), set()
        for reference in owners(manifest):
            owner = await self._owner(place[1][0], reference)
            if owner is None:
                gone.add(reference["uid"])
            elif FOREGROUND in (owner["metadata"].get("finalizers") or ()):
                waiting.add(reference["uid"])
            else:
                living.add(reference["uid"])
        if living and (gone or waiting):
            await self._disown(place[0], manifest, gone | waiting)
        elif not living:
            has_children = bool(waiting and self._mirror.owned(uid_of(manifest)))
            await self._delete(place, manifest, "Foreground" if has_children else "Background")

    async def _owner(self, namespace: str, reference: Manifest) -> Manifest | None:
        """Return the owner if it lives: from the cache, and when it is not there by asking."""
        found = self._mirror.find(reference["uid"])
        if found is not None:
            return found[1]
        kind = _KINDS.get((reference["apiVersion"], reference["kind"])) or self._defined(reference)
        if kind is None:  # not served: nothing is known of it, and so nothing is deleted
            return {"metadata": {}}
        try:
            live = await self._cluster.get(
                kind, namespace if kind.namespaced else None, reference["name"]
            )
        except AbsentError:
            return None
        return live if uid_of(live) == reference["uid"] else None

    def _defined(self, reference: Manifest) -> Kind | None:
        kinds = {kind for kind, _, _ in self._mirror.everything()}
        stated = (reference["apiVersion"], reference["kind"])
        return next((kind for kind in kinds if (kind.api_version, kind.name) == stated), None)

    async def _delete(self, place: Place, manifest: Manifest, propagation: Propagation) -> None:
        kind, (namespace, name) = place
        try:
            await self._cluster.delete(
                kind, namespace or None, name, uid=uid_of(manifest), propagation=propagation
            )
        except (AbsentError, ClusterConflictError):
            return  # it is gone, or another has its name

    async def _disown(self, kind: Kind, manifest: Manifest, uids: set[str]) -> None:
        kept = [each for each in owners(manifest) if each["uid"] not in uids]
        await self._replace(kind, manifest, "ownerReferences", kept)

    async def _release(self, place: Place, manifest: Manifest, finalizer: str) -> None:
        kept = [each for each in manifest["metadata"]["finalizers"] if each != finalizer]
        await self._replace(place[0], manifest, "finalizers", kept)

    async def _replace(
        self, kind: Kind, manifest: Manifest, field: str, value: Sequence[object]
    ) -> None:
        namespace, name = key_of(manifest)
        operations = replacing(manifest, {f"/metadata/{field}": value})
        await self._cluster.patch(
            kind, namespace or None, name, operations, manager="kube-controller-manager"
        )


def _blocks(child: Manifest, uid: str) -> bool:
    return any(each["uid"] == uid and each.get("blockOwnerDeletion") for each in owners(child))
