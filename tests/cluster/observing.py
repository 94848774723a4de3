"""Reading a cluster through its port, and waiting on it by watching, never by sleeping."""

import asyncio
from collections.abc import Callable
from contextlib import aclosing

from gco.cluster.port import Cluster, EventType, Manifest, WatchEvent
from gco.errors import AbsentError
from gco.kinds.registry import Kind

WITHIN = 30.0
"""Seconds that the slowest controller of a busy machine gets."""


async def listed(
    cluster: Cluster, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = ""
) -> dict[str, Manifest]:
    """All pages of a listing, by name."""
    pages = cluster.list(kind, namespace, labels=labels, fields=fields)
    return {item["metadata"]["name"]: item async for page in pages for item in page.items}


async def version_of(cluster: Cluster, kind: Kind, namespace: str | None) -> str:
    """The resourceVersion that a watch which follows a listing of now starts from."""
    return [page.resource_version async for page in cluster.list(kind, namespace)][-1]


async def events(
    cluster: Cluster, kind: Kind, namespace: str, *, after: str, count: int, labels: str = ""
) -> list[WatchEvent]:
    """The next `count` events that are not bookmarks."""
    seen: list[WatchEvent] = []
    watch = cluster.watch(kind, namespace, after=after, labels=labels)
    async with asyncio.timeout(WITHIN), aclosing(watch):
        async for event in watch:
            if event.type is not EventType.BOOKMARK:
                seen.append(event)
            if len(seen) == count:
                break
    return seen


async def until(
    cluster: Cluster,
    kind: Kind,
    namespace: str,
    name: str,
    condition: Callable[[Manifest], object],
) -> Manifest:
    """The object, once `condition` is true of it."""
    version = await version_of(cluster, kind, namespace)
    found = await listed(cluster, kind, namespace, fields=f"metadata.name={name}")
    if name in found and condition(found[name]):
        return found[name]
    watch = cluster.watch(kind, namespace, after=version, fields=f"metadata.name={name}")
    async with asyncio.timeout(WITHIN), aclosing(watch):
        async for event in watch:
            if event.type in {EventType.ADDED, EventType.MODIFIED} and condition(event.object):
                return event.object
    raise TimeoutError(f"the watch of {name} ended early")


async def until_gone(cluster: Cluster, kind: Kind, namespace: str, name: str) -> None:
    """Return once nothing has that name."""
    version = await version_of(cluster, kind, namespace)
    if await absent(cluster, kind, namespace, name):
        return
    watch = cluster.watch(kind, namespace, after=version, fields=f"metadata.name={name}")
    async with asyncio.timeout(WITHIN), aclosing(watch):
        async for event in watch:
            if event.type is EventType.DELETED:
                return


async def absent(cluster: Cluster, kind: Kind, namespace: str, name: str) -> bool:
    """Whether nothing has that name now."""
    try:
        await cluster.get(kind, namespace, name)
    except AbsentError:
        return True
    return False


def entry(obj: Manifest, manager: str, operation: str = "Apply", subresource: str = "") -> Manifest:
    """The fieldsV1 of one managedFields entry, or an empty one where the manager has none."""
    for each in obj["metadata"].get("managedFields", ()):
        key = (each["manager"], each["operation"], each.get("subresource", ""))
        if key == (manager, operation, subresource):
            return each["fieldsV1"]
    return {}
