"""The last events of endpoints, for `gco status`: asked where a way to a cluster is known, and then only.

A person who has bound no region pays nothing for this: clients of clusters are imported on use.
"""

import asyncio
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from rich.text import Text

from gco.cli.session import Session
from gco.service.results import EndpointView

if TYPE_CHECKING:
    from gco.reach.events import Event

NO_WAY = "no way to its cluster is known (`gco context bind`)"


class Recent:
    """What is known of the last events of some endpoints."""

    def __init__(self, session: Session, *, asked: bool) -> None:
        self._session = session
        self._asked = asked
        self._events: dict[str, Sequence[Event]] = {}
        self._missing: dict[str, Mapping[str, str]] = {}

    async def ask(self, views: Sequence[EndpointView]) -> None:
        """Ask the clusters of the regions of `views`, those that can be."""
        if self._asked:
            ways = await self._ways()
            await asyncio.gather(*(self._ask(view, ways) for view in views))

    def text(self, view: EndpointView) -> Text:
        """Return the events as people see them; nothing where nobody was asked."""
        if view.name not in self._missing:
            return Text()
        from gco.cli.render.events import latest_text  # noqa: PLC0415  (as above)

        now, width = self._session.clock.now(), self._session.screen.width
        known, missing = self._events.get(view.name, ()), self._missing[view.name]
        return latest_text(known, missing, now, width)

    def facts(self, view: EndpointView) -> dict[str, Any]:
        """Return the events as data, and which regions could not be asked, and why."""
        if view.name not in self._missing:
            return {}
        from gco.cli.actions.events import facts  # noqa: PLC0415  (as above)

        known = [facts(event) for event in self._events.get(view.name, ())]
        return {"events": known, "eventsMissing": dict(self._missing[view.name])}

    async def _ways(self) -> set[str]:
        """The regions whose clusters can be asked from here."""
        from gco.wiring.published import published_way  # noqa: PLC0415  (as above)

        registered = await self._session.service.known_regions()
        found = {str(region.name) for region in registered if published_way(region)}
        return found | set(self._session.choice.regions)

    async def _ask(self, view: EndpointView, ways: set[str]) -> None:
        regions = [str(region.region) for region in view.regions]
        if not ways & set(regions):
            self._missing[view.name] = dict.fromkeys(regions, NO_WAY)
            return
        from gco.cli.actions.events import latest  # noqa: PLC0415  (as above)

        self._events[view.name], self._missing[view.name] = await latest(self._session, view)
