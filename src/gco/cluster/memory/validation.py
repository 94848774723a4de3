"""What the API server refuses, of the kinds that this system writes: the rules that matter here."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from gco.cluster.memory.selectors import labels_match
from gco.cluster.port import Manifest
from gco.errors import RejectedError
from gco.kinds.registry import Kind

_LABEL: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
_RFC1035: Final = re.compile(r"[a-z]([-a-z0-9]{0,61}[a-z0-9])?")
_SUBDOMAIN: Final = re.compile(
    r"(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*"
)
_LABEL_VALUE: Final = re.compile(r"(([A-Za-z0-9][-A-Za-z0-9_.]{0,61})?[A-Za-z0-9])?")
_NAMES: Final = {"Service": _RFC1035, "Namespace": _LABEL}

_MAX_PORT: Final = 65535
_NAME_AND_SOURCE: Final = 2

Problem: TypeAlias = tuple[str, str]


def check(kind: Kind, new: Manifest, old: Manifest | None) -> None:
    """Raise RejectedError with every rule that `new` breaks, given what it replaces."""
    problems = [*_metadata(kind, new)]
    rules = _RULES.get(kind.name)
    if rules is not None and (old is None or new.get("spec") != old.get("spec")):
        problems += rules(new)
    if old is not None:
        problems += _immutable(kind, new, old)
    if problems:
        name = new["metadata"].get("name", "")
        told = "; ".join(f"{path}: {what}" for path, what in problems)
        raise RejectedError(f'{kind.name} "{name}" is invalid: {told}')


def _metadata(kind: Kind, new: Manifest) -> Iterator[Problem]:
    metadata = new["metadata"]
    name = metadata.get("name", "")
    if not _NAMES.get(kind.name, _SUBDOMAIN).fullmatch(name):
        yield "metadata.name", f'Invalid value: "{name}": must be a lowercase DNS name'
    for key, value in (metadata.get("labels") or {}).items():
        if not _LABEL_VALUE.fullmatch(value):
            yield f"metadata.labels[{key}]", f'Invalid value: "{value}": not a label value'


def _immutable(kind: Kind, new: Manifest, old: Manifest) -> Iterator[Problem]:
    for path in _IMMUTABLE.get(kind.name, ()):
        if _at(new, path) != _at(old, path):
            yield path, "Invalid value: field is immutable"


_IMMUTABLE: Final = {
    "Deployment": ("spec.selector",),
    "ReplicaSet": ("spec.selector",),
    "ControllerRevision": ("data",),
    "Service": ("spec.clusterIP",),
    "Job": ("spec.completions", "spec.podFailurePolicy", "spec.template"),
    "Pod": ("spec.containers",),
}


def _at(manifest: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401 - any JSON value
    value: Any = manifest
    for name in path.split("."):
        value = (value or {}).get(name)
    return _without_images(value) if path == "spec.containers" else value


def _without_images(containers: list[Manifest] | None) -> list[Manifest]:
    return [{**container, "image": ""} for container in containers or ()]


def _workload(new: Manifest) -> Iterator[Problem]:
    spec = new["spec"]
    if spec.get("replicas", 0) < 0:
        yield "spec.replicas", "Invalid value: must be greater than or equal to 0"
    selector = spec.get("selector") or {}
    if not selector:
        yield "spec.selector", "Required value"
    template = spec.get("template") or {}
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not labels_match(selector, labels):
        yield "spec.template.metadata.labels", "Invalid value: `selector` does not match them"
    yield from _pod_spec("spec.template.spec", template.get("spec") or {})


def _deployment(new: Manifest) -> Iterator[Problem]:
    yield from _workload(new)
    strategy = new["spec"].get("strategy") or {}
    rolling = strategy.get("rollingUpdate") or {}
    if strategy.get("type") == "Recreate" and rolling:
        yield "spec.strategy.rollingUpdate", "Forbidden: may not be specified when type is Recreate"
    if [rolling.get("maxSurge"), rolling.get("maxUnavailable")] == [0, 0]:
        yield "spec.strategy.rollingUpdate.maxUnavailable", "Invalid value: 0 when maxSurge is 0"


def _job(new: Manifest) -> Iterator[Problem]:
    template = new["spec"].get("template") or {}
    if (template.get("spec") or {}).get("restartPolicy") not in {"Never", "OnFailure"}:
        yield "spec.template.spec.restartPolicy", "Required value: valid values: OnFailure, Never"
    yield from _pod_spec("spec.template.spec", template.get("spec") or {})


def _pod(new: Manifest) -> Iterator[Problem]:
    yield from _pod_spec("spec", new["spec"])


def _pod_spec(path: str, spec: Manifest) -> Iterator[Problem]:
    containers = spec.get("containers") or []
    if not containers:
        yield f"{path}.containers", "Required value"
    volumes = {volume.get("name") for volume in spec.get("volumes") or ()}
    for position, volume in enumerate(spec.get("volumes") or ()):
        if len(volume) > _NAME_AND_SOURCE:
            at = f"{path}.volumes[{position}]"
            yield at, "Forbidden: may not specify more than 1 volume type"
    for position, container in enumerate(containers):
        at = f"{path}.containers[{position}]"
        if not _LABEL.fullmatch(container.get("name", "")):
            yield f"{at}.name", f'Invalid value: "{container.get("name", "")}"'
        if not container.get("image"):
            yield f"{at}.image", "Required value"
        for mount in container.get("volumeMounts") or ():
            if mount.get("name") not in volumes:
                yield f"{at}.volumeMounts", f'Not found: "{mount.get("name")}"'
        yield from _container(at, container)


def _container(at: str, container: Manifest) -> Iterator[Problem]:
    ports = container.get("ports") or ()
    names = [port["name"] for port in ports if port.get("name")]
    if len(set(names)) < len(names):
        yield f"{at}.ports", "Duplicate value: names must be unique"
    for port in ports:
        if not 0 < port.get("containerPort", 0) <= _MAX_PORT:
            yield f"{at}.ports", f"Invalid value: {port.get('containerPort')}: 1 to {_MAX_PORT}"
    resources = container.get("resources") or {}
    limits, requests = resources.get("limits") or {}, resources.get("requests") or {}
    for name in (*limits, *requests):
        extended = "/" in name and "kubernetes.io/" not in name
        if extended and limits.get(name) != requests.get(name, limits.get(name)):
            yield f"{at}.resources.requests", f"Invalid value: must be equal to {name} limit"
    for variable in container.get("env") or ():
        if variable.get("value") and variable.get("valueFrom"):
            yield (
                f"{at}.env[{variable.get('name')}].valueFrom",
                ("Invalid value: may not be specified when `value` is not empty"),
            )
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        handlers = {"httpGet", "exec", "tcpSocket", "grpc"} & (container.get(name) or {}).keys()
        if len(handlers) > 1:
            yield f"{at}.{name}", "Forbidden: may not specify more than 1 handler type"


def _service(new: Manifest) -> Iterator[Problem]:
    ports = new["spec"].get("ports") or []
    if not ports:
        yield "spec.ports", "Required value"
    if len({port.get("name") for port in ports}) < len(ports):
        yield "spec.ports", "Duplicate value: names must be unique"
    for port in ports:
        if not 0 < port.get("port", 0) <= _MAX_PORT:
            yield "spec.ports.port", f"Invalid value: {port.get('port')}: 1 to {_MAX_PORT}"


def _ingress(new: Manifest) -> Iterator[Problem]:
    spec = new["spec"]
    if not spec.get("rules") and not spec.get("defaultBackend"):
        yield "spec", "Invalid value: either `defaultBackend` or `rules` must be specified"
    for rule in spec.get("rules") or ():
        for path in (rule.get("http") or {}).get("paths") or ():
            if not path.get("pathType"):
                yield "spec.rules.http.paths.pathType", "Required value: pathType must be specified"


def _disruption_budget(new: Manifest) -> Iterator[Problem]:
    if {"minAvailable", "maxUnavailable"} <= new["spec"].keys():
        yield "spec", "Invalid value: minAvailable and maxUnavailable cannot be both set"


_RULES: Final[Mapping[str, Callable[[Manifest], Iterator[Problem]]]] = {
    "Deployment": _deployment,
    "ReplicaSet": _workload,
    "Pod": _pod,
    "Job": _job,
    "Service": _service,
    "Ingress": _ingress,
    "PodDisruptionBudget": _disruption_budget,
}
