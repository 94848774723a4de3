"""What a pod template may ask for: each rule with the name by which a region allows it.

`gco apply` and the region go by the same table. It reads whole pod templates, so that what an overlay
takes away (a security context) counts as much as what it adds. Other documents that state rules for
pods use the same names.
"""

import dataclasses
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from gco.core.model.names import CONTAINER, MODEL_CLAIM, SERVICE_ACCOUNT

SETTING: Final = "GCO_POD_OVERRIDES_ALLOW"
_CAPABILITIES: Final = frozenset(
    {
        *("AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD"),
        *("NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"),
    }
)
"""Those that the Pod Security Standard `baseline` lets a container add."""

Pod = Mapping[str, Any]
_Found = Iterator[tuple[str, object]]


@dataclasses.dataclass(frozen=True, slots=True)
class Violation:
    """One field of a pod template that the policy denies."""

    rule: str
    """The name by which a region allows it."""
    path: str
    """The field, with containers and volumes by their names: `spec.volumes[root].hostPath`."""
    given: object
    allowed: str
    """What would be right without any setting."""


@dataclasses.dataclass(frozen=True, slots=True)
class _Rule:
    find: Callable[[Pod], _Found]
    allowed: str


def violations(template: Mapping[str, Any], allow: Collection[str]) -> tuple[Violation, ...]:
    """Return what `template` asks for that neither the policy nor `allow` lets it have."""
    pod = template.get("spec") or {}
    return tuple(
        Violation(name, f"spec.{path}", given, rule.allowed)
        for name, rule in RULES.items()
        if name not in allow
        for path, given in rule.find(pod)
    )


def _flag(field: str) -> Callable[[Pod], _Found]:
    def find(pod: Pod) -> _Found:
        if pod.get(field):
            yield field, True

    return find


def _host_path(pod: Pod) -> _Found:
    for path, volume in _volumes(pod):
        if "hostPath" in volume:
            yield f"{path}.hostPath", (volume["hostPath"] or {}).get("path", "")


def _privileged(pod: Pod) -> _Found:
    for path, context in _contexts(pod):
        if context.get("privileged"):
            yield f"{path}.privileged", True
        if (context.get("windowsOptions") or {}).get("hostProcess"):
            yield f"{path}.windowsOptions.hostProcess", True


def _escalation(pod: Pod) -> _Found:
    for path, context in _contexts(pod):
        stated = context.get("allowPrivilegeEscalation")
        dropped = path == f"containers[{CONTAINER}].securityContext" and stated is None
        if stated or dropped:
            yield f"{path}.allowPrivilegeEscalation", "nothing" if dropped else stated


def _capabilities(pod: Pod) -> _Found:
    for path, context in _contexts(pod):
        added = (context.get("capabilities") or {}).get("add") or ()
        for name in added:
            if str(name) not in _CAPABILITIES:
                yield f"{path}.capabilities.add", name


def _profile(field: str) -> Callable[[Pod], _Found]:
    def find(pod: Pod) -> _Found:
        for path, context in _contexts(pod):
            if (context.get(field) or {}).get("type") == "Unconfined":
                yield f"{path}.{field}.type", "Unconfined"

    return find


def _seccomp(pod: Pod) -> _Found:
    yield from _profile("seccompProfile")(pod)
    if not (pod.get("securityContext") or {}).get("seccompProfile"):
        yield "securityContext.seccompProfile", "nothing"


def _proc_mount(pod: Pod) -> _Found:
    for path, context in _contexts(pod):
        if context.get("procMount", "Default") != "Default":
            yield f"{path}.procMount", context["procMount"]


def _sysctls(pod: Pod) -> _Found:
    if found := (pod.get("securityContext") or {}).get("sysctls"):
        yield "securityContext.sysctls", ", ".join(str(each.get("name", "")) for each in found)


def _host_port(pod: Pod) -> _Found:
    for path, container in _containers(pod):
        for port in container.get("ports") or ():
            if port.get("hostPort"):
                yield f"{path}.ports.hostPort", port["hostPort"]


def _account(pod: Pod) -> _Found:
    for field in ("serviceAccountName", "serviceAccount"):
        stated = pod.get(field)
        if stated is not None and stated != SERVICE_ACCOUNT:
            yield field, stated
    if "serviceAccountName" not in pod:
        yield "serviceAccountName", "nothing"


def _token(pod: Pod) -> _Found:
    stated = pod.get("automountServiceAccountToken")
    if stated is not False:
        yield "automountServiceAccountToken", "nothing" if stated is None else stated
    for path, volume in _volumes(pod):
        for source in (volume.get("projected") or {}).get("sources") or ():
            if "serviceAccountToken" in source:
                yield f"{path}.projected.sources.serviceAccountToken", ""


def _priority(pod: Pod) -> _Found:
    stated = str(pod.get("priorityClassName") or "")
    if stated.startswith("system-"):
        yield "priorityClassName", stated


def _node_name(pod: Pod) -> _Found:
    if pod.get("nodeName"):
        yield "nodeName", pod["nodeName"]


def _cache(pod: Pod) -> _Found:
    for path, volume in _volumes(pod):
        claim = volume.get("persistentVolumeClaim") or {}
        if claim.get("claimName") != MODEL_CLAIM or claim.get("readOnly"):
            continue
        for where, container in _containers(pod):
            for mount in container.get("volumeMounts") or ():
                if mount.get("name") == volume.get("name") and not mount.get("readOnly"):
                    yield f"{where}.volumeMounts[{volume.get('name')}].readOnly", False
            for device in container.get("volumeDevices") or ():
                if device.get("name") == volume.get("name"):
                    yield f"{path}.persistentVolumeClaim.readOnly", False


def _volumes(pod: Pod) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for volume in pod.get("volumes") or ():
        yield f"volumes[{volume.get('name', '')}]", volume


def _containers(pod: Pod) -> Iterator[tuple[str, Mapping[str, Any]]]:
    for field in ("containers", "initContainers", "ephemeralContainers"):
        for container in pod.get(field) or ():
            yield f"{field}[{container.get('name', '')}]", container


def _contexts(pod: Pod) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield "securityContext", pod.get("securityContext") or {}
    for path, container in _containers(pod):
        yield f"{path}.securityContext", container.get("securityContext") or {}


RULES: Final[Mapping[str, _Rule]] = {
    "hostPath": _Rule(_host_path, "no volume of the node; use a PersistentVolumeClaim"),
    "hostNetwork": _Rule(_flag("hostNetwork"), "false"),
    "hostPID": _Rule(_flag("hostPID"), "false"),
    "hostIPC": _Rule(_flag("hostIPC"), "false"),
    "hostPort": _Rule(_host_port, "no port of the node; requests come by the Service"),
    "privileged": _Rule(_privileged, "false"),
    "allowPrivilegeEscalation": _Rule(_escalation, "false"),
    "capabilities": _Rule(_capabilities, f"one of {', '.join(sorted(_CAPABILITIES))}"),
    "seccompProfile": _Rule(_seccomp, "RuntimeDefault or Localhost"),
    "appArmorProfile": _Rule(_profile("appArmorProfile"), "RuntimeDefault or Localhost"),
    "procMount": _Rule(_proc_mount, "Default"),
    "sysctls": _Rule(_sysctls, "none"),
    "serviceAccountName": _Rule(_account, SERVICE_ACCOUNT),
    "serviceAccountToken": _Rule(_token, "no token of the Kubernetes API in a model's pod"),
    "priorityClassName": _Rule(_priority, "a PriorityClass whose name does not begin with system-"),
    "nodeName": _Rule(_node_name, "scheduling.nodeSelector, so that the scheduler chooses"),
    "modelCacheWrite": _Rule(_cache, "true: endpoints share the claim of models"),
}
"""By the names that GCO_POD_OVERRIDES_ALLOW lists."""
