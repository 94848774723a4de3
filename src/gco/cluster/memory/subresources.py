"""What else an object is reached through: its scale and its binding; and how a status begins."""

from collections.abc import Callable, Mapping
from typing import Any

from gco.cluster.memory.storage import Key, copy
from gco.cluster.port import Manifest
from gco.errors import ClusterConflictError
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, NAMESPACE, POD, Kind


def scale_of(manifest: Manifest) -> Manifest:
    """Return the Scale of a Deployment or ReplicaSet."""
    kept = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    spec, metadata = manifest["spec"], manifest["metadata"]
    labels = (spec.get("selector") or {}).get("matchLabels") or {}
    return {
        "apiVersion": "autoscaling/v1",
        "kind": "Scale",
        "metadata": {name: metadata[name] for name in kept if name in metadata},
        "spec": {"replicas": spec.get("replicas", 0)},
        "status": {
            "replicas": manifest.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in sorted(labels.items())),
        },
    }


def bound(
    binding: Mapping[str, Any],
    get: Callable[[Kind, str | None, str], Manifest],
    *,
    timestamp: str,
) -> tuple[Key, Manifest]:
    """Return the pod that `binding` names, on the node that it names.

    Raises AbsentError for no such pod, ClusterConflictError for one that is on a node already.
    """
    metadata = binding["metadata"]
    key = (metadata["namespace"], metadata["name"])
    pod = copy(get(POD, *key))
    if pod["spec"].get("nodeName"):
        raise ClusterConflictError(
            f'pod "{key[1]}" is already assigned to node "{pod["spec"]["nodeName"]}"'
        )
    if pod["metadata"].get("deletionTimestamp"):
        raise ClusterConflictError(f'pod "{key[1]}" is being deleted, cannot be assigned to a host')
    pod["spec"]["nodeName"] = binding["target"]["name"]
    set_condition(pod, {"type": "PodScheduled", "status": "True"}, timestamp=timestamp)
    return key, pod


def set_condition(manifest: Manifest, condition: Manifest, *, timestamp: str) -> None:
    """Put `condition` among the status conditions; its transition is now if its status changed."""
    conditions = manifest.setdefault("status", {}).setdefault("conditions", [])
    before = next((c for c in conditions if c["type"] == condition["type"]), None)
    if before is None:
        conditions.append({**condition, "lastTransitionTime": timestamp})
        return
    moved = before["status"] != condition["status"]
    since = timestamp if moved else before.get("lastTransitionTime", timestamp)
    conditions[conditions.index(before)] = {**condition, "lastTransitionTime": since}


def born(kind: Kind, manifest: Manifest, *, timestamp: str) -> None:
    """Give a new object the status and the marks that the API server starts it with."""
    if kind == POD:
        manifest["status"] = {"phase": "Pending", "qosClass": _quality(manifest["spec"])}
        if manifest["spec"].get("nodeName"):
            set_condition(manifest, {"type": "PodScheduled", "status": "True"}, timestamp=timestamp)
    elif kind == NAMESPACE:
        name = manifest["metadata"]["name"]
        manifest["metadata"].setdefault("labels", {})["kubernetes.io/metadata.name"] = name
        manifest.setdefault("spec", {})["finalizers"] = ["kubernetes"]
        manifest["status"] = {"phase": "Active"}
    elif kind == CUSTOM_RESOURCE_DEFINITION:
        manifest["status"] = {"acceptedNames": manifest["spec"]["names"]}
        for condition in ("NamesAccepted", "Established"):
            set_condition(manifest, {"type": condition, "status": "True"}, timestamp=timestamp)


def _quality(spec: Manifest) -> str:
    stated = [container.get("resources") or {} for container in spec["containers"]]
    if not any(each.get("requests") or each.get("limits") for each in stated):
        return "BestEffort"
    both = ("cpu", "memory")
    guaranteed = all(
        name in (each.get("limits") or {})
        and each["limits"][name] == (each.get("requests") or {}).get(name)
        for each in stated
        for name in both
    )
    return "Guaranteed" if guaranteed else "Burstable"
