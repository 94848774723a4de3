"""Deletion: preconditions, grace, finalizers, and what a CRD or a namespace takes with it."""

import datetime as dt
from typing import Final

from gco.cluster.memory.managers import timestamp
from gco.cluster.memory.objects import released
from gco.cluster.memory.resources import kinds_of
from gco.cluster.memory.server import INSTANCES, ApiServer
from gco.cluster.memory.storage import Key, copy
from gco.cluster.port import Manifest, Propagation
from gco.errors import ClusterConflictError
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, POD, Kind

FOREGROUND: Final = "foregroundDeletion"
ORPHAN: Final = "orphan"
_FINALIZER_OF: Final[dict[Propagation, str]] = {"Foreground": FOREGROUND, "Orphan": ORPHAN}
_ENDED: Final = frozenset({"Succeeded", "Failed"})


def delete(
    server: ApiServer,
    kind: Kind,
    key: Key,
    *,
    uid: str | None,
    propagation: Propagation,
    grace_seconds: int | None,
    now: dt.datetime,
) -> None:
    """Delete the object at `key`, or mark it as deleted while something keeps it."""
    old = server.get(kind, *key)
    if uid is not None and uid != old["metadata"]["uid"]:
        raise ClusterConflictError(
            f"the UID in the precondition ({uid}) does not match that of the live object "
            f"({old['metadata']['uid']})"
        )
    new = copy(old)
    _keep(kind, new, propagation)
    grace = _grace(kind, new, grace_seconds)
    before = old["metadata"].get("deletionGracePeriodSeconds")
    if "deletionTimestamp" not in new["metadata"] or grace < (before or 0):
        _mark(new, grace, now)
    if released(new):
        server.remove(kind, key)
    elif new != old:
        server.store(kind, key, new)
    if kind == CUSTOM_RESOURCE_DEFINITION:
        _delete_instances(server, new, now)


def _keep(kind: Kind, new: Manifest, propagation: Propagation) -> None:
    """Add the finalizers that this deletion itself asks for."""
    metadata = new["metadata"]
    wanted = _FINALIZER_OF.get(propagation)
    if kind == CUSTOM_RESOURCE_DEFINITION:
        wanted = INSTANCES
    if wanted and wanted not in metadata.get("finalizers", ()):
        metadata.setdefault("finalizers", []).append(wanted)


def _grace(kind: Kind, new: Manifest, stated: int | None) -> int:
    """Return the seconds that a kubelet gets; only a pod that is on a node has one."""
    if kind != POD or not new["spec"].get("nodeName"):
        return 0
    if new.get("status", {}).get("phase") in _ENDED:
        return 0
    default: int = new["spec"]["terminationGracePeriodSeconds"]
    return default if stated is None else stated


def _mark(new: Manifest, grace: int, now: dt.datetime) -> None:
    metadata = new["metadata"]
    if "deletionTimestamp" not in metadata and "generation" in metadata:
        metadata["generation"] += 1
    metadata["deletionTimestamp"] = timestamp(now + dt.timedelta(seconds=grace))
    metadata["deletionGracePeriodSeconds"] = grace
    if new["kind"] == "Namespace":
        new["status"] = {**new.get("status", {}), "phase": "Terminating"}


def _delete_instances(server: ApiServer, definition: Manifest, now: dt.datetime) -> None:
    for kind in kinds_of(definition):
        for key in list(server.storage.table(kind).objects):
            delete(
                server, kind, key, uid=None, propagation="Background", grace_seconds=None, now=now
            )
    server.finish_definitions()
