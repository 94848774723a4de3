"""What every use case works with, and how one names an endpoint that is nearly there."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeAlias

from gco.clock import Clock
from gco.core.model.endpoint import Endpoint, Revision
from gco.core.model.ids import Actor, EndpointName, RegionName
from gco.core.model.status import Region, RegionStatus
from gco.errors import NotFoundError, UnreadableError
from gco.store.port import Store


class Registry(NamedTuple):
    """The registered regions: a region whose record cannot be read is there, and not known."""

    regions: Mapping[RegionName, Region]
    unread: Mapping[RegionName, UnreadableError]

    def known(self, name: RegionName) -> Region:
        """Return a region; raises NotFoundError, UnreadableError."""
        if name in self.unread:
            raise self.unread[name]
        if name not in self.regions:
            names = [*self.regions, *self.unread]
            raise NotFoundError(f"no region is called {name}{did_you_mean(name, names)}")
        return self.regions[name]


OnUnread: TypeAlias = Callable[[UnreadableError], object]
"""Is called with why a record cannot be read."""


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """The store, the time, and on whose behalf."""

    store: Store
    clock: Clock
    actor: Actor
    on_unread: OnUnread | None = None
    """Takes what cannot be read of what is only shown; None: that is an error."""

    async def existing(self, name: EndpointName) -> Endpoint:
        """Return the endpoint; raises NotFoundError that proposes the nearest name."""
        found = (await self.store.get_many([name])).get(name)
        if found is None:
            raise await self.not_found(name)
        return found

    async def not_found(self, name: EndpointName) -> NotFoundError:
        """Return the error for an endpoint that does not exist."""
        known = [endpoint.name async for endpoint in self.store.list(unread=lambda *_: None)]
        return NotFoundError(f"no endpoint is called {name}{did_you_mean(name, known)}")

    async def registry(self) -> "Registry":
        """Return every registered region, those included whose records cannot be read."""
        unread: dict[RegionName, UnreadableError] = {}
        found = await self.store.regions(unread=unread.__setitem__)
        if self.on_unread is not None:
            for error in unread.values():
                self.on_unread(error)
        return Registry({region.name: region for region in found}, unread)

    async def shown_endpoints(self) -> Sequence[Endpoint]:
        """Return every endpoint that can be read: to show and to count, not to decide by absence."""
        return [endpoint async for endpoint in self.store.list(unread=self._unread())]

    async def shown_revisions(self, endpoint: Endpoint) -> Sequence[Revision]:
        """Return the newest revisions that can be read, as `shown_endpoints` does."""
        return await self.store.revisions(endpoint.name, endpoint.uid, unread=self._unread())

    async def shown_regions(self) -> Sequence[Region]:
        """Return every region that can be read, as `shown_endpoints` does."""
        return await self.store.regions(unread=self._unread())

    async def shown_statuses(self, region: RegionName) -> Sequence[RegionStatus]:
        """Return what can be read of what `region` reports, as `shown_endpoints` does."""
        return await self.store.statuses(region, unread=self._unread())

    async def shown_statuses_of(
        self, wanted: Mapping[EndpointName, Sequence[RegionName]]
    ) -> Sequence[RegionStatus]:
        """Return what can be read of what regions report of endpoints, as `shown_endpoints` does."""
        return await self.store.statuses_of(wanted, unread=self._unread())

    def _unread(self) -> Callable[[str, UnreadableError], object] | None:
        on_unread = self.on_unread
        return None if on_unread is None else lambda _, error: on_unread(error)


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return `; did you mean web?`, or nothing where no known name is near."""
    import difflib  # noqa: PLC0415  (only a mistake needs it)

    near = difflib.get_close_matches(given, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
