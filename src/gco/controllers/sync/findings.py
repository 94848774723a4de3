"""What the sync loop found that a person should know: wishes in trouble, and orphans."""

from collections.abc import Sequence
from typing import Final

from gco.clock import Clock
from gco.core.model.ids import EndpointName
from gco.core.sync.copies import Copy
from gco.core.sync.report import Trouble
from gco.errors import AbsentError, ForbiddenError, GcoError
from gco.telemetry import get_logger

_REASONS: Final[dict[type[GcoError], str]] = {
    AbsentError: "NamespaceNotFound",
    ForbiddenError: "Forbidden",
}
"""Anything else is `Rejected`."""

_log = get_logger(__name__)


class Findings:
    """By endpoint name; each finding is logged when it is new, and kept until it is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._troubles: dict[EndpointName, Trouble] = {}
        self._orphans: dict[EndpointName, tuple[str, ...]] = {}

    def trouble(self, name: EndpointName) -> Trouble | None:
        """Return why the wish for `name` could not be carried down, None where it could."""
        return self._troubles.get(name)

    def failed(self, name: EndpointName, error: GcoError) -> None:
        """Note that the wish for `name` was refused; the same refusal again keeps its time."""
        reason = _REASONS.get(type(error), "Rejected")
        before = self._troubles.get(name)
        if before is None or (before.reason, before.message) != (reason, str(error)):
            self._troubles[name] = Trouble(reason, str(error), self._clock.now())

    def healed(self, name: EndpointName) -> None:
        """Note that the wish for `name` is carried down."""
        self._troubles.pop(name, None)

    def orphans_of(self, name: EndpointName, copies: Sequence[Copy]) -> None:
        """Note which custom resources of that name the store knows nothing of."""
        keys = tuple(f"{copy.namespace}/{copy.name}" for copy in copies)
        if keys and self._orphans.get(name) != keys:
            _log.warning("orphan", endpoint=name, objects=keys, why="the store does not know it")
        if keys:
            self._orphans[name] = keys
        else:
            self._orphans.pop(name, None)

    def orphans(self) -> Sequence[str]:
        """Return every orphan as `namespace/name`."""
        return sorted(key for keys in self._orphans.values() for key in keys)
