"""The frozen pod template: rendered once for a template key, then used as it is for ever.

An upgrade of GCO or a changed default therefore restarts no pod; the next change of the spec's
pod part has another key, and is rendered afresh.
"""

import dataclasses
import json
from collections.abc import Mapping
from typing import Any

from gco.core.model.ids import EndpointUid, TemplateKey
from gco.core.model.names import MANAGER
from gco.core.region.actions import Manifest
from gco.core.region.observe import Frozen, Workload
from gco.kinds.canonical import digest
from gco.kinds.fieldset import MEMBER, FieldSet, owned_fields
from gco.kinds.packed import unpack
from gco.kinds.schema import type_named
from gco.kinds.strategic import normal

KEPT = 10
"""How many frozen templates an endpoint keeps, for rollbacks; as many as Kubernetes keeps."""
_HASH = 10


@dataclasses.dataclass(frozen=True, slots=True)
class Template:
    """A pod template under the name of the ControllerRevision that holds it."""

    name: str
    key: TemplateKey
    number: int
    """The endpoint's revision for which it was rendered."""
    body: Mapping[str, Any]
    adopted: bool = False
    """It is that of a Deployment which another client made, taken over as it ran."""
    model_job: str = ""
    """Of the Job that copied the model which it mounts."""


def freeze(
    name: str,
    key: TemplateKey,
    number: int,
    body: Mapping[str, Any],
    *,
    adopted: bool = False,
    model_job: str = "",
) -> Template:
    """Return `body` as the frozen template for `key`; the same content has the same name."""
    full = f"{name}-{digest(body, length=_HASH)}"
    return Template(full, key, number, body, adopted, model_job)


def frozen_for(
    key: TemplateKey, uid: EndpointUid, records: Mapping[str, Frozen]
) -> Template | None:
    """Return the template that was frozen for `key`, the first one where there are several.

    But what was taken over from a running Deployment counts more, and of that the last.
    """
    found = sorted(
        (record.created, name)
        for name, record in records.items()
        if record.template_key == key and record.endpoint_uid == uid and not record.deleting
    )
    adopted = [name for _, name in found if records[name].adopted]
    names = [*adopted[-1:], *(name for _, name in found)]
    return thaw(names[0], records[names[0]]) if names else None


def frozen_in(
    workload: Workload | None, uid: EndpointUid, records: Mapping[str, Frozen]
) -> Template | None:
    """Return the template that the Deployment has; the latest one where it was deleted by hand.

    None where none was ever frozen.
    """
    if workload is not None:
        key = workload.template_key
        return frozen_for(key, uid, records) if key and workload.endpoint_uid == uid else None
    ours = {n: r for n, r in records.items() if r.endpoint_uid == uid and not r.deleting}
    latest = max(ours, key=lambda name: (ours[name].number, name), default=None)
    return thaw(latest, ours[latest]) if latest is not None else None


def thaw(name: str, record: Frozen) -> Template:
    """Return what a ControllerRevision of ours holds."""
    key = record.template_key or TemplateKey("")
    body = unpack(record.data)
    return Template(name, key, record.number, body, record.adopted, record.model_job)


def kept(current: Template, uid: EndpointUid, records: Mapping[str, Frozen]) -> list[Template]:
    """Return the frozen templates to keep: the current one and the latest of the others."""
    others = sorted(
        (
            (record.number, name)
            for name, record in records.items()
            if name != current.name
            and record.template_key != current.key
            and record.endpoint_uid == uid
            and record.template_key is not None
            and not record.deleting
        ),
        reverse=True,
    )
    return [current, *(thaw(name, records[name]) for _, name in others[: KEPT - 1])]


def runs(workload: Workload | None, key: TemplateKey, uid: EndpointUid) -> bool:
    """Whether the Deployment has the template of `key` already, though nothing holds it frozen.

    Its own template is then the frozen one: someone deleted the ControllerRevision.
    """
    return workload is not None and workload.template_key == key and workload.endpoint_uid == uid


def template_in(deployment: Manifest) -> Mapping[str, Any]:
    """Return the pod template that we applied, as it stands in a Deployment of ours."""
    held = _pick(deployment, owned_fields(deployment, MANAGER) or {})
    template: Mapping[str, Any] = held.get("spec", {}).get("template", {})
    return template


def live_template(deployment: Manifest) -> Mapping[str, Any]:
    """Return the whole pod template of a Deployment that another client made, as it is to be applied.

    Defaults and all: applied as it stands, it changes nothing, and no pod restarts.
    """
    stated = _without_nulls(deployment["spec"]["template"])
    template: Mapping[str, Any] = normal(stated, type_named("PodTemplateSpec"))
    return template


def with_labels(template: Mapping[str, Any], labels: Mapping[str, str]) -> Mapping[str, Any]:
    """Return `template` with `labels` over its own: those that a selector asks for."""
    meta = template["metadata"]
    return {**template, "metadata": {**meta, "labels": {**meta["labels"], **labels}}}


def _without_nulls(value: Any) -> Any:  # noqa: ANN401 - any JSON value
    match value:
        case dict():
            return {
                name: _without_nulls(child) for name, child in value.items() if child is not None
            }
        case list():
            return [_without_nulls(item) for item in value]
        case _:
            return value


def _pick(value: Any, fields: FieldSet) -> Any:  # noqa: ANN401 - any JSON value
    below = [(key, sub) for key, sub in fields.items() if key != MEMBER]
    if not below:
        return value
    if isinstance(value, list):
        keys = [(json.loads(key[2:]), sub) for key, sub in below if key.startswith("k:")]
        return [_pick(item, sub) for item in value for key, sub in keys if _has(item, key)] or value
    named = ((key[2:], sub) for key, sub in below)
    return {name: _pick(value[name], sub) for name, sub in named if name in (value or {})}


def _has(item: Mapping[str, Any], key: Mapping[str, Any]) -> bool:
    return all(
        item.get(name, "TCP" if name == "protocol" else None) == v for name, v in key.items()
    )
