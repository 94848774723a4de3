"""How often an object is repaired that someone else keeps changing back."""

import dataclasses

_FORGET = 600.0
"""Seconds without a repair after which a change is a first one again."""
_LONGEST = 300.0


@dataclasses.dataclass(frozen=True, slots=True)
class Fight:
    """The repairs of one object in a row; times are seconds of the caller's monotonic clock."""

    repairs: int = 0
    last: float = 0.0

    def due(self, now: float) -> float:
        """Return seconds until the next repair may be made: none for the first, then doubling."""
        if not self.repairs or now - self.last >= _FORGET:
            return 0.0
        delay = min(_LONGEST, 2.0 ** (self.repairs - 1))
        return max(0.0, self.last + delay - now)

    def repaired(self, now: float) -> "Fight":
        """Return the fight with one repair more, or a new one after a long peace."""
        begun = self.repairs if self.repairs and now - self.last < _FORGET else 0
        return Fight(begun + 1, now)
