"""Deployment -> ReplicaSets: rolling update, recreate, scale, pause, and the status that tells."""

from collections.abc import Sequence
from typing import Final

from gco.clock import Clock
from gco.cluster.memory.controllers import rollout
from gco.cluster.memory.controllers.conditions import deployment_status
from gco.cluster.memory.controllers.loop import Loop
from gco.cluster.memory.controllers.mirror import Key, Mirror, controller_of, key_of, uid_of
from gco.cluster.memory.storage import copy
from gco.cluster.port import Cluster, Manifest
from gco.errors import ClusterConflictError
from gco.kinds.canonical import digest
from gco.kinds.registry import DEPLOYMENT, POD, REPLICA_SET, Kind

REVISION: Final = "deployment.kubernetes.io/revision"
_ENDED: Final = frozenset({"Succeeded", "Failed"})
_HASH_LENGTH: Final = 10


class Deployments:
    """The controller of Deployments."""

    def __init__(self, cluster: Cluster, mirror: Mirror, clock: Clock) -> None:
        self._cluster = cluster
        self._mirror = mirror
        self._clock = clock
        self.loop: Loop[Key] = Loop(self._reconcile)
        mirror.subscribe(self._changed)

    def _changed(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        manifest = new or old or {}
        if kind == DEPLOYMENT:
            self.loop.add(key_of(manifest))
        elif kind == REPLICA_SET:
            self._wake(controller_of(manifest))
        elif kind == POD and new is None:  # Recreate waits for the last old pod
            owner = self._mirror.find(controller_of(manifest) or "")
            self._wake(controller_of(owner[1]) if owner else None)

    def _wake(self, uid: str | None) -> None:
        owner = self._mirror.find(uid or "")
        if owner is not None:
            self.loop.add(key_of(owner[1]))

    async def _reconcile(self, key: Key) -> float | None:
        deployment = self._mirror.get(DEPLOYMENT, key)
        if deployment is None or deployment["metadata"].get("deletionTimestamp"):
            return None
        owned = [each for _, each in self._mirror.owned(uid_of(deployment), REPLICA_SET)]
        new = next((each for each in owned if _is_of(each, deployment)), None)
        old = [each for each in owned if each is not new]
        spec = deployment["spec"]
        if spec.get("paused") or rollout.is_scaled(spec, owned):
            await self._share(deployment, new, old)
            return await self._tell(deployment, new, old)
        if new is None and self._may_create(deployment, old):
            new = await self._create(deployment, owned)
        await self._scale(deployment, new, old)
        return await self._tell(deployment, new, old)

    def _may_create(self, deployment: Manifest, old: Sequence[Manifest]) -> bool:
        """Recreate makes the new ReplicaSet only once every old pod is gone."""
        if deployment["spec"]["strategy"]["type"] != "Recreate":
            return True
        return not any(rollout.wanted(each) for each in old) and not self._pods_left(old)

    def _pods_left(self, old: Sequence[Manifest]) -> bool:
        pods = [pod for each in old for _, pod in self._mirror.owned(uid_of(each), POD)]
        return any(pod.get("status", {}).get("phase") not in _ENDED for pod in pods)

    async def _create(self, deployment: Manifest, owned: Sequence[Manifest]) -> Manifest:
        spec, metadata = deployment["spec"], deployment["metadata"]
        suffix = digest(
            [spec["template"], deployment.get("status", {}).get("collisionCount", 0)],
            length=_HASH_LENGTH,
        )
        template = copy(spec["template"])
        template.setdefault("metadata", {}).setdefault("labels", {})[rollout.HASH_LABEL] = suffix
        replica_set = {
            "metadata": {
                "name": f"{metadata['name']}-{suffix}",
                "namespace": metadata["namespace"],
                "labels": template["metadata"]["labels"],
                "annotations": {REVISION: str(_revision(owned) + 1), **rollout.noted(spec)},
                "ownerReferences": [_owned_by(deployment)],
            },
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": {**_selector(spec), rollout.HASH_LABEL: suffix}},
                "template": template,
                "minReadySeconds": spec.get("minReadySeconds", 0),
            },
        }
        blank = {**replica_set, "spec": {**replica_set["spec"], "replicas": 0}}
        replica_set["spec"]["replicas"] = rollout.new_count(spec, blank, owned)
        try:
            made = await self._cluster.create(REPLICA_SET, replica_set)
        except ClusterConflictError:
            await self._collided(deployment, replica_set["metadata"]["name"])
            raise
        self._mirror.record(REPLICA_SET, made)
        return made

    async def _collided(self, deployment: Manifest, name: str) -> None:
        """Choose another hash, unless the ReplicaSet of that name is ours and only unseen yet."""
        taken = await self._cluster.get(REPLICA_SET, deployment["metadata"]["namespace"], name)
        if controller_of(taken) != uid_of(deployment):
            status = {**deployment.get("status", {})}
            status["collisionCount"] = status.get("collisionCount", 0) + 1
            await self._write_status(deployment, status)

    async def _share(
        self, deployment: Manifest, new: Manifest | None, old: Sequence[Manifest]
    ) -> None:
        """Bring the ReplicaSets to a count that changed, before the rollout continues."""
        spec, status = deployment["spec"], deployment.get("status", {})
        counts = rollout.scaled_counts(spec, status, new, old)
        for each in (*old, *([new] if new else ())):
            if each["metadata"]["name"] in counts:
                await self._write_count(each, counts[each["metadata"]["name"]], spec)

    async def _scale(
        self, deployment: Manifest, new: Manifest | None, old: Sequence[Manifest]
    ) -> None:
        spec = deployment["spec"]
        if spec["strategy"]["type"] == "Recreate":
            for each in old:
                await self._set(each, 0, spec)
            if new is not None and not self._pods_left(old):
                await self._set(new, spec["replicas"], spec)
            return
        if new is None:
            return
        count = rollout.new_count(spec, new, old)
        if count != rollout.wanted(new):
            await self._set(new, count, spec)
            return  # its change wakes us again
        for each, wanted in zip(old, rollout.old_counts(spec, new, old), strict=True):
            await self._set(each, wanted, spec)

    async def _set(self, replica_set: Manifest, replicas: int, spec: Manifest) -> None:
        if rollout.wanted(replica_set) != replicas:
            await self._write_count(replica_set, replicas, spec)

    async def _write_count(self, replica_set: Manifest, replicas: int, spec: Manifest) -> None:
        """Scale a ReplicaSet for a Deployment of `spec`, and note for which count that was."""
        changed = copy(replica_set)
        changed["spec"]["replicas"] = replicas
        changed["metadata"].setdefault("annotations", {}).update(rollout.noted(spec))
        if changed == replica_set:
            return
        self._mirror.record(REPLICA_SET, await self._cluster.replace(REPLICA_SET, changed))

    async def _tell(
        self, deployment: Manifest, new: Manifest | None, old: Sequence[Manifest]
    ) -> float | None:
        live = self._mirror.get(DEPLOYMENT, key_of(deployment)) or deployment
        fresh = [self._mirror.get(REPLICA_SET, key_of(each)) or each for each in old]
        current = self._mirror.get(REPLICA_SET, key_of(new)) if new else None
        status, again = deployment_status(live, current, fresh, now=self._clock.now())
        revision = current["metadata"]["annotations"][REVISION] if current else None
        await self._write_status(live, status, revision)
        await self._forget(live, fresh)
        return again

    async def _write_status(
        self, deployment: Manifest, status: Manifest, revision: str | None = None
    ) -> None:
        changed = {**deployment, "status": status}
        if revision is not None:
            annotations = {**deployment["metadata"].get("annotations", {}), REVISION: revision}
            changed["metadata"] = {**deployment["metadata"], "annotations": annotations}
        if changed != deployment:
            written = await self._cluster.replace(DEPLOYMENT, changed, subresource="status")
            self._mirror.record(DEPLOYMENT, written)

    async def _forget(self, deployment: Manifest, old: Sequence[Manifest]) -> None:
        """Delete the old ReplicaSets beyond the history that is kept."""
        limit = deployment["spec"]["revisionHistoryLimit"]
        empty = [
            each
            for each in old
            if not rollout.wanted(each)
            and not each.get("status", {}).get("replicas")
            and not each["metadata"].get("deletionTimestamp")
        ]
        for each in empty[: max(0, len(empty) - limit)]:
            namespace, name = key_of(each)
            await self._cluster.delete(REPLICA_SET, namespace, name, uid=uid_of(each))


def _is_of(replica_set: Manifest, deployment: Manifest) -> bool:
    return bool(rollout.template_of(replica_set) == deployment["spec"]["template"])


def _selector(spec: Manifest) -> dict[str, str]:
    return dict(spec["selector"].get("matchLabels") or {})


def _revision(owned: Sequence[Manifest]) -> int:
    return max((int(each["metadata"]["annotations"][REVISION]) for each in owned), default=0)


def _owned_by(deployment: Manifest) -> Manifest:
    return {
        "apiVersion": DEPLOYMENT.api_version,
        "kind": DEPLOYMENT.name,
        "name": deployment["metadata"]["name"],
        "uid": uid_of(deployment),
        "controller": True,
        "blockOwnerDeletion": True,
    }
