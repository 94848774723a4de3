"""The one reason that wins: what Ready says."""

from typing import Final

from gco.core.model.endpoint import TargetState
from gco.core.region.causes import worst
from gco.core.region.ending import objects_left, pods_left, unowned
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
    message = f"{workload.message}; {view.outlived}" if view.outlived else workload.message
    return Said("True", "Ready", message)


def _closing(view: View) -> Said:
    pods = view.observed.holding
    left = _pods_ending(view)
    if view.stage is Stage.CLOSE:
        left = f"its {'route' if view.observed.routes else 'autoscaler'} is leaving"
        left = _with(left, objects_left(view.regional, view.observed))
    if view.regional.spec.state is TargetState.DELETED:
        if view.stage is Stage.GONE:
            left = _remains(view)
            message = (
                f"GCO waits for nothing more of it; {left}" if left else "nothing of it is left"
            )
            return Said("False", "Deleted", message)
        objects = _with("its objects are being removed", objects_left(view.regional, view.observed))
        return Said("False", "Deleting", left if pods or view.stage is Stage.CLOSE else objects)
    stopped = view.regional.spec.state is TargetState.STOPPED
    if view.stage is Stage.REST and not pods:
        return Said(
            "True",
            "Stopped" if stopped else "ScaledToZero",
            _with("no pod is left", _remains(view)),
        )
    return Said("False", "Stopping" if stopped else "ScalingToZero", left)


def _pods_ending(view: View) -> str:
    """Say that pods are ending, and which of them should have ended by now."""
    kept = objects_left(view.regional, view.observed)
    return _with("its pods are ending", "; ".join(filter(None, (_late(view), kept))))


def _remains(view: View) -> str:
    """Say what is left in the cluster that nobody waits for."""
    own, canary = view.observed.pods, view.observed.canary.pods
    kept = objects_left(view.regional, view.observed)
    return "; ".join(filter(None, (_late(view), kept, unowned(own), unowned(canary))))


def _late(view: View) -> str:
    namespace = view.regional.namespace
    own, canary = view.observed.pods, view.observed.canary.pods
    return "; ".join(filter(None, (pods_left(own, namespace), pods_left(canary, namespace))))


def _with(fact: str, more: str) -> str:
    return f"{fact}; {more}" if more else fact
