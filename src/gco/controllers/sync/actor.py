"""Does to one custom resource what was decided: apply, take back and apply, or delete."""

import asyncio

from gco.clock import Clock
from gco.cluster.port import Cluster, Manifest
from gco.core.model.names import FINALIZER, MANAGER, STORE_ANNOTATION, SYNC_MANAGER
from gco.core.sync.copies import Copy, Wanted, read_copy, take_back
from gco.core.sync.plan import Apply, Move, Remove
from gco.errors import AbsentError, RejectedError
from gco.kinds.patches import replacing
from gco.kinds.registry import INFERENCE_ENDPOINT
from gco.runtime.informer import Informer
from gco.telemetry import get_logger

_log = get_logger(__name__)
_UNKNOWN_FIELD = ("unknown field", "field not declared in schema")
"""What API servers say of a field that a definition does not have."""
_OLDER_DEFINITION = (
    "the CustomResourceDefinition here is older than this monitor: apply deploy/kubernetes/crd.yaml "
    "of the monitor's version"
)


class CopyActor:
    """Writes custom resources, and takes each answer into the cache."""

    def __init__(self, cluster: Cluster, copies: Informer[Copy], clock: Clock) -> None:
        self._cluster = cluster
        self._copies = copies
        self._clock = clock

    async def act(self, move: Move, wanted: Wanted | None, copy: Copy | None, store: str) -> None:
        """Carry out `move`; what needs nothing done to the cluster is done.

        Raises RejectedError also where the API server stored something else than was applied.
        """
        if isinstance(move, Apply) and wanted is not None:
            await self._apply(move, wanted, copy, store)
        elif isinstance(move, Remove) and copy is not None:
            await self._remove(move, copy)

    async def accept(self, copy: Copy, store: str) -> None:
        """Write the uid `store` on a custom resource that carries another store's, so that it is known from now on."""
        live = await self._cluster.get(INFERENCE_ENDPOINT, copy.namespace, copy.name)
        path = f"/metadata/annotations/{STORE_ANNOTATION.replace('/', '~1')}"
        await self._cluster.patch(
            INFERENCE_ENDPOINT,
            copy.namespace,
            copy.name,
            replacing(live, {path: store}),
            manager=SYNC_MANAGER,
        )
        _log.info(
            "accepted",
            endpoint=copy.name,
            object=f"{INFERENCE_ENDPOINT.name}/{copy.name}",
            former_store=copy.store,
        )

    async def _apply(self, move: Apply, wanted: Wanted, copy: Copy | None, store: str) -> None:
        began = asyncio.get_running_loop().time()
        uid = copy.resource_uid if copy is not None else None
        recreated_at = copy.recreated_at if copy is not None else None
        if move.recreated:
            recreated_at = f"{self._clock.now():%Y-%m-%dT%H:%M:%SZ}"
        if move.take_back and copy is not None:
            await self._take_back(copy)
        manifest = wanted.manifest(store=store, resource_uid=uid, recreated_at=recreated_at)
        stored = await self._stored(manifest)
        self._copies.record(stored)
        _log.info(
            "applied",
            endpoint=wanted.name,
            object=f"{INFERENCE_ENDPOINT.name}/{wanted.name}",
            why=move.why,
            revision=wanted.revision,
            seconds=round(asyncio.get_running_loop().time() - began, 4),
        )
        self._refuse_mutated(wanted, stored)

    async def _stored(self, manifest: Manifest) -> Manifest:
        """Apply the custom resource; an older definition, which lacks a field, is told as that."""
        try:
            return await self._cluster.apply(INFERENCE_ENDPOINT, manifest, manager=SYNC_MANAGER)
        except RejectedError as error:
            if not any(words in str(error) for words in _UNKNOWN_FIELD):
                raise
            raise RejectedError(f"{error}; {_OLDER_DEFINITION}") from error

    async def _take_back(self, copy: Copy) -> None:
        live = await self._cluster.get(INFERENCE_ENDPOINT, copy.namespace, copy.name)
        operations = take_back(live)
        if operations is not None:
            await self._cluster.patch(
                INFERENCE_ENDPOINT, copy.namespace, copy.name, operations, manager=SYNC_MANAGER
            )

    async def _remove(self, move: Remove, copy: Copy) -> None:
        try:
            await self._cluster.delete(
                INFERENCE_ENDPOINT, copy.namespace, copy.name, uid=copy.resource_uid
            )
        except AbsentError:
            self._copies.forget(f"{copy.namespace}/{copy.name}", copy.resource_uid)
        _log.info(
            "deleted",
            endpoint=copy.name,
            object=f"{INFERENCE_ENDPOINT.name}/{copy.name}",
            why=move.why,
        )

    async def let_go(self, copy: Copy) -> None:
        """Delete a custom resource that no endpoint loop looks after, and release its finalizer."""
        try:
            if not copy.deleting:
                await self._cluster.delete(
                    INFERENCE_ENDPOINT, copy.namespace, copy.name, uid=copy.resource_uid
                )
            live = await self._cluster.get(INFERENCE_ENDPOINT, copy.namespace, copy.name)
            meta = live["metadata"]
            others = [name for name in meta.get("finalizers") or () if name != FINALIZER]
            if meta["uid"] == copy.resource_uid and others != meta.get("finalizers", []):
                await self._cluster.patch(
                    INFERENCE_ENDPOINT,
                    copy.namespace,
                    copy.name,
                    replacing(live, {"/metadata/finalizers": others}),
                    manager=MANAGER,
                )
        except AbsentError:
            self._copies.forget(f"{copy.namespace}/{copy.name}", copy.resource_uid)
        _log.warning(
            "released where nothing is served: its objects are left",
            endpoint=copy.name,
            object=f"{INFERENCE_ENDPOINT.name}/{copy.name}",
            namespace=copy.namespace,
        )

    def _refuse_mutated(self, wanted: Wanted, stored: Manifest) -> None:
        """Raise RejectedError where an admission webhook changed what was applied."""
        if read_copy(stored).spec_hash != wanted.spec_hash:
            raise RejectedError(
                "the API server stored another spec than was applied: an admission webhook changes "
                f"InferenceEndpoints, or {_OLDER_DEFINITION}"
            )
