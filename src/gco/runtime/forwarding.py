"""A cluster that passes every request on to another, through one place that a wrapper overrides."""

import abc
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Literal, TypeVar

from typing_extensions import override

from gco.cluster.port import (
    Cluster,
    LogLine,
    LogOptions,
    Manifest,
    Page,
    Propagation,
    Subresource,
    WatchEvent,
)
from gco.kinds.registry import Kind

T = TypeVar("T")
Verb = Literal["get", "list", "watch", "apply", "create", "replace", "patch", "delete", "logs"]


class ForwardingCluster(Cluster):
    """Passes everything to `cluster`; single requests go through `_request`, streams not."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    @abc.abstractmethod
    async def _request(self, verb: Verb, kind: Kind, send: Callable[[], Awaitable[T]]) -> T:
        """Send one request: what a wrapper adds, it adds around this."""
        ...

    @override
    async def get(self, kind: Kind, namespace: str | None, name: str) -> Manifest:
        """As `Cluster.get`."""
        return await self._request("get", kind, lambda: self._cluster.get(kind, namespace, name))

    @override
    def list(
        self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> AsyncIterator[Page]:
        """As `Cluster.list`."""
        return self._cluster.list(kind, namespace, labels=labels, fields=fields)

    @override
    def watch(
        self,
        kind: Kind,
        namespace: str | None,
        *,
        after: str,
        labels: str = "",
        fields: str = "",
    ) -> AsyncIterator[WatchEvent]:
        """As `Cluster.watch`."""
        return self._cluster.watch(kind, namespace, after=after, labels=labels, fields=fields)

    @override
    async def apply(
        self,
        kind: Kind,
        manifest: Mapping[str, Any],
        *,
        manager: str,
        force: bool = True,
        subresource: Subresource | None = None,
    ) -> Manifest:
        """As `Cluster.apply`."""
        return await self._request(
            "apply",
            kind,
            lambda: self._cluster.apply(
                kind, manifest, manager=manager, force=force, subresource=subresource
            ),
        )

    @override
    async def create(
        self, kind: Kind, manifest: Mapping[str, Any], *, subresource: Subresource | None = None
    ) -> Manifest:
        """As `Cluster.create`."""
        return await self._request(
            "create",
            kind,
            lambda: self._cluster.create(kind, manifest, subresource=subresource),
        )

    @override
    async def replace(
        self, kind: Kind, manifest: Mapping[str, Any], *, subresource: Subresource | None = None
    ) -> Manifest:
        """As `Cluster.replace`."""
        return await self._request(
            "replace",
            kind,
            lambda: self._cluster.replace(kind, manifest, subresource=subresource),
        )

    @override
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
        """As `Cluster.patch`."""
        return await self._request(
            "patch",
            kind,
            lambda: self._cluster.patch(
                kind, namespace, name, operations, manager=manager, subresource=subresource
            ),
        )

    @override
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
        """As `Cluster.delete`."""
        await self._request(
            "delete",
            kind,
            lambda: self._cluster.delete(
                kind,
                namespace,
                name,
                uid=uid,
                propagation=propagation,
                grace_seconds=grace_seconds,
            ),
        )

    @override
    def log_lines(
        self, namespace: str, pod: str, options: LogOptions
    ) -> AsyncGenerator[LogLine, None]:
        """As `Cluster.log_lines`."""
        return self._cluster.log_lines(namespace, pod, options)

    @override
    async def close(self) -> None:
        """As `Cluster.close`."""
        await self._cluster.close()
