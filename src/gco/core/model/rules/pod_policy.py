"""The regions of an endpoint allow what its podOverrides ask of a pod."""

import re
from collections.abc import Iterator
from typing import Any, Final

from gco.core.model.allowed import Path
from gco.core.model.names import CONTAINER, MODEL_CLAIM, MODEL_VOLUME, SERVICE_ACCOUNT
from gco.core.model.pod_policy import SETTING, violations
from gco.core.model.rules.finding import Finding, Known
from gco.core.model.rules.overlay import overlay
from gco.core.model.spec import EndpointSpec, InferenceEndpoint
from gco.core.model.status import Region
from gco.kinds.schema import type_named
from gco.kinds.strategic import strategic_merge

_STEP: Final = re.compile(r"([^.\[\]]+)(?:\[([^\]]*)\])?")
_PATH: Final = ("spec", "podOverrides")
_CLAIM: Final = {"claimName": MODEL_CLAIM, "readOnly": True}
_RENDERED: Final[dict[str, Any]] = {
    "spec": {
        "serviceAccountName": SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "volumes": [{"name": MODEL_VOLUME, "persistentVolumeClaim": _CLAIM}],
        "containers": [
            {
                "name": CONTAINER,
                "securityContext": {
                    "allowPrivilegeEscalation": False,
                    "capabilities": {"drop": ["ALL"]},
                },
                "volumeMounts": [{"name": MODEL_VOLUME, "mountPath": "/models", "readOnly": True}],
            }
        ],
    }
}
"""The part of a rendered pod template that the policy reads."""


def pod_policy(document: InferenceEndpoint, known: Known) -> Iterator[Finding]:
    """No region denies what the pod template asks for; what is stored already is a warning."""
    regions = [region for region in _wanted(document, known) if _has_policy(region)]
    given = document.spec.pod_overrides or {}
    of = type_named("PodTemplateSpec")
    if not regions or any(overlay(_PATH, given, of)):
        return
    merged = strategic_merge(_RENDERED, given, of)
    same = known.stored is not None and _asked(known.stored) == _asked(document.spec)
    for found in violations(_with_priority(merged, document.spec), ()):
        denying = [r.name for r in regions if found.rule not in (r.pod_overrides_allow or ())]
        if denying:
            allowed = (
                f"{found.allowed}; {', '.join(denying)} denies it "
                f"({SETTING} of the monitor allows it by the name {found.rule})"
            )
            path = _stated_at(found.path, document.spec)
            if same:
                allowed = f"{allowed}; pods that run stay, and the next change of them is denied"
            yield Finding(path, found.given, allowed, warning=same)


def _asked(spec: EndpointSpec) -> tuple[object, object]:
    return spec.pod_overrides, spec.scheduling and spec.scheduling.priority_class


def _stated_at(path: str, spec: EndpointSpec) -> Path:
    own = (spec.pod_overrides or {}).get("spec") or {}
    if path == "spec.priorityClassName" and "priorityClassName" not in own:
        return ("spec", "scheduling", "priorityClass")
    return (*_PATH, *_steps(path, spec.pod_overrides))


def _steps(path: str, value: Any) -> Iterator[str | int]:  # noqa: ANN401 - any JSON value
    """Yield the steps of `path`, with the place in the overlay's lists for the names of items."""
    for field, name in _STEP.findall(path):
        yield field
        value = value.get(field) if isinstance(value, dict) else None
        if name:
            items = value if isinstance(value, list) else []
            numbers = (n for n, item in enumerate(items) if item.get("name") == name)
            number = next(numbers, None)
            if number is None:
                return  # the overlay changes it from elsewhere
            yield number
            value = items[number]


def _with_priority(template: dict[str, Any], spec: EndpointSpec) -> dict[str, Any]:
    pod = template.get("spec") or {}
    stated = spec.scheduling.priority_class if spec.scheduling else None
    return {**template, "spec": {"priorityClassName": stated, **pod}}


def _wanted(document: InferenceEndpoint, known: Known) -> Iterator[Region]:
    named = {region.name for region in document.spec.regions or ()}
    for region in known.regions or ():
        if not named or region.name in named:
            yield region


def _has_policy(region: Region) -> bool:
    return region.pod_overrides_allow is not None
