"""What the controllers know of the cluster: every object, followed by list and watch."""

import asyncio
import contextlib
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeAlias

from gco.cluster.memory.resources import kinds_of
from gco.cluster.port import Cluster, EventType, Manifest, WatchEvent
from gco.errors import AbsentError, ExpiredError, TransientError
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, INFERENCE_ENDPOINT, KINDS, Kind

Key: TypeAlias = tuple[str, str]
Handler: TypeAlias = Callable[[Kind, Manifest | None, Manifest | None], None]
"""Takes the kind, and the object before and after; None for one that is not there."""

_RETRY_SECONDS = 0.1


class Mirror:
    """A cache of all kinds, those of CRDs as they come and go."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._objects: dict[Kind, dict[Key, Manifest]] = {}
        self._by_uid: dict[str, tuple[Kind, Key]] = {}
        self._owned: dict[str, dict[tuple[Kind, Key], None]] = {}
        self._gone: set[str] = set()
        """The uids of what was deleted: the answer to a write that arrives late brings none back."""
        self._handlers: list[Handler] = []
        self._tasks: dict[Kind, asyncio.Task[None]] = {}

    def subscribe(self, handler: Handler) -> None:
        """Have `handler` told of every change, after it is in the cache."""
        self._handlers.append(handler)

    def get(self, kind: Kind, key: Key) -> Manifest | None:
        """Return the object as last seen."""
        return self._objects.get(kind, {}).get(key)

    def all(self, kind: Kind) -> Mapping[Key, Manifest]:
        """Return all objects of a kind."""
        return self._objects.get(kind, {})

    def everything(self) -> Iterator[tuple[Kind, Key, Manifest]]:
        """All objects of all kinds."""
        for kind, objects in self._objects.items():
            for key, manifest in objects.items():
                yield kind, key, manifest

    def find(self, uid: str) -> tuple[Kind, Manifest] | None:
        """Return the object that has `uid`."""
        place = self._by_uid.get(uid)
        found = self.get(*place) if place else None
        return (place[0], found) if place and found else None

    def owned(self, uid: str, kind: Kind | None = None) -> list[tuple[Kind, Manifest]]:
        """Return the objects (of `kind`) that name the uid as an owner, the oldest first."""
        places = [place for place in self._owned.get(uid, ()) if kind in (None, place[0])]
        found = [(place[0], manifest) for place in places if (manifest := self.get(*place))]
        return sorted(found, key=lambda each: _age(each[1]))

    def controller(self, kind: Kind, manifest: Manifest) -> Key | None:
        """Return the object of `kind` that controls `manifest`; None where none that is known does."""
        owner = self.find(controller_of(manifest) or "")
        return key_of(owner[1]) if owner is not None and owner[0] == kind else None

    def record(self, kind: Kind, manifest: Manifest) -> None:
        """Take an own write into the cache; an older watch event will not undo it."""
        self._put(kind, manifest)

    async def run(self) -> None:
        """Follow every kind until cancelled."""
        try:
            async with asyncio.TaskGroup() as group:
                for kind in KINDS:
                    if kind != INFERENCE_ENDPOINT:
                        group.create_task(self._follow(kind))
        finally:
            for task in self._tasks.values():
                task.cancel()

    async def _follow(self, kind: Kind) -> None:
        while True:
            try:
                version = await self._list(kind)
                await self._watch(kind, version)
            except ExpiredError:
                continue
            except TransientError:
                await asyncio.sleep(_RETRY_SECONDS)
            except AbsentError:  # its CRD is gone
                self._replace(kind, {})
                return

    async def _list(self, kind: Kind) -> str:
        listed: dict[Key, Manifest] = {}
        version = "0"
        async for page in self._cluster.list(kind, None):
            version = page.resource_version
            listed |= {key_of(manifest): manifest for manifest in page.items}
        self._replace(kind, listed)
        return version

    async def _watch(self, kind: Kind, version: str) -> None:
        async with contextlib.aclosing(
            self._cluster.watch(kind, None, after=version)  # type: ignore[type-var]  # a generator
        ) as events:
            async for event in events:
                self._take(kind, event)

    def _take(self, kind: Kind, event: WatchEvent) -> None:
        match event.type:
            case EventType.BOOKMARK:
                return
            case EventType.DELETED:
                self._drop(kind, key_of(event.object), uid_of(event.object))
            case _:
                self._put(kind, event.object)

    def _replace(self, kind: Kind, listed: Mapping[Key, Manifest]) -> None:
        for key in [key for key in self.all(kind) if key not in listed]:
            self._drop(kind, key, uid_of(self.all(kind)[key]))
        for manifest in listed.values():
            self._put(kind, manifest)

    def _put(self, kind: Kind, manifest: Manifest) -> None:
        key = key_of(manifest)
        old = self.get(kind, key)
        if uid_of(manifest) in self._gone:
            return
        if old is not None and uid_of(old) != uid_of(manifest):
            self._drop(kind, key, uid_of(old))  # made again under its name, before its end was seen
            old = None
        if old is not None and _version(old) >= _version(manifest):
            return
        self._objects.setdefault(kind, {})[key] = manifest
        self._index(kind, key, old, manifest)
        self._tell(kind, old, manifest)

    def _drop(self, kind: Kind, key: Key, uid: str) -> None:
        self._gone.add(uid)
        old = self.get(kind, key)
        if old is not None and uid_of(old) == uid:
            del self._objects[kind][key]
            self._index(kind, key, old, None)
            self._tell(kind, old, None)

    def _index(self, kind: Kind, key: Key, old: Manifest | None, new: Manifest | None) -> None:
        for owner in owners(old):
            self._owned.get(owner["uid"], {}).pop((kind, key), None)
        if old is not None and (new is None or uid_of(new) != uid_of(old)):
            self._by_uid.pop(uid_of(old), None)
        if new is not None:
            self._by_uid[uid_of(new)] = (kind, key)
            for owner in owners(new):
                self._owned.setdefault(owner["uid"], {})[kind, key] = None

    def _tell(self, kind: Kind, old: Manifest | None, new: Manifest | None) -> None:
        if kind == CUSTOM_RESOURCE_DEFINITION:
            self._follow_defined(new)
        for handler in self._handlers:
            handler(kind, old, new)

    def _follow_defined(self, definition: Manifest | None) -> None:
        for kind in kinds_of(definition) if definition else ():
            task = self._tasks.get(kind)
            if task is None or task.done():
                self._tasks[kind] = asyncio.create_task(self._follow(kind))


def owners(manifest: Manifest | None) -> list[dict[str, Any]]:
    """Return the ownerReferences of an object."""
    return (manifest or {}).get("metadata", {}).get("ownerReferences") or []


def controller_of(manifest: Manifest) -> str | None:
    """Return the uid of the one owner that controls the object."""
    return next((str(each["uid"]) for each in owners(manifest) if each.get("controller")), None)


def uid_of(manifest: Manifest) -> str:
    """Return the object's uid."""
    return str(manifest["metadata"]["uid"])


def key_of(manifest: Manifest) -> Key:
    """Return the object's namespace (empty for none) and name."""
    metadata = manifest["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _version(manifest: Manifest) -> int:
    return int(manifest["metadata"]["resourceVersion"])


def _age(manifest: Manifest) -> tuple[str, str]:
    return manifest["metadata"]["creationTimestamp"], manifest["metadata"]["name"]
