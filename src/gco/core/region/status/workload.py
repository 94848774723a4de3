"""Whether the pods that are wanted answer, and why not."""

import datetime as dt
from collections.abc import Sequence

from gco.core.region.causes import Cause, workload_causes, worst
from gco.core.region.stage import Stage
from gco.core.region.status.view import Said, View
from gco.core.region.unsettled import blocking, is_of_pods


def causes_of(view: View, now: dt.datetime) -> tuple[Cause, ...]:
    """Return why pods are missing; none where enough of them answer, or none are wanted."""
    pods, wanted = view.observed.pods, view.replicas
    if view.stage is Stage.SERVE and view.weights is not None and view.weights.awaited:
        return view.weights.causes
    if view.stage is not Stage.SERVE:
        return ()
    blocked = blocking((found for found in view.unsettled if is_of_pods(found)), view.stage)
    if pods.ready >= wanted:
        return blocked
    return (*blocked, *workload_causes(pods, view.ask, view.log, now))


def workload(view: View, causes: Sequence[Cause]) -> Said:
    """Return what WorkloadReady says."""
    if view.stage is not Stage.SERVE:
        return Said("False", "NotWanted", "no pods are wanted")
    cause = worst(causes)
    if cause is not None:
        return Said("False", cause.reason, cause.message)
    ready, wanted = view.observed.pods.ready, view.replicas
    return Said("True", "PodsReady", f"{ready} of {wanted} replicas ready")
