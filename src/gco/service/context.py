"""What every use case works with, and how one names an endpoint that is nearly there."""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeAlias

from gco.clock import Clock
from gco.core.model.endpoint import Endpoint
from gco.core.model.ids import Actor, EndpointName, RegionName
from gco.core.model.status import Region, RegionStatus
from gco.errors import NotFoundError, UnreadableError
from gco.store.port import Store

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

    async def registered(self) -> Mapping[RegionName, Region]:
        """Return every registered region by its name, or an error: its absence decides a target."""
        return {region.name: region for region in await self.store.regions()}

    async def shown_endpoints(self) -> Sequence[Endpoint]:
        """Return every endpoint that can be read: to show and to count, not to decide by absence."""
        return [endpoint async for endpoint in self.store.list(unread=self._unread())]

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
