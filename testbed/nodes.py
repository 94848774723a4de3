"""Nodes without a machine: what the scheduler needs to see of one.

The scheduler places pods by what a node's status claims, so a claimed GPU is
given out, and runs out, as a real one would.
"""

import json
from collections.abc import Mapping
from typing import Any

from testbed.controlplane import ControlPlane


def add_node(
    plane: ControlPlane,
    name: str,
    *,
    gpus: int = 8,
    cpu: str = "192",
    memory: str = "2Ti",
    pods: int = 110,
    labels: Mapping[str, str] | None = None,
    taints: list[dict[str, str]] | None = None,
) -> None:
    """Make a ready Node object that claims some capacity.

    Args:
        plane: the control plane that gets the node.
        name: the node's name.
        gpus: how many `nvidia.com/gpu` it claims.
        cpu: how many cores it claims, as a quantity.
        memory: how much memory it claims, as a quantity.
        pods: how many pods it takes.
        labels: further labels; the host name's is always there.
        taints: its taints.
    """
    node: dict[str, Any] = {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name, **(labels or {})}},
        "spec": {"taints": taints or []},
    }
    plane.kubectl("create", "--filename=-", input=json.dumps(node))
    amounts = {
        "cpu": cpu,
        "memory": memory,
        "pods": str(pods),
        "ephemeral-storage": "1Ti",
        "nvidia.com/gpu": str(gpus),
    }
    status = {
        "capacity": amounts,
        "allocatable": amounts,
        "conditions": [{"type": "Ready", "status": "True", "reason": "TestBed"}],
    }
    patch = json.dumps({"status": status})
    plane.kubectl("patch", "node", name, "--subresource=status", f"--patch={patch}")
