"""Whose turn it is: weights made true in any short run of requests, not only on average."""

from collections import defaultdict
from collections.abc import Hashable, Sequence


class Turns:
    """Smooth weighted round-robin, as nginx does it: with 90 and 10 every tenth turn is the other's."""

    def __init__(self) -> None:
        self._credit: dict[Hashable, dict[int, int]] = defaultdict(dict)

    def take(self, key: Hashable, weights: Sequence[int]) -> int | None:
        """Return the position whose turn it is among `weights`; None where all are 0."""
        total = sum(weights)
        if total <= 0:
            return None
        credit = self._credit[key]
        for position, weight in enumerate(weights):
            credit[position] = credit.get(position, 0) + weight
        first = max((p for p, w in enumerate(weights) if w), key=lambda p: (credit[p], -p))
        credit[first] -= total
        return first
