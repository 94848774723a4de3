"""What every use case works with, and how one names an endpoint that is nearly there."""

import dataclasses
from collections.abc import Iterable, Mapping

from gco.clock import Clock
from gco.core.model.endpoint import Endpoint
from gco.core.model.ids import Actor, EndpointName, RegionName
from gco.core.model.status import Region
from gco.errors import NotFoundError
from gco.store.port import Store


@dataclasses.dataclass(frozen=True, slots=True)
class Context:
    """The store, the time, and on whose behalf."""

    store: Store
    clock: Clock
    actor: Actor

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
        """Return every registered region by its name."""
        return {region.name: region for region in await self.store.regions()}


def did_you_mean(given: str, known: Iterable[str]) -> str:
    """Return `; did you mean web?`, or nothing where no known name is near."""
    import difflib  # noqa: PLC0415  (only a mistake needs it)

    near = difflib.get_close_matches(given, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""
