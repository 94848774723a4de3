"""ReplicaSet -> pods: as many as wanted, the least useful ones first to go."""

import datetime as dt
from typing import Final

from gco.clock import Clock
from gco.cluster.memory.controllers.loop import Loop
from gco.cluster.memory.controllers.mirror import Key, Mirror, key_of, uid_of
from gco.cluster.memory.managers import timestamp
from gco.cluster.memory.storage import copy
from gco.cluster.port import Cluster, Manifest
from gco.errors import ForbiddenError, RejectedError
from gco.kinds.registry import POD, REPLICA_SET, Kind

_ENDED: Final = frozenset({"Succeeded", "Failed"})
_REFUSED_SECONDS: Final = 5.0


class ReplicaSets:
    """The controller of ReplicaSets."""

    def __init__(self, cluster: Cluster, mirror: Mirror, clock: Clock) -> None:
        self._cluster = cluster
        self._mirror = mirror
        self._clock = clock
        self.loop: Loop[Key] = Loop(self._reconcile)
        mirror.subscribe(self._changed)

    def _changed(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        manifest = new or old or {}
        if kind == REPLICA_SET:
            self.loop.add(key_of(manifest))
        elif kind == POD:
            self.loop.add(self._mirror.controller(REPLICA_SET, manifest))

    async def _reconcile(self, key: Key) -> float | None:
        replica_set = self._mirror.get(REPLICA_SET, key)
        if replica_set is None or replica_set["metadata"].get("deletionTimestamp"):
            return None
        refusal = await self._scale(replica_set)
        again = await self._tell(replica_set, refusal)
        return _REFUSED_SECONDS if refusal else again

    def _pods(self, replica_set: Manifest) -> list[Manifest]:
        owned = [pod for _, pod in self._mirror.owned(uid_of(replica_set), POD)]
        return [
            pod
            for pod in owned
            if not pod["metadata"].get("deletionTimestamp")
            and pod.get("status", {}).get("phase") not in _ENDED
        ]

    async def _scale(self, replica_set: Manifest) -> str:
        """Make or delete pods; return why one could not be made, or an empty string."""
        pods, wanted = self._pods(replica_set), replica_set["spec"]["replicas"]
        for pod in sorted(pods, key=_usefulness)[: max(0, len(pods) - wanted)]:
            namespace, name = key_of(pod)
            await self._cluster.delete(POD, namespace, name, uid=uid_of(pod))
        for _ in range(wanted - len(pods)):
            try:
                made = await self._cluster.create(POD, _pod(replica_set))
            except (ForbiddenError, RejectedError) as error:
                return f"pods could not be created: {error}"
            self._mirror.record(POD, made)
        return ""

    async def _tell(self, replica_set: Manifest, refusal: str) -> float | None:
        now, pods = self._clock.now(), self._pods(replica_set)
        ready = [pod for pod in pods if ready_since(pod)]
        patience = replica_set["spec"].get("minReadySeconds", 0)
        waits = [_left(pod, patience, now) for pod in ready]
        counts = {
            "replicas": len(pods),
            "fullyLabeledReplicas": len(pods),
            "readyReplicas": len(ready),
            "availableReplicas": sum(1 for wait in waits if wait <= 0),
        }
        status: Manifest = {
            "observedGeneration": replica_set["metadata"]["generation"],
            **{name: count for name, count in counts.items() if count or name == "replicas"},
            **self._refused(replica_set, refusal, now),
        }
        if status != replica_set.get("status"):
            changed = {**replica_set, "status": status}
            written = await self._cluster.replace(REPLICA_SET, changed, subresource="status")
            self._mirror.record(REPLICA_SET, written)
        return min((wait for wait in waits if wait > 0), default=None)

    def _refused(self, replica_set: Manifest, refusal: str, now: dt.datetime) -> Manifest:
        if not refusal:
            return {}
        before = replica_set.get("status", {}).get("conditions") or [{}]
        since = before[0].get("lastTransitionTime", timestamp(now))
        failed = {"type": "ReplicaFailure", "status": "True", "reason": "FailedCreate"}
        return {"conditions": [{**failed, "message": refusal, "lastTransitionTime": since}]}


def _pod(replica_set: Manifest) -> Manifest:
    metadata, template = replica_set["metadata"], copy(replica_set["spec"]["template"])
    owner = {
        "apiVersion": REPLICA_SET.api_version,
        "kind": REPLICA_SET.name,
        "name": metadata["name"],
        "uid": metadata["uid"],
        "controller": True,
        "blockOwnerDeletion": True,
    }
    stated = template.get("metadata", {})
    return {
        "metadata": {
            "generateName": f"{metadata['name']}-",
            "namespace": metadata["namespace"],
            **{name: stated[name] for name in ("labels", "annotations") if name in stated},
            "ownerReferences": [owner],
        },
        "spec": template["spec"],
    }


def ready_since(pod: Manifest) -> str | None:
    """Return when the pod became ready; None for one that is not."""
    conditions: list[Manifest] = pod.get("status", {}).get("conditions", [])
    ready = next((c for c in conditions if c["type"] == "Ready" and c["status"] == "True"), None)
    return (
        (ready.get("lastTransitionTime") or pod["metadata"]["creationTimestamp"]) if ready else None
    )


def _left(pod: Manifest, patience: int, now: dt.datetime) -> float:
    """Return the seconds until a ready pod counts as available."""
    since = dt.datetime.fromisoformat(ready_since(pod) or timestamp(now))
    return patience - (now - since).total_seconds() if patience else 0.0


def _usefulness(pod: Manifest) -> tuple[bool, bool, bool, str, str]:
    """Sort key: unbound, then pending, then not ready, then the youngest."""
    status, metadata = pod.get("status", {}), pod["metadata"]
    young = metadata["creationTimestamp"].translate(_REVERSED)
    return (
        bool(pod["spec"].get("nodeName")),
        status.get("phase") == "Running",
        ready_since(pod) is not None,
        young,
        metadata["name"],
    )


_REVERSED: Final = str.maketrans("0123456789", "9876543210")
