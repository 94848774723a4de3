"""Records of the objects of an endpoint: the little that informers keep in place of them.

Each function takes an object as the API server returns it; none keeps a reference into it.
"""

import dataclasses
import datetime as dt
import sys
from collections.abc import Mapping
from typing import Any

from gco.core.model.ids import EndpointUid, TemplateKey
from gco.core.model.names import (
    ADOPTED_ANNOTATION,
    APP_LABEL,
    CANARY_LABEL,
    CONTAINER,
    HASH_ANNOTATION,
    MANAGER,
    MODEL_ANNOTATION,
    MODEL_VOLUME,
    PORT_NAME,
    PROJECT,
    PROJECT_LABEL,
    ROLLOUT_ANNOTATION,
    TEMPLATE_KEY_ANNOTATION,
    TYPE_INFERENCE,
    TYPE_LABEL,
    UID_ANNOTATION,
    UNAVAILABLE_ANNOTATION,
)
from gco.core.region.actions import Manifest
from gco.core.region.replacing import Replacing
from gco.kinds.canonical import digest
from gco.kinds.fieldset import FieldSet, is_apply_of, owned_fields
from gco.kinds.ownership import owned_hash
from gco.kinds.packed import pack
from gco.kinds.reading import LONGEST_NAME, as_int, as_mapping, as_mappings, as_text, clip, quote
from gco.kinds.registry import HTTP_ROUTE

_DIGEST = 16
_PER_CENT = frozenset(map(str, range(1, 101)))
_ATTACHED = ("Accepted", "ResolvedRefs")
"""The conditions of an HTTPRoute at a Gateway without which no request is passed on."""
_DEFAULT_GRACE = 30
"""Seconds that Kubernetes gives a pod whose template does not say."""


@dataclasses.dataclass(frozen=True, slots=True)
class Child:
    """What is kept of any object that an endpoint may own."""

    uid: str
    app: str
    """The label that names the endpoint; empty where it has none."""
    endpoint_uid: EndpointUid | None
    """Which endpoint's it is, as we wrote it: an annotation that someone else set is not believed."""
    labelled: bool
    """It carries the labels that both we and the original monitor put on an endpoint's objects."""
    deleting: bool
    applied_hash: str | None
    owned_hash: str | None
    """None where we never applied it."""
    written: str | None = dataclasses.field(default=None, kw_only=True)
    """When someone last wrote its spec, as the API server has it; of what we never applied alone."""
    leaving_since: dt.datetime | None = dataclasses.field(default=None, kw_only=True)
    """When its deletion was asked for; None while nobody has."""
    finalizers: tuple[str, ...] = dataclasses.field(default=(), kw_only=True)
    """What its deletion waits for; empty while nobody has asked for it."""


@dataclasses.dataclass(frozen=True, slots=True)
class Workload(Child):
    """A Deployment."""

    template: str
    """A digest of the pod template, as the API server completed it."""
    template_key: TemplateKey | None
    """The key of the frozen template that we put in it."""
    blocked: str
    """Why its controller cannot make pods, in that controller's words; empty where it can."""
    replicas: int = 1
    """How many pods are wanted now, whoever says so."""
    count_ours: bool = True
    """We state the number of replicas."""
    count_others: bool = False
    """Someone beside us states it: it stays where we no longer do."""
    replacing: Replacing | None = dataclasses.field(default=None, kw_only=True)
    """How its latest rollout replaces pods, as we wrote it; None where that was not chosen."""
    unavailable: int = dataclasses.field(default=0, kw_only=True)
    """The per cent of replicas that its latest rollout may miss, as we wrote it; 0 for one pod."""
    match_labels: Mapping[str, str] | None = dataclasses.field(default=None, kw_only=True)
    """Its selector, which can never change; None where it is the one that we give."""


@dataclasses.dataclass(frozen=True, slots=True)
class Route(Child):
    """An Ingress or an HTTPRoute."""

    address: str
    """Where a load balancer answers for an Ingress; empty until one does, and for an HTTPRoute."""
    taken_up: bool
    """Its controller has made it true, so that requests are answered."""
    problem: str
    """Why its controller refuses it, in that controller's words."""
    weighted: bool
    """A canary has a share of its requests."""


@dataclasses.dataclass(frozen=True, slots=True)
class Frozen(Child):
    """A ControllerRevision: one pod template, as it was rendered once."""

    endpoint: str
    """Whose it would be by its name; labels can be edited."""
    template_key: TemplateKey | None
    number: int
    data: bytes
    """The pod template, packed; it cannot change."""
    grace: int
    """Seconds that its pods have from the wish to end them until they are killed."""
    created: str
    adopted: bool = dataclasses.field(default=False, kw_only=True)
    """It is the template of a Deployment that was taken over as it ran."""
    model_job: str = dataclasses.field(default="", kw_only=True)
    """Of the Job that copied the model which its pods mount; empty where they have none."""
    model_folder: str = dataclasses.field(default="", kw_only=True)
    """The folder of the region's cache that they mount."""
    unnamed_port: int = dataclasses.field(default=0, kw_only=True)
    """Where its pods serve, if their port has not the name that a Service goes by; else 0."""


@dataclasses.dataclass(frozen=True, slots=True)
class PodSet:
    """A ReplicaSet: it ties pods to the template that they were made from."""

    uid: str
    app: str
    deployment: str
    """The uid of the Deployment that made it."""
    template: str
    created: str
    blocked: str


def child(manifest: Manifest) -> Child:
    """Return the record of an object of which nothing more is kept."""
    return Child(**_common(manifest))


def workload(manifest: Manifest) -> Workload:
    """Return the record of a Deployment."""
    status, spec = manifest.get("status") or {}, manifest.get("spec") or {}
    selector, pod = spec.get("selector") or {}, spec.get("template") or {}
    common = _common(manifest)
    common["labelled"] &= _takes_over(manifest, selector, pod)
    return Workload(
        **common,
        replacing=_replacing(_annotations(manifest).get(ROLLOUT_ANNOTATION)),
        unavailable=_per_cent(_annotations(manifest).get(UNAVAILABLE_ANNOTATION)),
        match_labels=_match_labels(selector, common["app"]),
        replicas=spec.get("replicas", 0),
        count_ours=_states_count(owned_fields(manifest, MANAGER)),
        count_others=_others_state_count(manifest),
        template=template_digest(pod),
        template_key=_template_key(manifest),
        blocked=_condition_message(status, "ReplicaFailure"),
    )


def _replacing(stated: str | None) -> Replacing | None:
    return Replacing(stated) if stated in set(Replacing) else None


def _per_cent(stated: str | None) -> int:
    return int(stated) if stated in _PER_CENT else 0


def route(manifest: Manifest) -> Route:
    """Return the record of an Ingress or an HTTPRoute."""
    weighted = _labels(manifest).get(CANARY_LABEL) == "true"
    if manifest["kind"] == HTTP_ROUTE.name:
        problem = _parents_problem(manifest)
        taken_up = problem is None
        return Route(
            **_common(manifest),
            address="",
            taken_up=taken_up,
            problem=problem or "",
            weighted=weighted,
        )
    balancer = (manifest.get("status") or {}).get("loadBalancer") or {}
    points = balancer.get("ingress") or [{}]
    address = clip(points[0].get("hostname") or points[0].get("ip"))
    return Route(
        **_common(manifest),
        address=address,
        taken_up=bool(address),
        problem="",
        weighted=weighted,
    )


def _parents_problem(manifest: Manifest) -> str | None:
    """Return why no Gateway serves an HTTPRoute: empty where none said anything, None where one does.

    A controller's word on an earlier generation says nothing of this one; one that names none is
    taken to speak of what is there.
    """
    problem, generation = "", manifest["metadata"].get("generation", 0)
    for parent in as_mappings(as_mapping(manifest.get("status")).get("parents")):
        said = {
            as_text(c.get("type")): c
            for c in as_mappings(parent.get("conditions"))
            if (as_int(c.get("observedGeneration")) or generation) >= generation
        }
        bad = [said[k] for k in _ATTACHED if k in said and said[k].get("status") != "True"]
        if not bad and "Accepted" in said:
            return None
        words = (f"{as_text(c.get('reason'))}: {as_text(c.get('message'))}" for c in bad)
        problem = problem or quote("; ".join(words))
    return problem


def frozen(manifest: Manifest) -> Frozen:
    """Return the record of a ControllerRevision.

    Its `data` may be any JSON: a StatefulSet keeps a patch there, a person whatever they like.
    """
    data = manifest.get("data")
    template = as_mapping(data)
    return Frozen(
        **_common(manifest),
        endpoint=manifest["metadata"]["name"].rpartition("-")[0],
        template_key=_template_key(manifest) if _keyed_by_us(manifest) else None,
        number=manifest.get("revision", 0),
        data=pack(data),
        grace=_grace(template),
        created=manifest["metadata"].get("creationTimestamp") or "",
        adopted=ADOPTED_ANNOTATION in _annotations(manifest),
        model_job=clip(_annotations(manifest).get(MODEL_ANNOTATION), LONGEST_NAME),
        model_folder=_model_folder(template),
        unnamed_port=_unnamed_port(template),
    )


def pod_set(manifest: Manifest) -> PodSet:
    """Return the record of a ReplicaSet."""
    meta = manifest["metadata"]
    return PodSet(
        uid=meta["uid"],
        app=_labels(manifest).get(APP_LABEL, ""),
        deployment=controller_uid(manifest),
        template=template_digest((manifest.get("spec") or {}).get("template") or {}),
        created=meta.get("creationTimestamp") or "",
        blocked=_condition_message(manifest.get("status") or {}, "ReplicaFailure"),
    )


def controller_uid(manifest: Manifest, kind: str = "") -> str:
    """Return the uid of the object that controls this one, of `kind` if given, or an empty string."""
    references = manifest["metadata"].get("ownerReferences") or ()
    found = (r for r in references if r.get("controller") and kind in ("", r.get("kind")))
    return next((r["uid"] for r in found), "")


def template_digest(template: Mapping[str, Any]) -> str:
    """Return a digest that a Deployment's template and its ReplicaSet's share.

    The Deployment controller finds a Deployment's ReplicaSet the same way: by equal templates,
    its own label pod-template-hash aside.
    """
    meta = template.get("metadata") or {}
    labels = {k: v for k, v in (meta.get("labels") or {}).items() if k != "pod-template-hash"}
    kept = {"labels": labels, "annotations": meta.get("annotations") or {}}
    return digest({"metadata": kept, "spec": template.get("spec")}, length=_DIGEST)


def _common(manifest: Manifest) -> dict[str, Any]:
    meta, labels = manifest["metadata"], _labels(manifest)
    owned = owned_hash(manifest, MANAGER)
    deleted_at = meta.get("deletionTimestamp")
    return {
        "uid": meta["uid"],
        "app": sys.intern(labels.get(APP_LABEL, "")),  # one text for all objects of an endpoint
        "endpoint_uid": _stated_uid(manifest),
        "labelled": _labelled(labels),
        "deleting": deleted_at is not None,
        "leaving_since": dt.datetime.fromisoformat(deleted_at) if deleted_at else None,
        "finalizers": tuple(meta.get("finalizers") or ()) if deleted_at else (),
        "applied_hash": _identifier(manifest, HASH_ANNOTATION),
        "owned_hash": owned,
        "written": _written(manifest) if owned is None else None,
    }


def _labelled(labels: Mapping[str, str]) -> bool:
    return labels.get(PROJECT_LABEL) == PROJECT and labels.get(TYPE_LABEL) == TYPE_INFERENCE


def _written(manifest: Manifest) -> str | None:
    """Return the time of the last write to the spec; a status and a scale are not it."""
    entries = manifest["metadata"].get("managedFields") or ()
    times = (
        entry.get("time") or ""
        for entry in entries
        if not entry.get("subresource") and "f:spec" in (entry.get("fieldsV1") or {})
    )
    return max(times, default=None)


def _takes_over(
    manifest: Manifest, selector: Mapping[str, Any], template: Mapping[str, Any]
) -> bool:
    """Whether a Deployment can become ours as it runs: we see its pods, and keep its selector."""
    pod = (template.get("metadata") or {}).get("labels") or {}
    of_one = pod.get(APP_LABEL) == _labels(manifest).get(APP_LABEL)
    return _labelled(pod) and of_one and not selector.get("matchExpressions")


def _match_labels(selector: Mapping[str, Any], app: str) -> Mapping[str, str] | None:
    labels = selector.get("matchLabels") or {}
    return None if labels == {APP_LABEL: app} else labels


def _unnamed_port(template: Mapping[str, Any]) -> int:
    found = (c for c in _containers(template) if c.get("name") == CONTAINER)
    ports = as_mappings(next(found, {}).get("ports"))
    if any(port.get("name") == PORT_NAME for port in ports):
        return 0
    return next((as_int(port.get("containerPort")) or 0 for port in ports), 0)


def _states_count(fields: FieldSet | None) -> bool:
    return "f:replicas" in (fields or {}).get("f:spec", {})


def _others_state_count(manifest: Manifest) -> bool:
    return any(
        _states_count(entry.get("fieldsV1"))
        for entry in manifest["metadata"].get("managedFields") or ()
        if not is_apply_of(entry, MANAGER)
    )


def _stated_uid(manifest: Manifest) -> EndpointUid | None:
    stated = _identifier(manifest, UID_ANNOTATION)
    fields: Any = owned_fields(manifest, MANAGER) or {}
    held = fields.get("f:metadata", {}).get("f:annotations", {})
    ours = stated and f"f:{UID_ANNOTATION}" in held
    return EndpointUid(sys.intern(stated)) if stated and ours else None


def _labels(manifest: Manifest) -> dict[str, str]:
    return manifest["metadata"].get("labels") or {}


def _grace(template: Mapping[str, Any]) -> int:
    stated = as_int(as_mapping(template.get("spec")).get("terminationGracePeriodSeconds"))
    return _DEFAULT_GRACE if stated is None else stated


def _model_folder(template: Mapping[str, Any]) -> str:
    mounts = (m for each in _containers(template) for m in as_mappings(each.get("volumeMounts")))
    return next((clip(m.get("subPath")) for m in mounts if m.get("name") == MODEL_VOLUME), "")


def _containers(template: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return as_mappings(as_mapping(template.get("spec")).get("containers"))


def _template_key(manifest: Manifest) -> TemplateKey | None:
    stated = _identifier(manifest, TEMPLATE_KEY_ANNOTATION)
    return None if stated is None else TemplateKey(stated)


def _keyed_by_us(manifest: Manifest) -> bool:
    """Whether the template key is as we wrote it: one that someone else wrote names no template."""
    fields = owned_fields(manifest, MANAGER)
    if fields is None:
        return True
    annotations = fields.get("f:metadata", {}).get("f:annotations", {})
    return f"f:{TEMPLATE_KEY_ANNOTATION}" in annotations


def _identifier(manifest: Manifest, annotation: str) -> str | None:
    stated = _annotations(manifest).get(annotation)
    return None if stated is None else clip(stated, LONGEST_NAME)


def _annotations(manifest: Manifest) -> dict[str, Any]:
    return manifest["metadata"].get("annotations") or {}


def _condition_message(status: Mapping[str, Any], kind: str) -> str:
    conditions = status.get("conditions") or ()
    return next(
        (
            quote(c.get("message"))
            for c in conditions
            if c["type"] == kind and c["status"] == "True"
        ),
        "",
    )
