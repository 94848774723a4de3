"""What the sync loop found that a person should know: wishes in trouble, and orphans."""

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Final

from gco.clock import Clock
from gco.core.model.bounds import LONGEST_UID, MOST_LOST, MOST_ORPHANS
from gco.core.model.ids import EndpointName, EndpointUid, RevisionNumber
from gco.core.model.status import Lost, Region
from gco.core.sync.copies import Copy
from gco.core.sync.report import Trouble
from gco.errors import AbsentError, ForbiddenError, GcoError, ThrottledError, TransientError
from gco.kinds.reading import quote
from gco.runtime.failures import says_namespace_ends
from gco.telemetry import get_logger

_REASONS: Final[dict[type[GcoError], str]] = {
    AbsentError: "NamespaceNotFound",
    ForbiddenError: "Forbidden",
    TransientError: "ApplyFailed",
    ThrottledError: "ApplyFailed",
}
"""Anything else is `Rejected`."""
_TERMINATING: Final = "Terminating"
_NAMESPACE_ENDS: Final = "NamespaceTerminating"
_NAMESPACE_STEP: Final = "delete the endpoint, or create the namespace again once it is gone"
_PASSING: Final = frozenset({*_REASONS.values(), _TERMINATING})
"""What a definition that is being replaced, an API server that has just started or a webhook that is
restarted answers for a moment: told once it has lasted."""
_LONGEST: Final = 2000
"""Bytes of a refusal that are kept and reported: a webhook may quote the whole object."""
_MOMENT: Final = dt.timedelta(seconds=30)
WAITED_FOR: Final = dt.timedelta(minutes=5)
"""How long a custom resource that is being deleted may stay until its endpoint counts as stalled."""

_log = get_logger(__name__)


class Findings:
    """By endpoint name; each finding is logged when it is new, and kept until it is over."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._troubles: dict[EndpointName, Trouble] = {}
        self._orphans: dict[EndpointName, tuple[str, ...]] = {}
        self._lost: dict[str, Lost] = {}

    def trouble(self, name: EndpointName) -> Trouble | None:
        """Return why the wish for `name` cannot be carried down; None where it can, or soon may."""
        found = self._troubles.get(name)
        if found is None or found.reason not in _PASSING:
            return found
        return found if self._clock.now() - found.since >= _MOMENT else None

    def failed(self, name: EndpointName, error: GcoError) -> None:
        """Note that the wish for `name` was refused; the same reason again keeps its time."""
        reason, message = _REASONS.get(type(error), "Rejected"), str(error)
        if says_namespace_ends(error):
            reason, message = _NAMESPACE_ENDS, f"{message}; {_NAMESPACE_STEP}"
        since = self._since(name, reason)
        final = reason != "ApplyFailed"
        self._troubles[name] = Trouble(reason, quote(message, _LONGEST), since, final)

    def refused(
        self, name: EndpointName, reason: str, message: str, *, elsewhere: bool = True
    ) -> None:
        """Note why the custom resource of that name is left alone.

        `elsewhere`: the name belongs to another endpoint's custom resource.
        """
        since = self._since(name, reason)
        self._troubles[name] = Trouble(reason, quote(message, _LONGEST), since, elsewhere=elsewhere)

    def waits(self, name: EndpointName, message: str) -> None:
        """Note that a custom resource on its way out keeps the wanted one from being made."""
        since = self._since(name, _TERMINATING)
        final = self._clock.now() - since >= WAITED_FOR
        self._troubles[name] = Trouble(_TERMINATING, message, since, final)

    def look_in(self, name: EndpointName) -> float | None:
        """Return after how many seconds time alone changes what a wait is; None where it does not."""
        found = self._troubles.get(name)
        if found is None or found.reason != _TERMINATING:
            return None
        passed = self._clock.now() - found.since
        left = [end - passed for end in (_MOMENT, WAITED_FOR) if end > passed]
        return min(left).total_seconds() if left else None

    def _since(self, name: EndpointName, reason: str) -> dt.datetime:
        before = self._troubles.get(name)
        return before.since if before and before.reason == reason else self._clock.now()

    def healed(self, name: EndpointName) -> None:
        """Note that the wish for `name` is carried down."""
        self._troubles.pop(name, None)

    def orphans_of(self, name: EndpointName, copies: Sequence[Copy], store: str) -> None:
        """Note which custom resources of that name the store with the uid `store` does not know."""
        keys = tuple(_key(copy, store) for copy in copies)
        if keys and self._orphans.get(name) != keys:
            _log.warning("orphan", endpoint=name, objects=keys, why="the store does not know it")
        for key in self._orphans.pop(name, ()):
            self._lost.pop(key, None)
        if keys:
            self._orphans[name] = keys
        for key, copy in zip(keys, copies, strict=True):
            if copy.is_foreign(store):
                continue  # another store knows it
            if copy.uid and len(copy.uid) <= LONGEST_UID and not copy.edited:
                self._lost[key] = Lost(
                    uid=EndpointUid(copy.uid), revision=RevisionNumber(copy.revision)
                )

    def lost(self) -> Mapping[str, Lost]:
        """Return what orphans say of themselves, by `namespace/name`, unless a hand edited them.

        The first MOST_LOST of them.
        """
        return {key: self._lost[key] for key in sorted(self._lost)[:MOST_LOST]}

    def on(self, region: Region) -> Region:
        """Return `region` with the orphans, as many as its record holds, and their count."""
        orphans = self.orphans()
        return region.model_copy(
            update={
                "orphans": tuple(orphans[:MOST_ORPHANS]),
                "orphan_count": len(orphans),
                "lost": self.lost(),
            }
        )

    def orphans(self) -> Sequence[str]:
        """Return every orphan as `namespace/name`."""
        return sorted(key for keys in self._orphans.values() for key in keys)


def _key(copy: Copy, store: str) -> str:
    key = f"{copy.namespace}/{copy.name}"
    return f"{key} (of the store {copy.store})" if copy.is_foreign(store) else key
