"""Facts that can be read, shown as a table or as data, and watched."""

import asyncio
import dataclasses
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Generic, TypeVar

from rich.text import Text

from gco.cli.options import Format
from gco.cli.session import Session
from gco.store.port import Store, Version

T = TypeVar("T")

AGE_SECONDS = 10.0
"""How often facts are read anew though nothing was written: a region falls silent without news."""
CALM_SECONDS = 0.2
"""What is written within this time is shown together."""


@dataclasses.dataclass(frozen=True, slots=True)
class Exhibit(Generic[T]):
    """Facts, and how they look."""

    read: Callable[[], Awaitable[T]]
    data: Callable[[T], Any]
    table: Callable[[T], Text]


async def show(session: Session, exhibit: Exhibit[T], output: Format, *, watch: bool) -> None:
    """Print the facts once, or again at each change until someone stops it."""
    if not watch:
        facts = await exhibit.read()
        session.screen.emit(output, lambda: exhibit.data(facts), lambda: exhibit.table(facts))
    elif output is Format.TABLE and session.screen.interactive:
        await _animate(session, exhibit)
    else:
        await _print_changes(session, exhibit, output)


async def news(store: Store, seen: Version, within: float) -> Version:
    """Return when something was written to the store, or after `within` seconds."""
    try:
        async with asyncio.timeout(within):
            return await store.wait(seen)
    except TimeoutError:
        return seen


async def _animate(session: Session, exhibit: Exhibit[T]) -> None:
    facts = await exhibit.read()

    def picture() -> Text:
        return exhibit.table(facts)

    async with session.screen.live(picture) as redraw:
        async for fresh in _changes(session, exhibit):
            facts = fresh
            redraw()


async def _print_changes(session: Session, exhibit: Exhibit[T], output: Format) -> None:
    from gco.cli.texts import as_line, as_text  # noqa: PLC0415  (tables need no YAML)

    first = True
    async for facts in _changes(session, exhibit):
        match output:
            case Format.JSON:
                session.screen.write(as_line(exhibit.data(facts)))
            case Format.YAML:
                text = as_text(exhibit.data(facts), output)
                session.screen.write(text if first else f"---\n{text}")
            case Format.TABLE:
                table = exhibit.table(facts)
                session.screen.show(table if first else Text("\n") + table)
        first = False


async def _changes(session: Session, exhibit: Exhibit[T]) -> AsyncIterator[T]:
    """The facts now, and whenever they have changed."""
    seen = Version(0)
    before: T | None = None
    while True:
        seen = await news(session.store, seen, AGE_SECONDS) if before is not None else seen
        facts = await exhibit.read()
        if facts != before:
            yield facts
        before = facts
        await asyncio.sleep(CALM_SECONDS)
