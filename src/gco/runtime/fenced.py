"""A cluster that writes only while this process leads: the check before each send."""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any

from typing_extensions import override

from gco.cluster.port import Cluster, Manifest, Page, Propagation, Subresource, WatchEvent
from gco.kinds import Kind


class FencedCluster(Cluster):
    """Passes everything to `cluster`, but calls `assert_leading` before each write.

    That raises NotLeadingError where leadership is in doubt, and nothing is sent. Nothing else can
    promise that a process that was stopped for a while writes nothing when it goes on.
    """

    def __init__(self, cluster: Cluster, assert_leading: Callable[[], None]) -> None:
        self._cluster = cluster
        self._assert_leading = assert_leading

    @override
    async def get(self, kind: Kind, namespace: str | None, name: str) -> Manifest:
        return await self._cluster.get(kind, namespace, name)

    @override
    def list(
        self, kind: Kind, namespace: str | None, *, labels: str = "", fields: str = ""
    ) -> AsyncIterator[Page]:
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
        self._assert_leading()
        return await self._cluster.apply(
            kind, manifest, manager=manager, force=force, subresource=subresource
        )

    @override
    async def create(
        self, kind: Kind, manifest: Mapping[str, Any], *, subresource: Subresource | None = None
    ) -> Manifest:
        self._assert_leading()
        return await self._cluster.create(kind, manifest, subresource=subresource)

    @override
    async def replace(
        self, kind: Kind, manifest: Mapping[str, Any], *, subresource: Subresource | None = None
    ) -> Manifest:
        self._assert_leading()
        return await self._cluster.replace(kind, manifest, subresource=subresource)

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
        self._assert_leading()
        return await self._cluster.patch(
            kind, namespace, name, operations, manager=manager, subresource=subresource
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
        self._assert_leading()
        await self._cluster.delete(
            kind,
            namespace,
            name,
            uid=uid,
            propagation=propagation,
            grace_seconds=grace_seconds,
        )

    @override
    async def logs(self, namespace: str, pod: str, *, container: str, lines: int) -> str:
        return await self._cluster.logs(namespace, pod, container=container, lines=lines)

    @override
    async def close(self) -> None:
        await self._cluster.close()
