"""What a person sees of an endpoint over all its regions: one row a region, and one line for all.

A region whose heartbeat is old is `RegionSilent`, and for how long; what it said last is told as
what it said then, never as if it were true now.
"""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from gco.core.fleet.progress import region_done
from gco.core.model.base import Model
from gco.core.model.endpoint import Endpoint, EndpointState, RegionTarget, TargetState
from gco.core.model.ids import RegionName, RevisionNumber
from gco.core.model.status import (
    CanaryReport,
    Condition,
    ConditionType,
    Region,
    RegionState,
    RegionStatus,
)

SILENT_PERIODS = 3
"""Heartbeat periods without a heartbeat, after which a region counts as silent."""


class RegionView(Model):
    """One region of an endpoint: what it is to do, and what is known of how far it is."""

    region: RegionName
    target: TargetState
    target_revision: RevisionNumber
    target_replicas: int
    state: RegionState | None
    """None where it is not known: the region is silent."""
    done: bool
    """Whether the region has made the target true."""
    failed: bool
    """Whether it says that it will not get there by itself."""
    replicas_ready: int | None
    replicas_desired: int
    observed_revision: RevisionNumber | None
    since: dt.datetime | None
    """When the region's state, revision or readiness last changed."""
    reason: str
    """One CamelCase word: `WaitingForGPU`, `RegionSilent`."""
    message: str
    silent_seconds: float | None = None
    """How long the region has not been heard of; None while it is heard."""
    conditions: tuple[Condition, ...] = ()
    canary: CanaryReport | None = None
    """What the region says of its canary; None where it has none."""
    url: str = ""
    """Where the endpoint answers in this region, as far as the region's address is known."""


def silent_for(region: Region, now: dt.datetime) -> dt.timedelta | None:
    """Return for how long the region has been silent, None while its heartbeat is young."""
    age = now - region.heartbeat
    limit = dt.timedelta(seconds=SILENT_PERIODS * region.heartbeat_seconds)
    return age if age > limit else None


def view_region(
    name: RegionName,
    target: RegionTarget,
    status: RegionStatus | None,
    region: Region | None,
    now: dt.datetime,
    *,
    path: str,
) -> RegionView:
    """Return the row of one region; `region` None: it is not registered; `path` is the route's."""
    if status is not None and status.uid != target.uid:
        status = None  # of an endpoint that had this name before
    silence = None if region is None else silent_for(region, now)
    if region is None or silence is not None:
        return _unheard(name, target, status, silence)
    done = region_done(target, status)
    reason, message = _why(target, status, done=done)
    return RegionView(
        region=name,
        target=target.state,
        target_revision=target.revision,
        target_replicas=target.replicas,
        state=RegionState.PENDING if status is None else status.state,
        done=done,
        failed=not done and _failed(target, status),
        replicas_ready=0 if status is None else status.replicas_ready,
        replicas_desired=_desired(target, status),
        observed_revision=None if status is None else status.observed_revision,
        since=None if status is None else status.last_transition,
        reason=reason,
        message=message,
        conditions=() if status is None else status.conditions,
        canary=None if status is None else status.canary,
        url=f"{region.address.rstrip('/')}{path}" if region.address else "",
    )


def roll_up(endpoint: Endpoint, views: Sequence[RegionView]) -> str:
    """Return the line over all regions: `3/4 regions ready; eu-west-1: WaitingForGPU (…)`.

    Partial is never called ready. Removed regions are told, and do not count.
    """
    wanted = [v for v in views if v.target is not TargetState.DELETED]
    leaving = [v for v in views if v.target is TargetState.DELETED]
    if endpoint.state is EndpointState.DELETED:
        gone = sum(v.done for v in leaving)
        return _line(f"deleting: gone from {gone}/{len(leaving)} regions", leaving)
    if not wanted:
        return "no region"
    word = "stopped" if endpoint.state is EndpointState.STOPPED else "ready"
    ready = sum(v.done for v in wanted)
    return _line(f"{ready}/{len(wanted)} regions {word}", [*wanted, *leaving])


def format_seconds(seconds: float) -> str:
    """Return a duration in its two largest units: `41s`, `3m 20s`, `2h 5m`, `3d 4h`."""
    left = max(0, int(seconds))
    parts: list[str] = []
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "m"), (1, "s")):
        count, left = divmod(left, size)
        if count or (unit == "s" and not parts):
            parts.append(f"{count}{unit}")
    return " ".join(parts[:2])


def by_region(statuses: Iterable[RegionStatus]) -> Mapping[RegionName, RegionStatus]:
    """Return the statuses of one endpoint by the region that said them."""
    return {status.region: status for status in statuses}


def _line(head: str, views: Sequence[RegionView]) -> str:
    """Put what is not done behind `head`; regions of which the same is to be said share a part."""
    alike: dict[str, list[str]] = {}
    for view in views:
        if not view.done:
            alike.setdefault(_brief(view), []).append(view.region)
    return "; ".join([head, *(f"{', '.join(names)}: {why}" for why, names in alike.items())])


def _brief(view: RegionView) -> str:
    if view.target is TargetState.DELETED and view.reason != "RegionSilent":
        return "Removing"
    detail = view.message.split(";")[0].split(". ")[0].strip()
    return f"{view.reason} ({detail})" if detail and len(detail) <= _BRIEF else view.reason


_BRIEF = 60
"""Characters of a message that still fit the roll-up line."""


def _unheard(
    name: RegionName,
    target: RegionTarget,
    status: RegionStatus | None,
    silence: dt.timedelta | None,
) -> RegionView:
    """A region that nothing is known of now: silent, or not registered any more."""
    seconds = None if silence is None else silence.total_seconds()
    return RegionView(
        region=name,
        target=target.state,
        target_revision=target.revision,
        target_replicas=target.replicas,
        state=None,
        # What is gone stays gone; readiness must be heard.
        done=target.state is TargetState.DELETED and region_done(target, status),
        failed=False,
        replicas_ready=None,
        replicas_desired=_desired(target, status),
        observed_revision=None if status is None else status.observed_revision,
        since=None if status is None else status.last_transition,
        reason="RegionUnknown" if seconds is None else "RegionSilent",
        message=_last_words(status, seconds),
        silent_seconds=seconds,
    )


def _last_words(status: RegionStatus | None, seconds: float | None) -> str:
    head = (
        "not registered any more"
        if seconds is None
        else f"no heartbeat for {format_seconds(seconds)}"
    )
    if status is None:
        return head
    return (
        f"{head}; last said: {status.state} {status.replicas_ready}/{status.replicas_desired} "
        f"at revision {status.observed_revision}"
    )


def _why(target: RegionTarget, status: RegionStatus | None, *, done: bool) -> tuple[str, str]:
    """The region's own cause, unless it has not looked at the target yet."""
    if status is None:
        return "Pending", "the region has not reported yet"
    if status.observed_revision > target.revision:
        return "RevisionOutdated", (
            f"the region is at revision {status.observed_revision}, and the store, which was set "
            f"back, at {target.revision}; apply the endpoint again: that goes beyond both"
        )
    if status.observed_revision != target.revision:
        return "Pending", f"the region is at revision {status.observed_revision}"
    if target.state is TargetState.DELETED:
        return ("Deleted", "") if done else ("Deleting", status.error or "")
    return _own_words(status, done=done)


def _own_words(status: RegionStatus, *, done: bool) -> tuple[str, str]:
    """What Ready says; of an endpoint that is ready and not done, what its canary says."""
    ready, canary = (status.condition(c) for c in (ConditionType.READY, ConditionType.CANARY_READY))
    if ready is None:
        return "Pending", status.error or ""
    if ready.status == "True" and canary is not None and not done:
        return canary.reason, f"its canary: {canary.message}"
    return ready.reason, ready.message


def _failed(target: RegionTarget, status: RegionStatus | None) -> bool:
    if status is None or status.observed_revision != target.revision:
        return False
    stalled = status.condition(ConditionType.STALLED)
    return status.state is RegionState.ERROR or (stalled is not None and stalled.status == "True")


def _desired(target: RegionTarget, status: RegionStatus | None) -> int:
    """Return how many pods are wanted: the target's number, or the one that an autoscaler set."""
    if target.state is not TargetState.RUNNING:
        return 0
    if status is None or status.observed_revision != target.revision:
        return target.replicas
    scaled = status.condition(ConditionType.AUTOSCALER_READY) is not None
    return status.replicas_desired if scaled else target.replicas
