"""How one rollout replaces pods, where the strategy `auto` leaves that to us."""

import enum

from gco.core.model.spec import Rollout, RolloutStrategy


class Replacing(enum.StrEnum):
    """How one rollout replaces pods; the value is what the Deployment's annotation holds."""

    SURGE = "surge"
    """A new pod first."""
    IN_PLACE = "in-place"
    """An old pod goes first, one at a time."""


def choose(rollout: Rollout | None, fewest: int, *, fits: bool) -> Replacing:
    """Return what `auto` chooses; a single pod that has to wait for room is replaced by a surge."""
    return Replacing.IN_PLACE if may_gap(rollout, fewest) and not fits else Replacing.SURGE


def may_gap(rollout: Rollout | None, fewest: int) -> bool:
    """Whether a pod may go before its replacement is ready: not the last one, unless allowed.

    `fewest` is the smallest number of replicas that may run while the strategy stands.
    """
    return fewest > 1 or bool(rollout and rollout.allow_downtime)


def is_auto(rollout: Rollout | None) -> bool:
    """Whether it is left to us how pods are replaced."""
    return rollout is None or rollout.strategy in (None, RolloutStrategy.AUTO)
