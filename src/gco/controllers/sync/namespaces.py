"""Which namespaces of this region are not served, and what their endpoints report for that."""

from collections.abc import Callable, Collection, Mapping
from typing import Final

from gco.clock import Clock
from gco.core.sync.report import Trouble

LOOK_SECONDS: Final = 15.0
"""How often to look whether a namespace can be watched; asks nobody."""


def none_unwatched() -> Mapping[str, str]:
    """Return that every namespace is watched."""
    return {}


class Namespaces:
    """What is wrong with namespaces: one is not allowed, or the monitor cannot watch it.

    `allowed` are those of GCO_NAMESPACES; `unwatched` returns, for each that cannot be watched, the
    cause and the next step.
    """

    def __init__(
        self, clock: Clock, allowed: Collection[str], unwatched: Callable[[], Mapping[str, str]]
    ) -> None:
        self._clock = clock
        self._allowed = frozenset(allowed)
        self._unwatched = unwatched
        self._began = clock.now()
        self._troubles: dict[str, Trouble] = {}

    def is_allowed(self, namespace: str) -> bool:
        """Whether this region serves endpoints of `namespace`."""
        return namespace in self._allowed

    def trouble(self, namespace: str) -> Trouble | None:
        """Return why endpoints of `namespace` are not served; None where they are."""
        if self.is_allowed(namespace):
            return self._troubles.get(namespace)
        message = (
            f"namespace {namespace} is not in GCO_NAMESPACES of this region's monitors: nothing of the "
            "endpoint is watched or repaired here. Add the namespace, or delete the endpoint"
        )
        return Trouble("NamespaceNotAllowed", message, self._began)

    def look(self) -> set[str]:
        """Look which namespaces are watched; return those of which something else is to be said."""
        before, now = self._troubles, self._clock.now()
        self._troubles = {}
        for namespace, message in self._unwatched().items():
            known = before.get(namespace)
            since = now if known is None else known.since
            self._troubles[namespace] = Trouble("NotWatched", message, since, final=False)
        return {n for n in before | self._troubles if before.get(n) != self._troubles.get(n)}
