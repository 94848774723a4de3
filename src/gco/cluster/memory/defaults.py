"""What the API server fills in, as far as loops and field ownership can see it.

Taken from the SetDefaults functions of k8s.io/kubernetes/pkg/apis. Custom resources get the
defaults of their schema.
"""

import contextlib
import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, Final

from gco.cluster.memory.storage import copy
from gco.cluster.port import Manifest
from gco.kinds.canonical import canonical_quantity
from gco.kinds.fieldset import child_type
from gco.kinds.types import ListOf, MapOf, Scalar, Type

_POD_SPEC: Final = {
    "restartPolicy": "Always",
    "terminationGracePeriodSeconds": 30,
    "dnsPolicy": "ClusterFirst",
    "securityContext": {},
    "schedulerName": "default-scheduler",
}
_PROBE: Final = {
    "timeoutSeconds": 1,
    "periodSeconds": 10,
    "successThreshold": 1,
    "failureThreshold": 3,
}
_ROLLING: Final = {"maxUnavailable": "25%", "maxSurge": "25%"}


def _fill(target: Manifest, defaults: Mapping[str, Any]) -> None:
    for name, value in defaults.items():
        if target.get(name) is None:
            target[name] = value


def fill(kind: str, manifest: Manifest) -> None:
    """Fill in a built-in kind's defaults, in place."""
    default = _BY_KIND.get(kind)
    if default is not None:
        default(manifest.setdefault("spec", {}))


def _deployment(spec: Manifest) -> None:
    _fill(spec, {"replicas": 1, "revisionHistoryLimit": 10, "progressDeadlineSeconds": 600})
    strategy = spec.setdefault("strategy", {})
    _fill(strategy, {"type": "RollingUpdate"})
    if strategy["type"] == "RollingUpdate":
        _fill(strategy, {"rollingUpdate": {}})
        _fill(strategy["rollingUpdate"], _ROLLING)
    _template(spec)


def _replica_set(spec: Manifest) -> None:
    _fill(spec, {"replicas": 1})
    _template(spec)


def _job(spec: Manifest) -> None:
    _fill(spec, {"completionMode": "NonIndexed", "podReplacementPolicy": "TerminatingOrFailed"})
    _fill(spec, {"parallelism": 1, "completions": 1, "backoffLimit": 6, "suspend": False})
    _template(spec)


def _template(spec: Manifest) -> None:
    _pod_spec(spec.setdefault("template", {}).setdefault("spec", {}))


def _pod(spec: Manifest) -> None:
    _pod_spec(spec)
    _fill(
        spec,
        {"enableServiceLinks": True, "preemptionPolicy": "PreemptLowerPriority", "priority": 0},
    )
    for container in (*spec.get("containers", ()), *spec.get("initContainers", ())):
        resources = container["resources"]
        if limits := resources.get("limits"):
            _fill(resources.setdefault("requests", {}), limits)


def _pod_spec(spec: Manifest) -> None:
    _fill(spec, _POD_SPEC)
    if spec.get("serviceAccountName"):
        _fill(spec, {"serviceAccount": spec["serviceAccountName"]})
    for container in (*(spec.get("containers") or ()), *(spec.get("initContainers") or ())):
        _container(container)
    for volume in spec.get("volumes") or ():
        _volume(volume)


def _container(container: Manifest) -> None:
    tag = str(container.get("image", "")).rpartition("/")[2].partition("@")
    latest = not tag[1] and (":" not in tag[0] or tag[0].endswith(":latest"))
    _fill(
        container,
        {
            "terminationMessagePath": "/dev/termination-log",
            "terminationMessagePolicy": "File",
            "imagePullPolicy": "Always" if latest else "IfNotPresent",
            "resources": {},
        },
    )
    for port in container.get("ports") or ():
        _fill(port, {"protocol": "TCP"})
    for variable in container.get("env") or ():
        reference = (variable.get("valueFrom") or {}).get("fieldRef")
        if reference:
            _fill(reference, {"apiVersion": "v1"})
    for name in ("readinessProbe", "livenessProbe", "startupProbe"):
        if probe := container.get(name):
            _fill(probe, _PROBE)
            if request := probe.get("httpGet"):
                _fill(request, {"path": "/", "scheme": "HTTP"})


def _volume(volume: Manifest) -> None:
    for source in ("configMap", "secret", "downwardAPI", "projected"):
        if volume.get(source) is not None:
            _fill(volume[source], {"defaultMode": 420})
    if volume.get("hostPath") is not None:
        _fill(volume["hostPath"], {"type": ""})
    if len(volume) == 1:
        volume["emptyDir"] = {}


def _service(spec: Manifest) -> None:
    _fill(
        spec, {"type": "ClusterIP", "sessionAffinity": "None", "internalTrafficPolicy": "Cluster"}
    )
    _fill(spec, {"ipFamilies": ["IPv4"], "ipFamilyPolicy": "SingleStack"})
    for port in spec.get("ports") or ():
        _fill(port, {"protocol": "TCP", "targetPort": port.get("port")})


def _definition(spec: Manifest) -> None:
    names = spec.setdefault("names", {})
    _fill(
        names, {"singular": names.get("kind", "").lower(), "listKind": f"{names.get('kind')}List"}
    )
    _fill(spec, {"conversion": {"strategy": "None"}})


_BY_KIND: Final[Mapping[str, Callable[[Manifest], None]]] = {
    "Deployment": _deployment,
    "ReplicaSet": _replica_set,
    "Job": _job,
    "Pod": _pod,
    "Service": _service,
    "CustomResourceDefinition": _definition,
}

SERVICE_NETWORK: Final = ipaddress.ip_network("10.96.0.0/12")


def cluster_ip(number: int) -> str:
    """Return the address of the cluster's `number`th Service."""
    return str(SERVICE_NETWORK[number % SERVICE_NETWORK.num_addresses])


def normal(value: Any, of: Type) -> Any:  # noqa: ANN401 - any JSON value
    """Return a built-in kind's value as it is written: quantities canonical, nothing empty kept."""
    if of is Scalar.QUANTITY:
        with contextlib.suppress(ValueError):  # a value that is none was refused before
            return canonical_quantity(value)
    if isinstance(value, list) and isinstance(of, ListOf):
        return [normal(item, of.elements) for item in value]
    if not isinstance(value, dict):
        return value
    kept = {}
    for name, child in value.items():
        below = child_type(of, name)[0]
        if child is None or (not child and isinstance(below, ListOf | MapOf)):
            continue
        deeper = below is Scalar.QUANTITY or isinstance(child, dict | list)
        kept[name] = normal(child, below) if deeper else child
    return kept


def fill_structural(value: Any, schema: Mapping[str, Any]) -> None:  # noqa: ANN401
    """Fill in the defaults of a CRD's schema, in place."""
    if isinstance(value, dict):
        for name, below in schema.get("properties", {}).items():
            if name in value and value[name] is None and not below.get("nullable"):
                del value[name]
            if name not in value and "default" in below:
                value[name] = copy(below["default"])
            if name in value:
                fill_structural(value[name], below)
        others = schema.get("additionalProperties")
        if isinstance(others, Mapping):
            for child in value.values():
                fill_structural(child, others)
    elif isinstance(value, list):
        for item in value:
            fill_structural(item, schema.get("items", {}))
