"""Names in the store, for completion: what is there within a second, or nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from gco.cli.globals import Globals
from gco.contexts.choice import choose
from gco.contexts.file import contexts_path, read_contexts
from gco.errors import GcoError
from gco.settings import read_settings
from gco.store.port import Store
from gco.wiring.stores import open_store

SECONDS = 1.0
"""How long a person waits for TAB at the most."""


def context_names(incomplete: str) -> list[str]:
    """Return the names of contexts that begin with `incomplete`."""
    with contextlib.suppress(GcoError):
        known = read_contexts(contexts_path()).known
        return [name for name in known if name.startswith(incomplete)]
    return []


def endpoint_names(told: Globals, incomplete: str) -> list[str]:
    """Return the names of endpoints that begin with `incomplete`."""
    return _ask(told, incomplete, _endpoints)


def region_names(told: Globals, incomplete: str) -> list[str]:
    """Return the names of regions that begin with `incomplete`."""
    return _ask(told, incomplete, _regions)


def _ask(
    told: Globals, incomplete: str, names: Callable[[Store], Awaitable[Iterable[str]]]
) -> list[str]:
    async def look() -> list[str]:
        async with asyncio.timeout(SECONDS), _opened(told) as store:
            return [name for name in await names(store) if name.startswith(incomplete)]

    # A message would land in the middle of what is being typed.
    with contextlib.suppress(GcoError, OSError, TimeoutError):
        return asyncio.run(look())
    return []


@contextlib.asynccontextmanager
async def _opened(told: Globals) -> AsyncIterator[Store]:
    choice = choose(
        read_settings(), read_contexts(contexts_path()), store=told.store, context=told.context
    )
    store = await open_store(choice.settings)
    try:
        yield store
    finally:
        await store.close()


async def _endpoints(store: Store) -> Iterable[str]:
    unread: list[str] = []
    read = [e.name async for e in store.list(unread=lambda name, _: unread.append(name))]
    return [*read, *unread]


async def _regions(store: Store) -> Iterable[str]:
    unread: list[str] = []
    read = await store.regions(unread=lambda name, _: unread.append(name))
    return [*(region.name for region in read), *unread]
