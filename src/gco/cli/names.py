"""Names in the store, for completion: what is there within a second, or nothing."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable

from gco.errors import GcoError
from gco.settings import read_settings
from gco.store.port import Store
from gco.wiring.stores import open_store

SECONDS = 1.0
"""How long a person waits for TAB at the most."""


def endpoint_names(store_url: str | None, incomplete: str) -> list[str]:
    """Return the names of endpoints that begin with `incomplete`."""
    return _ask(store_url, incomplete, _endpoints)


def region_names(store_url: str | None, incomplete: str) -> list[str]:
    """Return the names of regions that begin with `incomplete`."""
    return _ask(store_url, incomplete, _regions)


def _ask(
    store_url: str | None, incomplete: str, names: Callable[[Store], Awaitable[Iterable[str]]]
) -> list[str]:
    async def look() -> list[str]:
        async with asyncio.timeout(SECONDS), _opened(store_url) as store:
            return [name for name in await names(store) if name.startswith(incomplete)]

    # A message would land in the middle of what is being typed.
    with contextlib.suppress(GcoError, OSError, TimeoutError):
        return asyncio.run(look())
    return []


@contextlib.asynccontextmanager
async def _opened(store_url: str | None) -> AsyncIterator[Store]:
    settings = read_settings()
    told = settings if store_url is None else settings.model_copy(update={"store": store_url})
    store = await open_store(told)
    try:
        yield store
    finally:
        await store.close()


async def _endpoints(store: Store) -> Iterable[str]:
    return [endpoint.name async for endpoint in store.list()]


async def _regions(store: Store) -> Iterable[str]:
    return [region.name for region in await store.regions()]
