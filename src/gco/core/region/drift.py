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


def drift(kind: DriftKind, ref: ObjectRef, differences: Sequence[FieldDifference]) -> Drift:
    """Return what is to be said of `ref`: which fields, and who changed them where it is known."""
    return Drift(kind, f"{ref}: {describe(differences)}")


def describe(differences: Sequence[FieldDifference]) -> str:
    """Return the fields and who changed them: `spec.replicas, changed by kubectl-scale`."""
    if not differences:
        return "field ownership"
    paths = [difference.path for difference in differences[:_PATHS]]
    more = f" and {len(differences) - _PATHS} more" if len(differences) > _PATHS else ""
    who = sorted({difference.manager for difference in differences if difference.manager})
    return f"{', '.join(paths)}{more}, changed by {' and '.join(who) or 'unknown'}"
