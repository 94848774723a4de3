"""wait: follow endpoints until they are where they should be, and show how far they are."""

import asyncio
from collections.abc import Sequence

from rich.text import Text

from gco.cli import data
from gco.cli.options import Format
from gco.cli.render.progress import changes_between, progress_text
from gco.cli.session import Session
from gco.core.model.ids import EndpointName
from gco.errors import GcoError, NotFoundError
from gco.service import Until
from gco.service.results import EndpointView


class FailedError(GcoError):
    """A region says that it will not get there by itself."""


async def wait(
    session: Session, names: Sequence[str], *, until: Until, patience: float, output: Format
) -> None:
    """Wait, show progress, and print where the endpoints stand in the end.

    Raises FailedError, TimedOutError, or NotFoundError where one was deleted meanwhile.
    """
    if until is not Until.DELETED:
        for name in names:  # a mistyped name is reported now, not after the others' time
            await session.service.get(EndpointName(name))
    views = await follow(session, names, until=until, patience=patience, output=output)
    if output is not Format.TABLE:
        facts = [data.status(view) for view in views]
        session.screen.emit(output, lambda: facts[0] if len(names) == 1 else facts, Text)
    _conclude(session, views, until, aloud=output is Format.TABLE)


async def settle(session: Session, names: Sequence[str], *, until: Until, patience: float) -> None:
    """Wait as part of another command, whose own facts are printed already."""
    if names:
        views = await follow(session, names, until=until, patience=patience, output=Format.TABLE)
        _conclude(session, views, until, aloud=True)


async def follow(
    session: Session, names: Sequence[str], *, until: Until, patience: float, output: Format
) -> Sequence[EndpointView]:
    """Show progress until every endpoint is there; return the last view of each."""
    watched = _Watched(session, list(dict.fromkeys(names)), quiet=output is not Format.TABLE)
    if session.screen.interactive and output is Format.TABLE:
        async with session.screen.live(watched.picture):
            await watched.follow(until, patience)
    else:
        await watched.follow(until, patience)
    return watched.views


class _Watched:
    """The endpoints that are waited for, as they were seen last."""

    def __init__(self, session: Session, names: Sequence[str], *, quiet: bool) -> None:
        self._session = session
        self._names = names
        self._quiet = quiet
        self._began = asyncio.get_running_loop().time()
        self._seen: dict[str, EndpointView] = {}

    @property
    def views(self) -> Sequence[EndpointView]:
        """The last view of each endpoint, in the order in which they were asked for."""
        return [self._seen[name] for name in self._names if name in self._seen]

    def picture(self) -> Text:
        """The live table."""
        now, width = self._session.clock.now(), self._session.screen.width
        return progress_text(self.views, self._elapsed(), now, width)

    async def follow(self, until: Until, seconds: float) -> None:
        """Return when every endpoint is there or will not get there."""
        failures = await asyncio.gather(
            *(self._one(name, until, seconds) for name in self._names), return_exceptions=True
        )
        for failure in failures:
            if failure is not None:
                raise failure

    async def _one(self, name: str, until: Until, seconds: float) -> None:
        views = self._session.service.wait(EndpointName(name), until=until, timeout=seconds)
        async for view in views:
            before = self._seen.get(name)
            self._seen[name] = view
            self._tell(before, view)

    def _tell(self, before: EndpointView | None, view: EndpointView) -> None:
        """Print one line a change where nobody looks at a live table."""
        if self._session.screen.interactive and not self._quiet:
            return
        known = {region.region: region for region in before.regions} if before else {}
        for line in changes_between(known, view, self._elapsed()):
            if self._quiet:
                self._session.screen.say(line)
            else:
                self._session.screen.show(Text(line))

    def _elapsed(self) -> float:
        return asyncio.get_running_loop().time() - self._began


def _conclude(
    session: Session, views: Sequence[EndpointView], until: Until, *, aloud: bool
) -> None:
    """Say what the last look could not show; raise where an endpoint is not where it should be."""
    for view in views:
        if until is Until.DELETED:
            if aloud:
                session.screen.say(f"{view.name} is deleted; nothing of it is left")
        elif view.failed and not view.ready:
            raise FailedError(f"{view.name} will not get there by itself: {view.summary}")
        elif not view.ready:
            raise NotFoundError(f"{view.name} was deleted meanwhile")
