"""An informer for a kind that a cluster need not have: one of a custom resource of others.

Where the kind is not installed there are no objects of it, and that is known for sure: the cache is
complete and empty, and nothing is polled. The kind's CustomResourceDefinition is watched instead, by
its name alone, until it is there. Where that may not be watched, the kind is asked for now and then.
"""

import asyncio
import contextlib
import sys
from collections.abc import Callable
from typing import Final, TypeVar

from typing_extensions import override

from gco.cluster.port import Cluster, Manifest
from gco.errors import AbsentError, ClusterError
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, Kind
from gco.runtime.informer import Informer
from gco.runtime.metrics import SILENT, ControllerMetrics

R = TypeVar("R")

ASKED_AGAIN_SECONDS: Final = 300.0
"""How often a kind is asked for where its definition may not be watched."""


class OptionalInformer(Informer[R]):
    """An informer whose kind may be absent. Subscribers are told of objects, as always."""

    def __init__(
        self,
        cluster: Cluster,
        kind: Kind,
        namespace: str | None,
        *,
        project: Callable[[Manifest], R],
        labels: str = "",
        index: Callable[[R], str | None] | None = None,
        metrics: ControllerMetrics = SILENT,
    ) -> None:
        super().__init__(
            cluster,
            kind,
            namespace,
            project=project,
            labels=labels,
            index=index,
            metrics=metrics,
        )
        self.served: bool | None = None
        """Whether the kind is installed; None until that is known."""
        self._on_served: list[Callable[[], None]] = []
        self._definitions: Informer[frozenset[str]] = Informer(
            cluster,
            CUSTOM_RESOURCE_DEFINITION,
            None,
            project=_served_versions,
            fields=f"metadata.name={kind.plural}.{kind.group}",
            metrics=metrics,
        )

    def subscribe_served(self, handler: Callable[[], None]) -> None:
        """Have `handler` called each time when `served` has changed."""
        self._on_served.append(handler)

    @override
    def complaint(self) -> str | None:
        return self._definitions.complaint() if self.served is False else super().complaint()

    @override
    def _tell_synced(self, began: float) -> None:
        super()._tell_synced(began)
        self._serve(served=True)

    @override
    def _missing(self, error: AbsentError) -> float:
        """Take it that there are no objects: with its definition, every one of them was deleted."""
        self._position = None
        self._cache.replace({}, sys.maxsize)  # later than any own write
        self._answered()
        self.synced.set()
        self._serve(served=False)
        return self._absences.failed()

    @override
    async def _wait(self, error: ClusterError, seconds: float) -> None:
        if isinstance(error, AbsentError):
            await self._installed()
        await super()._wait(error, seconds)

    def _serve(self, *, served: bool) -> None:
        if self.served is not served:
            self.served = served
            for handler in tuple(self._on_served):
                handler()

    async def _installed(self) -> None:
        """Return once the kind may be there."""
        there = asyncio.Event()

        def look(_name: str, _old: frozenset[str] | None, new: frozenset[str] | None) -> None:
            if new is not None and self.kind.version in new:
                there.set()

        end = self._definitions.subscribe(look)
        for versions in self._definitions.items().values():
            look("", None, versions)
        task = asyncio.create_task(self._definitions.run())
        try:
            while not there.is_set():
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(ASKED_AGAIN_SECONDS):
                        await there.wait()
                if self._definitions.unreachable_since is not None:
                    return
        finally:
            end()
            task.cancel()
            await asyncio.wait([task])


def _served_versions(definition: Manifest) -> frozenset[str]:
    """Return the versions that are served, none before the API server has taken the definition."""
    conditions = (definition.get("status") or {}).get("conditions") or ()
    if not any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
        return frozenset()
    return frozenset(v["name"] for v in definition["spec"]["versions"] if v.get("served"))
