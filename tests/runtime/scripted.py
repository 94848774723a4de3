"""A cluster that answers by script: pages, events, errors and silences, in the order written."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from typing import Any

from gco.cluster.port import EventType, Page, WatchEvent
from gco.kinds.registry import Kind

Step = Page | WatchEvent | Exception | float
"""A float is seconds of silence; an exception ends the answer; so does the end of the script."""
SILENCE = 1e9


def manifest(name: str, version: int, *, uid: str = "", value: str = "", **more: Any) -> dict:
    metadata = {
        "name": name,
        "namespace": "ns",
        "uid": uid or name,
        "resourceVersion": f"{version}",
    }
    return {"metadata": metadata | more, "value": value}


def page(version: int, *items: dict) -> Page:
    return Page(items, str(version))


def added(name: str, version: int, **more: Any) -> WatchEvent:
    return WatchEvent(EventType.ADDED, manifest(name, version, **more))


def modified(name: str, version: int, **more: Any) -> WatchEvent:
    return WatchEvent(EventType.MODIFIED, manifest(name, version, **more))


def deleted(name: str, version: int, **more: Any) -> WatchEvent:
    return WatchEvent(EventType.DELETED, manifest(name, version, **more))


def bookmark(version: int) -> WatchEvent:
    return WatchEvent(EventType.BOOKMARK, {"metadata": {"resourceVersion": str(version)}})


class ScriptedCluster:
    """Answers each list and each watch with the next script; notes when each was asked for.

    Past its scripts a list repeats the last one, and a watch stays open in silence.
    """

    def __init__(
        self, *, lists: Iterable[Iterable[Step]], watches: Iterable[Iterable[Step]] = ()
    ) -> None:
        self._lists = [list(script) for script in lists]
        self._watches = [list(script) for script in watches]
        self.asked: list[tuple[str, float]] = []
        """`list` or `watch after N`, and when, in seconds of loop time."""
        self.open = 0
        """How many answers are being read now."""

    @property
    def requests(self) -> list[str]:
        return [what for what, _ in self.asked]

    @property
    def times(self) -> list[float]:
        return [round(when, 3) for _, when in self.asked]

    async def list(
        self, _kind: Kind, _namespace: str | None, **_selectors: str
    ) -> AsyncIterator[Page]:
        script = self._lists.pop(0) if len(self._lists) > 1 else self._lists[0]
        async for step in self._play("list", script):
            yield step

    async def watch(
        self, _kind: Kind, _namespace: str | None, *, after: str, **_selectors: str
    ) -> AsyncIterator[WatchEvent]:
        script = self._watches.pop(0) if self._watches else [SILENCE]
        async for step in self._play(f"watch after {after}", script):
            yield step

    async def _play(self, what: str, script: Iterable[Step]) -> AsyncIterator[Any]:
        self.asked.append((what, asyncio.get_running_loop().time()))
        self.open += 1
        try:
            for step in script:
                if isinstance(step, Exception):
                    raise step
                if isinstance(step, float):
                    await asyncio.sleep(step)
                else:
                    yield step
        finally:
            self.open -= 1
