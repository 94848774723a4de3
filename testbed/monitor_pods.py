"""What kubelet says of a monitor's pod, for monitors that are processes and in no pod.

Calls block; from an event loop use `asyncio.to_thread`.
"""

import json
from typing import Any

from testbed.controlplane import ControlPlane
from testbed.monitors import POD_NAMESPACE

_RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "runAsNonRoot": True,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}
"""What the namespace's Pod Security level demands."""


def container_ended(plane: ControlPlane, name: str, identity: str) -> None:
    """Report that the container of the pod `name`, whose process had `identity`, was killed."""
    container = {"name": "monitor", "image": "gco", "securityContext": _RESTRICTED}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": POD_NAMESPACE},
        # No scheduler of that name: no machine runs it.
        "spec": {"schedulerName": "nobody", "containers": [container]},
    }
    plane.kubectl("apply", "-f", "-", input=json.dumps(pod))
    ended: dict[str, Any] = {"name": "monitor", "image": "gco", "imageID": "", "ready": False}
    ended |= {"restartCount": 0, "state": {"terminated": {"exitCode": 137, "message": identity}}}
    status = json.dumps({"status": {"containerStatuses": [ended]}})
    where = ("pod", name, f"--namespace={POD_NAMESPACE}")
    plane.kubectl("patch", *where, "--subresource=status", "--type=merge", f"--patch={status}")


def remove_pod(plane: ControlPlane, name: str) -> None:
    """Remove the pod, if it is there."""
    where = ("pod", name, f"--namespace={POD_NAMESPACE}")
    plane.kubectl("delete", *where, "--ignore-not-found", "--grace-period=0", "--force")
