"""A region's copy of an endpoint: the custom resource as the store wants it, and as it is seen.

Pure: the sync loop keeps one `Wanted` and at most one `Copy` an endpoint, and asks
:mod:`gco.core.sync.plan` what to do about their difference.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any, Final, Self

import pydantic

from gco.core.model.endpoint import TargetState
from gco.core.model.ids import EndpointName, EndpointUid, RevisionNumber
from gco.core.model.names import (
    CREATED_ANNOTATION,
    FINALIZER,
    RECREATED_ANNOTATION,
    SPEC_HASH_ANNOTATION,
    STORE_ANNOTATION,
    SYNC_MANAGER,
    object_labels,
)
from gco.core.model.regional import RegionalSpec, RegionalStatus
from gco.core.model.status import RegionState
from gco.kinds.canonical import digest
from gco.kinds.finalizers import kept_by, release_command
from gco.kinds.packed import pack, unpack
from gco.kinds.reading import LONGEST_NAME, clip
from gco.kinds.registry import INFERENCE_ENDPOINT
from gco.kinds.takeover import take_over

_KEEPERS: Final = 3
"""Finalizers that are kept of each custom resource, and named."""


@dataclasses.dataclass(frozen=True, slots=True)
class Wanted:
    """What the store asks of this region about one endpoint, small enough to keep for thousands."""

    name: EndpointName
    namespace: str
    uid: EndpointUid
    revision: RevisionNumber
    state: TargetState
    spec_hash: str
    labels: tuple[tuple[str, str], ...]
    spec: bytes
    """The custom resource's spec, packed."""
    created: str = ""
    """When the endpoint was created; written with the next apply, and no reason for one."""

    @classmethod
    def of(
        cls,
        name: EndpointName,
        namespace: str,
        spec: RegionalSpec,
        *,
        created: dt.datetime | None = None,
    ) -> Self:
        """Return what `spec`, resolved for this region, asks of an endpoint made at `created`."""
        wire = spec.to_wire()
        return cls(
            name=name,
            namespace=namespace,
            uid=spec.uid,
            revision=spec.revision,
            state=spec.state,
            spec_hash=digest(wire),
            labels=tuple(sorted(object_labels(name, spec.labels).items())),
            spec=pack(wire),
            created=created.astimezone(dt.UTC).isoformat() if created is not None else "",
        )

    def manifest(
        self, *, store: str, resource_uid: str | None = None, recreated_at: str | None = None
    ) -> dict[str, Any]:
        """Return the custom resource to apply; `resource_uid` names the object that is known."""
        annotations = {SPEC_HASH_ANNOTATION: self.spec_hash, STORE_ANNOTATION: store}
        if self.created:
            annotations[CREATED_ANNOTATION] = self.created
        if recreated_at is not None:
            annotations[RECREATED_ANNOTATION] = recreated_at
        metadata: dict[str, Any] = {
            "name": self.name,
            "namespace": self.namespace,
            "labels": dict(self.labels),
            "annotations": annotations,
            "finalizers": [FINALIZER],
        }
        if resource_uid is not None:
            metadata["uid"] = resource_uid
        return {
            "apiVersion": INFERENCE_ENDPOINT.api_version,
            "kind": INFERENCE_ENDPOINT.name,
            "metadata": metadata,
            "spec": unpack(self.spec),
        }


@dataclasses.dataclass(frozen=True, slots=True)
class Copy:
    """The little that is kept of a custom resource in the cluster; nothing in it is trusted."""

    name: EndpointName
    namespace: str
    resource_uid: str
    uid: str
    """The endpoint's, as its spec says; empty where it says none."""
    revision: int
    state: str
    spec_hash: str
    """Over the spec as it is."""
    stated_hash: str | None
    """What the sync loop wrote beside it."""
    store: str | None
    """The uid of the store that it was written from."""
    labels: tuple[tuple[str, str], ...]
    held: bool
    """Our finalizer is on it."""
    deleting: bool
    recreated_at: str | None
    status: RegionalStatus | None
    created: dt.datetime | None = None
    """When its endpoint was created, or the custom resource where it does not state that."""
    keepers: tuple[str, ...] = ()
    """Finalizers of others that keep it, while it is being deleted."""

    @property
    def edited(self) -> bool:
        """Whether its spec is not the one that the sync loop wrote."""
        return self.stated_hash != self.spec_hash

    def is_newer_endpoint(self, wanted: Wanted) -> bool:
        """Whether it is of an endpoint that was created after `wanted`, under the same name.

        The object itself cannot be older than the endpoint that it was made for.
        """
        if self.uid in ("", wanted.uid) or self.created is None or not wanted.created:
            return False
        return dt.datetime.fromisoformat(wanted.created) < self.created

    def is_foreign(self, store: str) -> bool:
        """Whether it belongs to another store than the one with the uid `store`."""
        return self.store not in (None, store)

    def gone(self, uid: str) -> bool:
        """Whether the endpoint loop reports that nothing of the endpoint `uid` is left."""
        return (
            self.status is not None
            and self.status.uid == uid
            and self.status.state is RegionState.DELETED
        )


def read_copy(manifest: Mapping[str, Any]) -> Copy:
    """Return what is kept of a custom resource, whatever a person has made of it."""
    meta = manifest["metadata"]
    annotations = meta.get("annotations") or {}
    spec = manifest.get("spec")
    said = spec if isinstance(spec, dict) else {}
    revision = said.get("revision")
    spec_hash, stated_hash = digest(spec), _stated(annotations, SPEC_HASH_ANNOTATION)
    return Copy(
        name=EndpointName(meta["name"]),
        namespace=meta["namespace"],
        resource_uid=meta["uid"],
        uid=clip(said.get("uid"), LONGEST_NAME),
        revision=revision if isinstance(revision, int) else 0,
        state=clip(said.get("state"), LONGEST_NAME),
        spec_hash=spec_hash,
        stated_hash=stated_hash,
        store=_stated(annotations, STORE_ANNOTATION),
        labels=tuple(sorted((meta.get("labels") or {}).items())),
        held=FINALIZER in (meta.get("finalizers") or ()),
        deleting="deletionTimestamp" in meta,
        keepers=_keepers(meta) if "deletionTimestamp" in meta else (),
        recreated_at=_stated(annotations, RECREATED_ANNOTATION),
        status=_read_status(manifest.get("status")),
        created=_created(meta, annotations, edited=stated_hash != spec_hash),
    )


def kept_back(copy: Copy) -> str:
    """Return what keeps a custom resource after its deletion, and how to go on; empty for nothing."""
    if copy.held or not copy.keepers:
        return ""
    command = release_command(INFERENCE_ENDPOINT.name, copy.name, copy.namespace)
    return (
        f"the custom resource {copy.namespace}/{copy.name} is being deleted and keeps its "
        f"{kept_by(copy.keepers)}; check that the finalizer's controller runs; if it is gone for good, "
        f"run {command}. GCO makes the custom resource again once it is gone; pods and routes stay"
    )


def take_back(live: Mapping[str, Any]) -> list[dict[str, Any]] | None:
    """Return a JSON patch that makes the sync loop the one owner of the spec; None where it is."""
    return take_over(live, SYNC_MANAGER, [("f:spec",)])


def _keepers(meta: Mapping[str, Any]) -> tuple[str, ...]:
    others = (name for name in meta.get("finalizers") or () if name != FINALIZER)
    return tuple(clip(name, LONGEST_NAME) for name in others)[:_KEEPERS]


def _stated(annotations: Mapping[str, Any], name: str) -> str | None:
    return clip(annotations[name], LONGEST_NAME) if name in annotations else None


def _created(
    meta: Mapping[str, Any], annotations: Mapping[str, Any], *, edited: bool
) -> dt.datetime | None:
    """The time that is stated; the object's where GCO wrote the uid that its spec has."""
    made = None if edited else meta.get("creationTimestamp")
    for text in (annotations.get(CREATED_ANNOTATION), made):
        try:
            created = dt.datetime.fromisoformat(str(text))
        except ValueError:
            continue  # absent, or edited by hand
        if created.tzinfo is not None:
            return created
    return None


def _read_status(status: object) -> RegionalStatus | None:
    try:
        return RegionalStatus.model_validate(status)
    except pydantic.ValidationError:
        return None  # not reported yet, or an older version's: the endpoint loop writes it anew
