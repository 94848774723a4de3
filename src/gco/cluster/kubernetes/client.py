"""The cluster port on a real API server: each method is one request, sent once."""

import random
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import aclosing
from typing import Any, Final

import orjson

from gco.cluster.kubernetes import requests
from gco.cluster.kubernetes.errors import error_of_status
from gco.cluster.kubernetes.lines import Lines
from gco.cluster.kubernetes.transport import Transport
from gco.cluster.port import (
    EventType,
    LogLine,
    LogOptions,
    Manifest,
    Page,
    Propagation,
    Subresource,
    WatchEvent,
)
from gco.errors import AbsentError, RejectedError, TransientError
from gco.kinds.registry import Kind

PAGE_SIZE: Final = 100
"""Objects; every kind is listed at once as a process starts, and memory that pages took then stays
with it: with 500 a monitor of 1,000 endpoints kept half as much again."""
_LONGEST_LOG_LINE: Final = 1 << 20
"""Bytes; a progress bar that is drawn over and over is one line, and may be as long as the log."""
WATCH_SECONDS: Final = (300, 600)
"""A watch's length is drawn from this range, so that not all of them are opened anew at once."""


class KubernetesCluster:
    """One API server. The promises are on :class:`gco.cluster.port.Cluster`."""

    def __init__(
        self,
        transport: Transport,
        *,
        page_size: int = PAGE_SIZE,
        watch_seconds: tuple[int, int] = WATCH_SECONDS,
    ) -> None:
        self._transport = transport
        self._page_size = page_size
        self._watch_seconds = watch_seconds

    async def get(self, kind: Kind, namespace: str | None, name: str) -> Manifest:
        """Return the object."""
        return await self._object(requests.get(kind, namespace, name))

    async def list(
        self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> AsyncGenerator[Page, None]:
        """Every object that matches, a page at a time; only one page is held."""
        following = ""
        while True:
            request = requests.list_page(
                kind,
                namespace,
                labels=labels,
                fields=fields,
                limit=self._page_size,
                following=following,
            )
            answer = await self._transport.json(request)
            metadata = answer["metadata"]
            yield Page(_items(kind, answer), metadata["resourceVersion"])
            following = metadata.get("continue", "")
            if not following:
                return

    async def watch(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        after: str,
        labels: str = "",
        fields: str = "",
    ) -> AsyncGenerator[WatchEvent, None]:
        """Changes that follow `after`, until the server ends the watch."""
        request = requests.watch(
            kind,
            namespace,
            after=after,
            labels=labels,
            fields=fields,
            seconds=random.randint(*self._watch_seconds),  # noqa: S311 - jitter, no secret
        )
        lines = Lines()
        # Closed with this generator: one that is only dropped keeps its connection for a while.
        async with aclosing(self._transport.chunks(request)) as chunks:
            async for chunk in chunks:
                for line in lines.feed(chunk):
                    yield _event(request, line)
        if lines.pending:
            raise TransientError(f"{request.what}: the watch ended within a line")

    async def apply(
        self,
        kind: Kind,
        manifest: Mapping[str, Any],
        *,
        manager: str,
        force: bool = True,
        subresource: Subresource | None = None,
    ) -> Manifest:
        """Server-side apply, strictly validated; return the object as it now is."""
        request = requests.apply(
            kind, manifest, manager=manager, force=force, subresource=subresource
        )
        return await self._object(request)

    async def create(
        self, kind: Kind, manifest: Mapping[str, Any], *, subresource: Subresource | None = None
    ) -> Manifest:
        """Create the object."""
        return await self._object(requests.create(kind, manifest, subresource=subresource))

    async def replace(
        self, kind: Kind, manifest: Mapping[str, Any], *, subresource: Subresource | None = None
    ) -> Manifest:
        """PUT the object."""
        return await self._object(requests.replace(kind, manifest, subresource=subresource))

    async def patch(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        operations: Sequence[Mapping[str, Any]],
        *,
        manager: str,
        subresource: Subresource | None = None,
    ) -> Manifest:
        """JSON patch."""
        request = requests.json_patch(
            kind, namespace, name, operations, manager=manager, subresource=subresource
        )
        return await self._object(request)

    async def delete(
        self,
        kind: Kind,
        namespace: str | None,
        name: str,
        *,
        uid: str | None = None,
        propagation: Propagation = "Background",
        grace_seconds: int | None = None,
    ) -> None:
        """Delete the object, if it still has `uid`."""
        request = requests.delete(
            kind,
            namespace,
            name,
            uid=uid,
            propagation=propagation,
            grace_seconds=grace_seconds,
        )
        await self._transport.body(request)

    async def log_lines(
        self, namespace: str, pod: str, options: LogOptions
    ) -> AsyncGenerator[LogLine, None]:
        """The log's lines with their times."""
        request = requests.log_lines(namespace, pod, options)
        cut = Lines(longest=_LONGEST_LOG_LINE)
        try:
            async with aclosing(self._transport.chunks(request, quiet=options.follow)) as chunks:
                async for chunk in chunks:
                    for line in cut.feed(chunk):
                        yield _log_line(line)
        except RejectedError as error:
            # HTTP 400 is how the kubelet says that there is no such run of the container.
            raise AbsentError(str(error)) from error
        for line in cut.feed(b"\n"):
            yield _log_line(line)

    async def close(self) -> None:
        """Release connections and open watches."""
        await self._transport.close()

    async def aclose(self) -> None:
        """Close, under the name that contextlib.aclosing looks for."""
        await self.close()

    async def _object(self, request: requests.Request) -> Manifest:
        answer: Manifest = await self._transport.json(request)
        return answer


def _items(kind: Kind, answer: Manifest) -> Sequence[Manifest]:
    """Return the items of a list with what it leaves out of each: their kind."""
    items: Sequence[Manifest] = answer.get("items") or ()
    for item in items:
        item["apiVersion"] = kind.api_version
        item["kind"] = kind.name
    return items


def _event(request: requests.Request, line: bytes) -> WatchEvent:
    try:
        told = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise TransientError(f"{request.what}: the watch sent what is not JSON") from error
    if told["type"] == "ERROR":
        raise error_of_status(request.what, told["object"])
    return WatchEvent(EventType(told["type"]), told["object"])


def _log_line(line: bytes) -> LogLine:
    time, _, text = line.decode(errors="replace").partition(" ")
    return LogLine(time, text.removesuffix("\r"))
