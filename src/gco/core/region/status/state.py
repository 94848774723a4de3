"""The region's state, as lists show it: creating, running, updating, error and so on."""

from gco.core.model.endpoint import TargetState
from gco.core.model.regional import RegionalStatus
from gco.core.model.status import RegionState
from gco.core.region.causes import Cause
from gco.core.region.pods import Pods
from gco.core.region.stage import Stage
from gco.core.region.status.view import Said, View


def state_of(
    view: View, ready: Said, stuck: Cause | None, previous: RegionalStatus | None
) -> RegionState:
    """Return the state that goes with what Ready says."""
    match view.regional.spec.state:
        case TargetState.DELETED:
            return RegionState.DELETED if view.stage is Stage.GONE else RegionState.DELETING
        case TargetState.STOPPED if stuck is not None:
            return RegionState.ERROR
        case TargetState.STOPPED:
            return RegionState.STOPPED if ready.status == "True" else RegionState.STOPPING
        case TargetState.RUNNING:
            return _running_state(view.observed.pods, ready, stuck, previous)


def _running_state(
    pods: Pods, ready: Said, stuck: Cause | None, previous: RegionalStatus | None
) -> RegionState:
    if ready.status == "True":
        return RegionState.RUNNING
    ran = previous is not None and previous.state in (RegionState.RUNNING, RegionState.UPDATING)
    serves = pods.answering and (ran or bool(pods.old))
    if stuck is not None and not serves:
        return RegionState.ERROR
    if ran or pods.old or (previous is None and pods.answering):
        return RegionState.UPDATING
    unscheduled = any(record.unscheduled and not record.node for record in pods.wanted.values())
    return RegionState.PENDING if unscheduled else RegionState.CREATING
