"""Events of an endpoint in one region: those that are there, and each further one as it comes."""

from collections.abc import AsyncIterator
from typing import TypeAlias

from gco.cluster.port import Cluster, Manifest
from gco.errors import GcoError
from gco.kinds.registry import EVENT
from gco.reach.events import Event, Owner, event_of, is_of
from gco.reach.finding import Found
from gco.reach.place import Place, Trouble, why
from gco.reach.reaching import reached, watched
from gco.runtime.informer import Informer
from gco.runtime.streams import closing

Noted: TypeAlias = Event | Trouble


async def read(place: Place, owner: Owner, namespace: str) -> AsyncIterator[Noted]:
    """Yield what the region's cluster noted of the endpoint, in no order."""
    try:
        async with place.opened() as cluster:
            pages = cluster.list(EVENT, namespace)
            async with closing(pages):
                async for page in pages:
                    for manifest in page.items:
                        if is_of(owner, manifest):
                            yield event_of(place.region, manifest)
    except GcoError as error:
        yield Trouble(place.region, why(error))


def follow(place: Place, owner: Owner, namespace: str) -> AsyncIterator[Noted]:
    """Yield what was noted, then each further event, and each one that happens again."""
    return reached(place, lambda cluster: _followed(cluster, place.region, owner, namespace))


def _followed(cluster: Cluster, region: str, owner: Owner, namespace: str) -> AsyncIterator[Event]:
    found: Found[Event] = Found()

    def project(manifest: Manifest) -> Event | None:
        return event_of(region, manifest) if is_of(owner, manifest) else None

    def take(_key: str, old: Event | None, new: Event | None) -> None:
        if new is not None and new != old:
            found.put_nowait(new)

    informer = Informer(cluster, EVENT, namespace, project=project)
    informer.subscribe(take)
    found.start(watched(region, informer))
    return found.items()
