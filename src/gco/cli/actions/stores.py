"""store: make one, and say which one it is."""

import dataclasses

from rich.text import Text

from gco.cli.options import Format
from gco.cli.render.grid import Row, grid
from gco.cli.screen import Screen
from gco.cli.session import Session
from gco.cli.texts import as_text
from gco.settings import Settings
from gco.store.records import SCHEMA_VERSION
from gco.wiring.stores import StoreMade, init_store


async def init(settings: Settings, screen: Screen, *, dry_run: bool, output: Format) -> None:
    """Make the store, or show the requests that would."""
    made = await init_store(settings, dry_run=dry_run)
    facts = {**dataclasses.asdict(made), "dryRun": dry_run}
    screen.emit(output, lambda: facts, lambda: _made(made, dry_run=dry_run))
    for note in made.notes:
        screen.say(f"warning: {note}")


async def info(session: Session, *, output: Format) -> None:
    """Show which store is used and what it holds."""
    unread: list[str] = []
    endpoints = [
        e.name async for e in session.store.list(unread=lambda name, _: unread.append(name))
    ]
    regions = await session.store.regions(unread=lambda name, _: unread.append(name))
    facts = {
        "url": session.settings.store_url,
        "identity": await session.store.identity(),
        "schemaVersion": SCHEMA_VERSION,
        "endpoints": len(endpoints),
        "regions": len(regions),
        "unreadable": len(unread),
        "changes": await session.store.head(),
    }
    rows = [Row((name, str(value))) for name, value in facts.items()]
    session.screen.emit(output, lambda: facts, lambda: grid((), rows, session.screen.width))


def _made(made: StoreMade, *, dry_run: bool) -> Text:
    if dry_run:
        plan = (
            as_text(dict(made.plan), Format.YAML)
            if made.plan
            else "a missing file would be created"
        )
        return Text(f"{made.url}: dry run, nothing was sent\n{plan}".rstrip())
    verb = "made" if made.created else "there already"
    return Text(f"{made.url}: {verb}, store {made.identity}")
