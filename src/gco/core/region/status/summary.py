"""The one reason that wins: what Ready says."""

from typing import Final

from gco.core.model.endpoint import TargetState
from gco.core.region.causes import worst
from gco.core.region.stage import Stage
from gco.core.region.status.autoscaler import autoscaler_causes
from gco.core.region.status.view import Said, View

_PASSING: Final = frozenset({"StillLoading", "ModelDownloading", "RouteNotReady"})
"""What time mends says less than what a person has to mend, and for which `gco wait` gives up."""


def summary(view: View, workload: Said, route: Said) -> Said:
    """Return what Ready says, by what the aspects say: the first that stands in the way wins."""
    failure = worst(view.blockers)
    if failure is not None:
        return Said("False", failure.reason, failure.message)
    if view.stage is not Stage.SERVE:
        return _closing(view)
    refused = worst(autoscaler_causes(view))
    hindrance = next((each for each in (workload, route) if each.status != "True"), None)
    if refused is not None and (hindrance is None or hindrance.reason in _PASSING):
        return Said("False", refused.reason, refused.message)
    if hindrance is not None:
        return hindrance
    if view.replicas == 0:
        return Said("True", "ScaledToZero", "no pod runs; its autoscaler starts one when asked for")
    told = f"{workload.message}; {view.outlived}" if view.outlived else workload.message
    return Said("True", "Ready", told)


def _closing(view: View) -> Said:
    pods = view.observed.holding
    left = "its pods are ending"
    if view.stage is Stage.CLOSE:
        left = f"its {'route' if view.observed.routes else 'autoscaler'} is leaving"
    if view.regional.spec.state is TargetState.DELETED:
        if view.stage is Stage.GONE:
            return Said("False", "Deleted", "nothing of it is left")
        return Said("False", "Deleting", left if pods else "its objects are being removed")
    stopped = view.regional.spec.state is TargetState.STOPPED
    if view.stage is Stage.REST and not pods:
        return Said("True", "Stopped" if stopped else "ScaledToZero", "no pod is left")
    return Said("False", "Stopping" if stopped else "ScalingToZero", left)
