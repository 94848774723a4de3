"""Sees what happens in a cluster, and when: by watches of its own, the same for all that is timed."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

from gco.cluster.port import Cluster, Manifest
from gco.kinds.registry import Kind
from gco.runtime.informer import Informer

Holds = Callable[[Manifest | None], bool]
"""Whether an object (None: there is none) is as one waits for."""


class Observer:
    """Follows the objects of some kinds in one namespace."""

    def __init__(self, cluster: Cluster, namespace: str, kinds: Iterable[Kind]) -> None:
        self._informers: dict[Kind, Informer[Manifest]] = {}
        self._waiting: dict[tuple[Kind, str], list[tuple[Holds, asyncio.Future[float]]]] = {}
        for kind in kinds:
            informer: Informer[Manifest] = Informer(cluster, kind, namespace, project=_whole)
            informer.subscribe(self._taker(kind))
            self._informers[kind] = informer

    async def run(self) -> None:
        """Observe until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            for informer in self._informers.values():
                tasks.create_task(informer.run())

    async def synced(self) -> None:
        """Return once everything that is there is known."""
        for informer in self._informers.values():
            await informer.synced.wait()

    def get(self, kind: Kind, name: str) -> Manifest | None:
        """Return the object as it was last seen."""
        return self._informers[kind].get(name)

    def names(self, kind: Kind) -> list[str]:
        """Return the names of the objects that there are."""
        return list(self._informers[kind].items())

    def when(self, kind: Kind, name: str, holds: Holds) -> asyncio.Future[float]:
        """Return the loop time of the next event that makes `holds` true; events only, not now."""
        future: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault((kind, name), []).append((holds, future))
        return future

    def _taker(self, kind: Kind) -> Callable[[str, Any, Manifest | None], None]:
        def take(name: str, _: Manifest | None, new: Manifest | None) -> None:
            now = asyncio.get_running_loop().time()
            waiting = self._waiting.pop((kind, name), ())
            left = [(holds, it) for holds, it in waiting if not _settle(holds, it, new, now)]
            if left:
                self._waiting[kind, name] = left

        return take


def changed_back(good: Holds) -> Holds:
    """Return what holds at the first event where `good` does again, after one where it did not."""
    was_bad = False

    def holds(manifest: Manifest | None) -> bool:
        nonlocal was_bad
        is_good = good(manifest)
        was_bad = was_bad or not is_good
        return was_bad and is_good

    return holds


async def within(future: asyncio.Future[float], seconds: float, what: str) -> float:
    """Return what `future` gives; raises TimeoutError, saying `what` was waited for."""
    try:
        return await asyncio.wait_for(future, seconds)
    except TimeoutError:
        raise TimeoutError(f"waited {seconds:.0f} s for {what}") from None


def _settle(
    holds: Holds, future: asyncio.Future[float], manifest: Manifest | None, now: float
) -> bool:
    if future.done():
        return True
    if holds(manifest):
        future.set_result(now)
        return True
    return False


def _whole(manifest: Manifest) -> Manifest:
    return manifest
