"""Builders of what several tests speak of: valid unless a test says otherwise."""

import datetime as dt
from typing import Any

from gco.core.model.canary import pods_only, promoted
from gco.core.model.endpoint import TargetState
from gco.core.model.ids import EndpointName, EndpointUid, RevisionNumber
from gco.core.model.names import FINALIZER, SPEC_HASH_ANNOTATION, object_labels
from gco.core.model.regional import (
    Regional,
    RegionalCanary,
    RegionalSpec,
    RegionalStatus,
    spec_hash,
)
from gco.core.model.spec import DEFAULT_NAMESPACE, Canary, EndpointSpec
from gco.core.model.template_key import template_key
from gco.kinds.registry import INFERENCE_ENDPOINT

WEB = EndpointName("web")
UID = EndpointUid("uid-web")
NOW = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


def a_spec(**stated: Any) -> EndpointSpec:
    """An endpoint's spec, as a person states it."""
    return EndpointSpec.model_validate({"image": "vllm/vllm-openai:v0.8.4", **stated})


def a_regional_spec(
    *,
    uid: str = UID,
    revision: int = 1,
    state: TargetState = TargetState.RUNNING,
    replicas: int = 1,
    labels: dict[str, str] | None = None,
    adopts: bool | None = None,
    canary: dict[str, Any] | None = None,
    promotes: dict[str, Any] | None = None,
    base: dict[str, Any] | None = None,
    **stated: Any,
) -> RegionalSpec:
    """What a region is told of an endpoint; `promotes`: a canary that was promoted just now.

    `base` is the revision that a canary of one runs.
    """
    spec = a_spec(**stated)
    return RegionalSpec(
        uid=EndpointUid(uid),
        revision=RevisionNumber(revision),
        template_key=template_key(spec, labels or {}),
        state=state,
        replicas=replicas,
        labels=labels or {},
        adopts=adopts,
        endpoint=spec,
        canary=_a_canary(spec, labels or {}, canary, promotes, base),
    )


def _a_canary(
    spec: EndpointSpec,
    labels: dict[str, str],
    canary: dict[str, Any] | None,
    promotes: dict[str, Any] | None,
    base: dict[str, Any] | None,
) -> RegionalCanary | None:
    stated = canary or promotes
    if stated is None:
        return None
    told = Canary.model_validate(stated)
    pods = pods_only(promoted(spec.model_copy(update={"canary": told}), base and a_spec(**base)))
    return RegionalCanary(
        template_key=template_key(pods, labels),
        weight=told.weight,
        replicas=told.replicas,
        promoting=canary is None,
        endpoint=None if canary is None else pods,
    )


def a_regional(
    name: str = WEB, *, status: RegionalStatus | None = None, generation: int = 1, **spec: Any
) -> Regional:
    """A custom resource as the endpoint loop sees it."""
    return Regional(
        name=EndpointName(name),
        namespace=DEFAULT_NAMESPACE,
        resource_uid=f"resource-{name}",
        generation=generation,
        deleting=False,
        finalizers=(FINALIZER,),
        spec=a_regional_spec(**spec),
        status=status,
    )


def a_custom_resource(name: str = WEB, **spec: Any) -> dict[str, Any]:
    """A custom resource as the sync loop applies it."""
    told = a_regional_spec(**spec)
    return {
        "apiVersion": INFERENCE_ENDPOINT.api_version,
        "kind": INFERENCE_ENDPOINT.name,
        "metadata": {
            "name": name,
            "namespace": DEFAULT_NAMESPACE,
            "labels": object_labels(EndpointName(name), told.labels),
            "annotations": {SPEC_HASH_ANNOTATION: spec_hash(told)},
            "finalizers": [FINALIZER],
        },
        "spec": told.to_wire(),
    }
