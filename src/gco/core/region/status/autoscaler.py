"""Whether the number of replicas follows the load, and why not."""

from gco.core.model.names import autoscaler_name
from gco.core.region.actions import ObjectRef
from gco.core.region.autoscalers import Autoscaler
from gco.core.region.causes import Cause, worst
from gco.core.region.ending import how_to_release
from gco.core.region.scaling import scaling_causes, task_of, wanted_ref
from gco.core.region.stage import Stage
from gco.core.region.status.view import Said, View
from gco.kinds.finalizers import kept_by
from gco.kinds.registry import SCALED_OBJECT


def autoscaler_causes(view: View) -> tuple[Cause, ...]:
    """Return what keeps the number of replicas from following the load for good."""
    return tuple(scaling_causes(view.regional, view.observed.autoscalers))


def autoscaler(view: View) -> Said | None:
    """Return what AutoscalerReady says; None where nobody asks for an autoscaler or has one."""
    found, regional = view.observed.autoscalers, view.regional
    ours = found.ours(regional.name, regional.spec.uid)
    refused = worst(autoscaler_causes(view))
    if refused is not None:
        return Said("False", refused.reason, refused.message)
    name = autoscaler_name(regional.name)
    if name in found.given_up:
        kept, left = kept_by(found.scaled[name].finalizers), ObjectRef(SCALED_OBJECT.name, name)
        return Said(
            "False",
            "Terminating",
            f"{left} is being deleted and keeps its {kept}; GCO has taken the replica count; "
            f"{how_to_release(left, regional.namespace)}",
        )
    if regional.spec.endpoint.autoscaling is None and not ours:
        return None
    task, ref = task_of(regional), wanted_ref(regional)
    if task is None or view.stage is not Stage.SERVE:
        return Said("False", "NotWanted", "it is leaving" if ours else "no autoscaler is wanted")
    missing = worst(blocker.cause for blocker in view.unsettled if blocker.ref == ref)
    if missing is not None and ref not in ours:
        return Said("False", missing.reason, missing.message)
    return _working(ref, ours.get(ref) if ref is not None else None, task.text)


def _working(ref: ObjectRef | None, own: Autoscaler | None, task: str) -> Said:
    if own is None:
        return Said("False", "AutoscalerNotReady", "the number of replicas is being handed over")
    if own.problem:
        message = (
            f"{ref}: {own.problem}; the number of replicas stays as it is until that is mended"
        )
        return Said("False", "MetricsUnavailable", message)
    if not own.works:
        return Said("False", "AutoscalerNotReady", f"no controller has looked at {ref} yet")
    return Said("True", "AutoscalerReady", task)
