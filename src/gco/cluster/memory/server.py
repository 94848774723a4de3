"""The API server's verbs, each in one step: read, own, default, check, store."""

import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from gco.clock import Clock
from gco.cluster.memory import defaults, subresources
from gco.cluster.memory.jsonpatch import patched
from gco.cluster.memory.loads import Loads
from gco.cluster.memory.managers import Entries, Writer, blank, timestamp
from gco.cluster.memory.objects import (
    annotated,
    check_same_object,
    defaulted,
    finalizers,
    key_of,
    received,
    released,
    same,
    spec_of,
    system_fields,
    unmanaged,
)
from gco.cluster.memory.resources import Resource, Resources, check_definition, kinds_of
from gco.cluster.memory.storage import Key, Storage, copy
from gco.cluster.memory.strictness import check_fields
from gco.cluster.memory.structural import check_structural
from gco.cluster.memory.validation import check
from gco.cluster.port import Manifest
from gco.errors import (
    AbsentError,
    ClusterConflictError,
    ForbiddenError,
    RejectedError,
    TransientError,
)
from gco.kinds.registry import CUSTOM_RESOURCE_DEFINITION, NAMESPACE, POD, SERVICE, Kind

Admission: TypeAlias = Callable[[Kind, Manifest], None]
"""Sees each object on its way in, and may change it or raise RejectedError or ForbiddenError."""

INSTANCES: Final = "customresourcecleanup.apiextensions.k8s.io"
"""The finalizer that keeps a deleted CRD until its last instance is gone."""
_SUFFIX: Final = "bcdfghjklmnpqrstvwxz2456789"


class ApiServer:
    """All objects of one cluster, behind the rules of an API server."""

    def __init__(self, clock: Clock, *, window: int) -> None:
        self.storage = Storage(window=window)
        self.resources = Resources()
        self.loads = Loads()
        self.admissions: list[Admission] = []
        self._clock = clock
        self._services = 0

    def bootstrap(self) -> None:
        """Make the namespaces that every cluster has, unless they are there already."""
        if not self.storage.table(NAMESPACE).objects:
            writer = Writer("kube-apiserver", "Update", NAMESPACE.api_version)
            for name in ("default", "kube-system"):
                self.create(NAMESPACE, {"metadata": {"name": name}}, writer)

    def get(self, kind: Kind, namespace: str | None, name: str) -> Manifest:
        """Return the stored object, not to be changed; raises AbsentError."""
        self.resources.find(kind)
        found = self.storage.table(kind).objects.get(key_of(kind, namespace, name))
        if found is None:
            raise AbsentError(f'{kind.plural} "{name}" not found')
        return found

    def create(self, kind: Kind, manifest: Mapping[str, Any], writer: Writer) -> Manifest:
        """Store a new object."""
        resource = self.resources.find(kind)
        new = received(resource, manifest)
        metadata = new["metadata"]
        if not metadata.get("name") and metadata.get("generateName"):
            suffix = "".join(secrets.choice(_SUFFIX) for _ in range(5))
            metadata["name"] = f"{metadata['generateName']}{suffix}"
        if metadata.pop("resourceVersion", None):
            raise RejectedError("resourceVersion should not be set on objects to be created")
        key = key_of(kind, metadata.get("namespace"), metadata.setdefault("name", ""))
        if key in self.storage.table(kind).objects:
            raise ClusterConflictError(f'{kind.plural} "{key[1]}" already exists')
        new, entries = defaulted(resource, new), Entries({})
        entries.updated(blank(resource.schema), new, resource.schema, writer, now=self.now())
        return self._finish(resource, None, new, entries, writer)

    def apply(
        self, kind: Kind, manifest: Mapping[str, Any], writer: Writer, *, force: bool
    ) -> Manifest:
        """Server-side apply, of the object or one of its subresources."""
        resource = self.resources.find(kind)
        stated = received(resource, manifest)
        if stated["metadata"].get("managedFields"):
            raise RejectedError("metadata.managedFields must be nil")
        key = key_of(kind, stated["metadata"].get("namespace"), stated["metadata"].get("name", ""))
        old = self.storage.table(kind).objects.get(key)
        check_same_object(stated, old)
        if old is None and writer.subresource:
            raise AbsentError(f'{kind.plural} "{key[1]}" not found')
        entries = Entries(old or {})
        new = entries.applied(
            unmanaged(old or {}), stated, resource.schema, writer, now=self.now(), force=force
        )
        new = defaulted(resource, copy(new), old)
        return self._finish(resource, old, new, entries, writer)

    def replace(self, kind: Kind, manifest: Mapping[str, Any], writer: Writer) -> Manifest:
        """PUT the object or its status."""
        resource = self.resources.find(kind)
        stated = manifest.get("metadata") or {}
        key = key_of(kind, stated.get("namespace"), stated.get("name", ""))
        new = received(resource, manifest, self.storage.table(kind).objects.get(key))
        metadata = new["metadata"]
        old = self.get(kind, *key)
        if metadata.get("resourceVersion") != old["metadata"]["resourceVersion"]:
            raise ClusterConflictError(
                f'{kind.plural} "{metadata["name"]}": the object has been modified'
            )
        return self._update(resource, old, new, writer)

    def patch(
        self,
        kind: Kind,
        key: Key,
        operations: Sequence[Mapping[str, Any]],
        writer: Writer,
    ) -> Manifest:
        """JSON patch of the object or its status."""
        resource = self.resources.find(kind)
        old = self.get(kind, *key)
        new = patched(old, operations)
        check_fields(new, resource.schema, known=old if resource.structural is None else None)
        return self._update(resource, old, new, writer)

    def scale(
        self, kind: Kind, key: Key, change: Callable[[Manifest], Manifest], writer: Writer
    ) -> Manifest:
        """Change the object's Scale by `change`, and return the new Scale."""
        resource = self.resources.find(kind)
        old = self.get(kind, *key)
        replicas = change(subresources.scale_of(old)).get("spec", {}).get("replicas", 0)
        new = copy(old)
        new["spec"]["replicas"] = replicas
        return subresources.scale_of(self._update(resource, old, new, writer))

    def bind(self, manifest: Mapping[str, Any]) -> Manifest:
        """Put a pod on a node, once."""
        key, pod = subresources.bound(manifest, self.get, timestamp=self.now())
        self.storage.commit(POD, key, pod)
        return {"apiVersion": "v1", "kind": "Status", "metadata": {}, "status": "Success"}

    def now(self) -> str:
        """Return the present time as Kubernetes writes it."""
        return timestamp(self._clock.now())

    def _update(self, resource: Resource, old: Manifest, new: Manifest, writer: Writer) -> Manifest:
        check_same_object(new, old)
        stated = new["metadata"].pop("managedFields", None)
        own = stated is None or writer.subresource
        entries = Entries(old if own else {"metadata": {"managedFields": stated}})
        if writer.subresource == "status":
            kept = unmanaged(old)
            if resource.structural is not None:
                kept = copy(kept)  # defaults are filled in, in place
            new = {**annotated(resource, kept, new), "status": new.get("status")}
        new = defaulted(resource, new, old)
        entries.updated(unmanaged(old), new, resource.schema, writer, now=self.now())
        return self._finish(resource, old, new, entries, writer)

    def _finish(
        self,
        resource: Resource,
        old: Manifest | None,
        new: Manifest,
        entries: Entries,
        writer: Writer,
    ) -> Manifest:
        """Store what became of `old`, with what only the server or another subresource writes."""
        if old is not None:
            apart = new if writer.subresource == "status" else old
            rest = annotated(resource, old, new) if writer.subresource == "status" else new
            status = {"status": apart["status"]} if apart.get("status") is not None else {}
            new = {**{k: v for k, v in rest.items() if k != "status"}, **status}
            new["metadata"] = {**new["metadata"], **system_fields(old)}
        new["metadata"]["managedFields"] = entries.encode()
        return self._admit(resource, old, new)

    def _admit(self, resource: Resource, old: Manifest | None, new: Manifest) -> Manifest:
        """Check `new` and put it in place of `old`, unless nothing would change."""
        key = key_of(resource.kind, new["metadata"].get("namespace"), new["metadata"]["name"])
        if self.admissions:
            new = copy(new)  # an admission may change it in place, and parts of it are in `old`
        for admission in self.admissions:
            admission(resource.kind, new)
        self._check(resource, new, old)
        if old is None:
            self._born(resource, new)
        elif same(old, new):
            return old
        elif resource.generations and spec_of(old) != spec_of(new):
            new["metadata"]["generation"] = old["metadata"]["generation"] + 1
        if released(new):
            self.remove(resource.kind, key)
            return new
        return self.store(resource.kind, key, new)

    def _check(self, resource: Resource, new: Manifest, old: Manifest | None) -> None:
        kind = resource.kind
        check(kind, new, old)
        if resource.structural is not None:
            check_structural(new, resource.structural)
        if kind == CUSTOM_RESOURCE_DEFINITION:
            check_definition(new)
        if old is None:
            self._check_place(kind, new["metadata"])
        elif old["metadata"].get("deletionTimestamp") and (
            added := set(finalizers(new)) - set(finalizers(old))
        ):
            raise RejectedError(f"metadata.finalizers: Forbidden: no new ones: {added}")

    def _check_place(self, kind: Kind, metadata: Manifest) -> None:
        if not kind.namespaced:
            return
        namespace = self.get(NAMESPACE, None, metadata.get("namespace", ""))
        if namespace["metadata"].get("deletionTimestamp"):
            raise ForbiddenError(
                f'{kind.plural} "{metadata["name"]}" is forbidden: unable to create new content in '
                f"namespace {metadata['namespace']} because it is being terminated"
            )
        for crd in self.storage.table(CUSTOM_RESOURCE_DEFINITION).objects.values():
            names = crd["spec"]["names"]["plural"], crd["spec"]["group"]
            if names == (kind.plural, kind.group) and crd["metadata"].get("deletionTimestamp"):
                raise TransientError("create not allowed while the definition is terminating")

    def _born(self, resource: Resource, new: Manifest) -> None:
        kind, metadata = resource.kind, new["metadata"]
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = self.now()
        metadata.pop("deletionTimestamp", None)
        if resource.generations:
            metadata["generation"] = 1
        if resource.status and kind.name != "Node":
            new.pop("status", None)
        if kind == SERVICE:
            self._services += 1
            new["spec"].setdefault("clusterIP", defaults.cluster_ip(self._services + 10))
            new["spec"].setdefault("clusterIPs", [new["spec"]["clusterIP"]])
        subresources.born(kind, new, timestamp=self.now())

    def store(self, kind: Kind, key: Key, new: Manifest) -> Manifest:
        """Put `new` into the storage, and serve what it defines if it is a CRD."""
        written = self.storage.commit(kind, key, new)
        if kind == CUSTOM_RESOURCE_DEFINITION:
            self.resources.install(written)
        return written

    def remove(self, kind: Kind, key: Key) -> None:
        """Take an object out of the storage, and with a CRD what it defines."""
        gone = self.storage.commit(kind, key, None)
        if kind == CUSTOM_RESOURCE_DEFINITION:
            for defined in self.resources.remove(gone):
                self.storage.drop(defined)
        else:
            self.finish_definitions()

    def finish_definitions(self) -> None:
        """Let each deleted CRD go once the last of its instances is gone."""
        definitions = self.storage.table(CUSTOM_RESOURCE_DEFINITION).objects
        for key, definition in list(definitions.items()):
            kept = definition["metadata"].get("finalizers") or []
            served = kinds_of(definition)
            if INSTANCES not in kept or any(self.storage.table(k).objects for k in served):
                continue
            new = copy(definition)
            new["metadata"]["finalizers"] = [each for each in kept if each != INSTANCES]
            if released(new):
                self.remove(CUSTOM_RESOURCE_DEFINITION, key)
            else:
                self.store(CUSTOM_RESOURCE_DEFINITION, key, new)
