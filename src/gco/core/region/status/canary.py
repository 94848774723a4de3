"""Whether the canary has its share of the requests, and why not."""

import datetime as dt
from collections.abc import Sequence

from gco.core.model.status import CanaryReport
from gco.core.region.canary import WHOLE, Step, settles_in
from gco.core.region.causes import Cause, judged_again, workload_causes, worst
from gco.core.region.ending import pods_left
from gco.core.region.stage import Stage
from gco.core.region.status.view import Said, View


def canary_causes(view: View, now: dt.datetime) -> tuple[Cause, ...]:
    """Return what stands in the way of the canary's objects and pods."""
    pods, ask = view.observed.canary.pods, view.canary.ask
    if view.stage is not Stage.SERVE or view.canary.trial.step is not Step.TRY or ask is None:
        return view.canary.blockers
    if not view.canary.blockers and pods.ready >= ask.replicas:
        return ()
    return (*view.canary.blockers, *workload_causes(pods, ask, view.canary.log, now))


def canary(view: View, causes: Sequence[Cause]) -> Said | None:
    """Return what CanaryReady says: True while requests reach it. None where there is none."""
    trial, weighted = view.canary.trial, view.observed.weighted
    if view.stage is not Stage.SERVE or trial.step is Step.ABSENT:
        return None
    if weighted and trial.weight:
        return Said("True", *_serving(view))
    cause = worst(causes)
    if trial.step is not Step.TRY:
        left = "its share of the requests is withdrawn" if weighted else _ending(view)
        reason, message = (cause.reason, cause.message) if cause else ("CanaryLeaving", left)
    elif cause is not None:
        reason, message = cause.reason, cause.message
    else:
        reason, message = "RouteNotReady", "its pods are ready; there is no route yet to share"
    return Said("Unknown" if weighted else "False", reason, message)


def canary_report(view: View) -> CanaryReport | None:
    """Return the counts of a canary; None where there is none, or none is to serve."""
    trial = view.canary.trial
    if view.stage is not Stage.SERVE or trial.step is Step.ABSENT:
        return None
    ask = view.canary.ask
    return CanaryReport(
        ready=view.observed.canary.pods.ready,
        desired=ask.replicas if ask is not None and trial.step is Step.TRY else 0,
        weight=trial.weight if view.observed.weighted else 0,
    )


def canary_judged_again(view: View, now: dt.datetime) -> float | None:
    """Return after how many seconds time alone changes what is done or said of the canary."""
    found = view.canary
    if found.trial.step is Step.WITHDRAW and not view.observed.weighted:
        return max(0.0, settles_in(view.regional, now).total_seconds())
    if found.trial.step is Step.TRY and found.ask is not None:
        return judged_again(view.observed.canary.pods, found.ask, now)
    return None


def _serving(view: View) -> tuple[str, str]:
    trial, ready = view.canary.trial, view.observed.canary.pods.ready
    share = "every request" if trial.weight == WHOLE else f"{trial.weight} % of the requests"
    facts = f"{ready} ready, with {share}"
    stated = view.regional.spec.canary
    if stated is not None and stated.promoting:
        return (
            "CanaryPromoting",
            f"{facts}; it serves until the endpoint's own pods run its version",
        )
    return "CanaryServing", facts


def _ending(view: View) -> str:
    late = pods_left(view.observed.canary.pods, view.regional.namespace)
    return f"its pods are ending; {late}" if late else "its pods are ending"
