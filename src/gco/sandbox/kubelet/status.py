"""What a kubelet says about a pod: pure functions from what is known of its containers."""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any


@dataclasses.dataclass(frozen=True, slots=True)
class ContainerState:
    """One container at one moment."""

    name: str
    image: str
    started: bool = False
    """Its start-up probe has passed."""
    ready: bool = False
    restarts: int = 0
    pid: int | None = None
    running_since: dt.datetime | None = None
    waiting: tuple[str, str] | None = None
    """Reason and message, while it does not run."""
    terminated: Mapping[str, Any] | None = None
    """How the last run ended that is over, as in `lastState.terminated`."""
    done: bool = False
    """It is not run again."""

    @property
    def running(self) -> bool:
        """Whether a process stands for it now."""
        return self.pid is not None


def wire_time(moment: dt.datetime) -> str:
    """Return `moment` as Kubernetes writes it, in whole seconds."""
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pod_status(
    containers: Sequence[ContainerState], *, address: str, start: dt.datetime, turned: dt.datetime
) -> dict[str, Any]:
    """Return the `status` of a pod that has these containers.

    `turned` is when it last became ready, or stopped being so.
    """
    ready = is_ready(containers)
    return {
        "phase": _phase(containers),
        "startTime": wire_time(start),
        "hostIP": "127.0.0.1",
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [
            _condition("Initialized", met=True, since=start),
            _condition("ContainersReady", met=ready, since=turned),
            _condition("Ready", met=ready, since=turned),
        ],
        "containerStatuses": [_container(container) for container in containers],
    }


def _phase(containers: Sequence[ContainerState]) -> str:
    if all(container.done for container in containers):
        failed = any((each.terminated or {}).get("exitCode") for each in containers)
        return "Failed" if failed else "Succeeded"
    begun = all(each.running or each.restarts or each.done for each in containers)
    return "Running" if begun else "Pending"


def is_ready(containers: Sequence[ContainerState]) -> bool:
    """Return whether a pod that has these containers takes requests."""
    return all(container.ready for container in containers)


def container_id(pid: int | None) -> str:
    """Return what names one run of a container: the id of its process, empty for none."""
    return "" if pid is None else f"process://{pid}"


def _condition(kind: str, *, met: bool, since: dt.datetime) -> dict[str, Any]:
    condition = {"type": kind, "status": str(met), "lastTransitionTime": wire_time(since)}
    if not met:
        condition["reason"] = "ContainersNotReady"
    return condition


def _container(state: ContainerState) -> dict[str, Any]:
    status: dict[str, Any] = {
        "name": state.name,
        "image": state.image,
        "imageID": "",
        "ready": state.ready,
        "started": state.started,
        "restartCount": state.restarts,
        "state": _state(state),
    }
    if state.terminated and not state.done:
        status["lastState"] = {"terminated": dict(state.terminated)}
    if state.pid is not None:
        status["containerID"] = container_id(state.pid)
    return status


def _state(state: ContainerState) -> dict[str, Any]:
    if state.running_since is not None and state.running:
        return {"running": {"startedAt": wire_time(state.running_since)}}
    if state.done:
        return {"terminated": dict(state.terminated or {})}
    reason, message = state.waiting or ("ContainerCreating", "")
    return {"waiting": {"reason": reason, "message": message}}
