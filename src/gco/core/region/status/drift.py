"""Whether objects were changed by others, and for how long that is told."""

import datetime as dt
from typing import Final

from gco.core.model.regional import RegionalStatus
from gco.core.model.status import Condition, ConditionType
from gco.core.region.causes import worst
from gco.core.region.drift import DriftKind
from gco.core.region.status.view import Said, View, previous_of
from gco.core.region.unsettled import harmless

DRIFT_SHOWN: Final = dt.timedelta(hours=24)
"""How long a drift that is over is told: Events are gone after an hour, and what happened in the
night should be seen in the morning."""

_IN_SYNC: Final = Said("False", "InSync")
_DRIFTS: Final = frozenset({_IN_SYNC.reason, *DriftKind})


def drift_shown_for(view: View, now: dt.datetime) -> float | None:
    """Return for how many seconds more a drift that is over is told; None where none is."""
    previous = previous_of(view)
    said = previous.condition(ConditionType.DRIFTED) if previous is not None else None
    if said is None or said.reason == _IN_SYNC.reason or said.status != "False":
        return None
    return max(0.0, (said.last_transition_time + DRIFT_SHOWN - now).total_seconds())


def drifted(view: View, previous: RegionalStatus | None, now: dt.datetime) -> Said:
    """Return what Drifted says."""
    found = view.drift
    missing = worst(harmless((*view.unsettled, *view.canary.unsettled), view.stage))
    if found is not None and (found.lasting or missing is None):
        return Said("True" if found.lasting else "False", found.kind.value, found.message)
    if missing is not None and missing.reason != DriftKind.FOUGHT_OVER:
        return Said("True", missing.reason, missing.message)
    said = previous.condition(ConditionType.DRIFTED) if previous is not None else None
    if (
        said is not None and said.reason not in _DRIFTS
    ):  # an object that was refused, and is no more
        return _IN_SYNC
    if said is None and view.regional.recreated_at is not None:
        return Said(
            "False",
            DriftKind.RECREATED.value,
            "the custom resource was deleted outside GCO and made again at "
            f"{view.regional.recreated_at}; its objects were kept",
        )
    if (
        said is None
        or previous is None
        or previous.observed_revision != view.regional.spec.revision
    ):
        return _IN_SYNC
    return _still_told(said, view, now)


def _still_told(said: Condition, view: View, now: dt.datetime) -> Said:
    """Return what is left to say of an earlier finding: whether it lasts, is over, or long past."""
    if said.status == "True":
        held = view.mutated if said.reason == DriftKind.MUTATED else not view.settled
        return Said("True" if held else "False", said.reason, said.message)
    if now - said.last_transition_time >= DRIFT_SHOWN:
        return _IN_SYNC
    return Said("False", said.reason, said.message)
