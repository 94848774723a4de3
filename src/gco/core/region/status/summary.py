"""The one reason that wins: what Ready says."""

from gco.core.model.endpoint import TargetState
from gco.core.region.causes import worst
from gco.core.region.stage import Stage
from gco.core.region.status.autoscaler import autoscaler_causes
from gco.core.region.status.view import Said, View


def summary(view: View, workload: Said, route: Said) -> Said:
    """Return what Ready says, by what the aspects say: the first that stands in the way wins."""
    failure = worst(view.failures)
    if failure is not None:
        return Said("False", failure.reason, failure.message)
    if view.stage is not Stage.SERVE:
        return _closing(view)
    for aspect in (workload, route):
        if aspect.status != "True":
            return aspect
    refused = worst(autoscaler_causes(view))
    if refused is not None:
        return Said("False", refused.reason, refused.message)
    if view.replicas == 0:
        return Said("True", "ScaledToZero", "no pod runs; its autoscaler starts one when asked for")
    return Said("True", "Ready", workload.message)


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
    if view.stage is Stage.REST and view.settled and not pods:
        return Said("True", "Stopped" if stopped else "ScaledToZero", "no pod is left")
    return Said("False", "Stopping" if stopped else "ScalingToZero", left)
