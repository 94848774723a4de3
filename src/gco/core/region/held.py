"""What is said of a custom resource that is not acted on: outdated, or not understood.

Its objects go on serving as they are.
"""

import datetime as dt

from gco.core.model.ids import EndpointUid, RevisionNumber
from gco.core.model.regional import Regional, RegionalStatus
from gco.core.model.status import Condition, ConditionStatus, ConditionType, RegionState
from gco.kinds.reading import quote


def outdated(regional: Regional, now: dt.datetime) -> RegionalStatus | None:
    """Return the status of a custom resource that is behind what this region has made true.

    None for any other. A revision lower than the one observed, of the same endpoint, comes from a
    store that was set back or a reader that fell behind; acting on it would undo newer work.
    """
    previous = regional.status
    if (
        previous is None
        or previous.uid != regional.spec.uid
        or previous.observed_revision <= regional.spec.revision
    ):
        return None
    message = (
        f"revision {regional.spec.revision} is older than {previous.observed_revision}, which "
        "runs; apply the endpoint again"
    )
    stalled = _condition(
        ConditionType.STALLED,
        "True",
        "RevisionOutdated",
        message,
        previous=previous,
        generation=regional.generation,
        now=now,
    )
    others = (c for c in previous.conditions if c.type is not ConditionType.STALLED)
    return previous.model_copy(update={"conditions": (*others, stalled)})


def not_understood(
    uid: EndpointUid,
    revision: RevisionNumber,
    problem: str,
    *,
    generation: int,
    previous: RegionalStatus | None,
    now: dt.datetime,
) -> RegionalStatus:
    """Return the status of a custom resource whose spec is from another version of GCO."""
    if previous is not None and previous.uid != uid:
        previous = None
    message = f"this version of GCO does not understand its spec; upgrade the monitor ({problem})"
    conditions = tuple(
        _condition(
            kind,
            status,
            "NotUnderstood",
            quote(message, _LONGEST),
            previous=previous,
            generation=generation,
            now=now,
        )
        for kind, status in _NOT_UNDERSTOOD
    )
    before = previous.condition(ConditionType.READY) if previous is not None else None
    stays = before is not None and before.reason == "NotUnderstood"
    return RegionalStatus(
        uid=uid,
        state=RegionState.ERROR,
        replicas_ready=previous.replicas_ready if previous else 0,
        replicas_desired=previous.replicas_desired if previous else 0,
        observed_revision=revision,
        last_transition=(
            previous.last_transition if previous and stays else now.replace(microsecond=0)
        ),
        error=quote(message, _LONGEST),
        conditions=conditions,
    )


_NOT_UNDERSTOOD: tuple[tuple[ConditionType, ConditionStatus], ...] = (
    (ConditionType.READY, "Unknown"),
    (ConditionType.STALLED, "True"),
)
_LONGEST = 2000


def _condition(
    kind: ConditionType,
    status: ConditionStatus,
    reason: str,
    message: str,
    *,
    previous: RegionalStatus | None,
    generation: int,
    now: dt.datetime,
) -> Condition:
    before = previous.condition(kind) if previous is not None else None
    stays = before is not None and before.status == status
    return Condition(
        type=kind,
        status=status,
        reason=reason,
        message=message,
        last_transition_time=(
            before.last_transition_time if before and stays else now.replace(microsecond=0)
        ),
        observed_generation=generation,
    )
