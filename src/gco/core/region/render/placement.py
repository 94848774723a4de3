"""Where pods may run: the nodes that have the accelerator, and the capacity that was asked for."""

from typing import Any

from gco.core.model.defaults import Effective
from gco.core.model.spec import Capacity

_CAPACITY_TYPE = "karpenter.sh/capacity-type"


def node_selector(spec: Effective) -> dict[str, str]:
    """Return the labels that a node must have."""
    chosen = dict(spec.node_selector)
    if spec.capacity in (Capacity.ON_DEMAND, Capacity.SPOT):
        chosen.setdefault(_CAPACITY_TYPE, spec.capacity.value)
    return chosen


def tolerations(spec: Effective) -> list[dict[str, Any]]:
    """Return the stated tolerations, and always the one of the accelerator's own nodes."""
    stated = [dict(toleration) for toleration in spec.tolerations]
    if not spec.device:
        return stated
    return [*stated, {"key": spec.device, "operator": "Exists", "effect": "NoSchedule"}]


def affinity(spec: Effective) -> dict[str, Any]:
    """Return the preference for spot nodes, where it is one; else nothing."""
    if spec.capacity is not Capacity.SPOT_PREFERRED:
        return {}
    wish = {"key": _CAPACITY_TYPE, "operator": "In", "values": [Capacity.SPOT.value]}
    preference = {"weight": 100, "preference": {"matchExpressions": [wish]}}
    return {"nodeAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [preference]}}
