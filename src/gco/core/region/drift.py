"""What is said of fields of ours that someone else changed."""

import dataclasses
import enum
from collections.abc import Sequence

from gco.core.region.actions import ObjectRef
from gco.kinds.differences import FieldDifference

_PATHS = 3
"""Fields that are named; of more, only how many."""


class DriftKind(enum.StrEnum):
    """What became of a difference; the reason of the condition Drifted."""

    REPAIRED = "Repaired"
    FOUGHT_OVER = "FoughtOver"
    """Repaired again and again; the next repair waits."""
    MUTATED = "MutatedOnAdmission"
    """The API server's admission changes what we apply; accepted as it is."""
    RECREATED = "DeletedOutsideGCO"
    """The custom resource was deleted by hand, and made again from the store."""


@dataclasses.dataclass(frozen=True, slots=True)
class Drift:
    """One finding about one object."""

    kind: DriftKind
    message: str
    fields: tuple[str, ...] = ()
    """The fields that differ."""

    @property
    def lasting(self) -> bool:
        """Whether the object is still not as it was rendered."""
        return self.kind in (DriftKind.MUTATED, DriftKind.FOUGHT_OVER)


def drift(kind: DriftKind, ref: ObjectRef, differences: Sequence[FieldDifference]) -> Drift:
    """Return what is to be said of `ref`: which fields, and who changed them where it is known."""
    message = f"{_fields(differences)} of {ref}{_author(differences)}"
    return Drift(kind, message, tuple(difference.path for difference in differences))


def _fields(differences: Sequence[FieldDifference]) -> str:
    if not differences:
        return "the ownership of fields"
    paths = [difference.path for difference in differences[:_PATHS]]
    more = f" and {len(differences) - _PATHS} more" if len(differences) > _PATHS else ""
    return f"{', '.join(paths)}{more}"


def _author(differences: Sequence[FieldDifference]) -> str:
    """Return who and when: `, changed by kubectl-edit at 2026-01-01T12:00:00Z`.

    A field that was removed, and one that admission changed, have nobody's name on them.
    """
    who = sorted({difference.manager for difference in differences if difference.manager})
    when = max((difference.time or "" for difference in differences), default="")
    at = f" at {when}" if when else ""
    return f", changed by {' and '.join(who) or 'unknown'}{at}"
