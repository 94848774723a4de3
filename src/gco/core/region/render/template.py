"""The pod template, from a spec with its defaults; rendered once for a template key, then frozen.

Changing what is rendered here changes the pods of endpoints whose spec changes next, and of no
other. Rules of safety: no service-account token and no service links in a model's pod, no
privilege to escalate to, and every capability dropped that the port does not need.
"""

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from gco.core.model.defaults import Effective, effective
from gco.core.model.ids import EndpointName
from gco.core.model.launch import added_args, added_env, served_metrics
from gco.core.model.model_source import model_name, mount_path
from gco.core.model.names import (
    APP_LABEL,
    CONTAINER,
    MODEL_CLAIM,
    MODEL_VOLUME,
    PORT_NAME,
    SCRAPE,
    SERVICE_ACCOUNT,
    SHARED_MEMORY,
    object_labels,
    route_path,
)
from gco.core.model.regional import Regional
from gco.core.model.spec import EndpointSpec, EnvVar, ModelSource
from gco.core.region.render.container import STARTUP_PERIOD
from gco.core.region.render.overrides import overridden
from gco.core.region.render.placement import affinity, node_selector, tolerations
from gco.kinds.canonical import canonical_quantity, parse_quantity

_DRAIN_SECONDS = 10
"""How long a pod on its way out goes on answering while load balancers forget it."""
_GRACE_SECONDS = 120
"""From the wish to end a pod until it is killed: the drain, then time for streams to finish.

As long as a spot node has from its notice to its end. A server that is done sooner ends sooner.
"""
_MEBI = 1 << 20
_FIRST_UNPRIVILEGED_PORT = 1024


def pod_template(regional: Regional, directory: str | None = None) -> dict[str, Any]:
    """Return the pod template for the endpoint in this region.

    `directory` is where the region's cache has the model, where the spec states one.
    """
    stated = regional.spec.endpoint
    spec = effective(stated)
    prefix = route_path(regional.name, stated.route.path if stated.route else None)
    told = Told((*spec.args, *added_args(stated, prefix)), (*spec.env, *added_env(stated)))
    template = {
        "metadata": {
            "labels": object_labels(regional.name, regional.spec.labels),
            **_scraped(stated, spec.port),
        },
        "spec": {
            **_pod(spec),
            **_spread(spec, regional.name),
            **_volumes(spec, directory),
            "containers": [_container(spec, told, _mounts(spec, stated.model, directory))],
        },
    }
    return overridden(template, stated.pod_overrides) if stated.pod_overrides else template


def _scraped(stated: EndpointSpec, port: int) -> dict[str, Any]:
    """Return the annotations by which Prometheus finds the server's metrics, where it has any."""
    metrics = served_metrics(stated)
    if metrics is None:
        return {}
    told = {"scrape": "true", "port": str(metrics.port or port), "path": metrics.path}
    return {"annotations": {f"{SCRAPE}/{key}": value for key, value in told.items()}}


class Told(NamedTuple):
    """What the server is told: what the spec states, and what it needs beside that."""

    args: tuple[str, ...]
    env: tuple[EnvVar, ...]


def _pod(spec: Effective) -> dict[str, Any]:
    pod: dict[str, Any] = {
        "serviceAccountName": SERVICE_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,  # a Service named `vllm` would set VLLM_PORT, which vLLM reads
        "restartPolicy": "Always",
        "terminationGracePeriodSeconds": _GRACE_SECONDS,
        "securityContext": {"seccompProfile": {"type": "RuntimeDefault"}},
        "nodeSelector": node_selector(spec),
        "tolerations": tolerations(spec),
    }
    optional = {
        "affinity": affinity(spec),
        "imagePullSecrets": [{"name": name} for name in spec.image_pull_secrets],
        "priorityClassName": spec.priority_class,
    }
    return pod | {key: value for key, value in optional.items() if value}


def _spread(spec: Effective, name: EndpointName) -> dict[str, Any]:
    """Without a selector of its own a constraint would look at no pod at all."""
    ours = {"labelSelector": {"matchLabels": {APP_LABEL: name}}}
    found = [{**ours, **constraint} for constraint in spec.topology_spread]
    return {"topologySpreadConstraints": found} if found else {}


def _volumes(spec: Effective, directory: str | None) -> dict[str, Any]:
    """Return shared memory for servers of several devices, and the region's models where one is used.

    The processes of such a server exchange data there. Kubernetes gives a container 64 MiB, with
    which NCCL fails. It counts towards the memory limit, so at most half of that is for it.
    """
    volumes: list[dict[str, Any]] = []
    if spec.count > 1:
        shared = {"medium": "Memory", "sizeLimit": _half(spec.limits["memory"])}
        volumes.append({"name": SHARED_MEMORY, "emptyDir": shared})
    if directory:
        claim = {"claimName": MODEL_CLAIM, "readOnly": True}
        volumes.append({"name": MODEL_VOLUME, "persistentVolumeClaim": claim})
    return {"volumes": volumes} if volumes else {}


def _mounts(
    spec: Effective, model: ModelSource | None, directory: str | None
) -> list[dict[str, Any]]:
    """Return what of the volumes the server sees: of the models its own alone, and cannot change."""
    mounts: list[dict[str, Any]] = []
    if spec.count > 1:
        mounts.append({"name": SHARED_MEMORY, "mountPath": "/dev/shm"})  # noqa: S108
    if model is not None and directory:
        path = mount_path(model_name(model))
        mounts.append(
            {"name": MODEL_VOLUME, "mountPath": path, "subPath": directory, "readOnly": True}
        )
    return mounts


def _half(memory: str) -> str:
    """Return half of a quantity in whole mebibytes, 1 at least."""
    return canonical_quantity(f"{max(1, int(parse_quantity(memory)) // 2 // _MEBI)}Mi")


def _container(spec: Effective, told: Told, mounts: list[dict[str, Any]]) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": spec.image,
        "command": list(spec.command),
        "args": list(told.args),
        "envFrom": [dict(source) for source in spec.env_from],
        "ports": [{"name": PORT_NAME, "containerPort": spec.port, "protocol": "TCP"}],
        "resources": _resources(spec),
        **_probes(spec),
        "lifecycle": {"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
        "securityContext": _security(spec.port),
    }
    optional = {
        "env": [v.model_dump(mode="json", exclude_none=True, by_alias=True) for v in told.env],
        "volumeMounts": mounts,
    }
    return container | {key: value for key, value in optional.items() if value}


def _probes(spec: Effective) -> dict[str, Any]:
    ask = {
        "httpGet": {"path": spec.ready_path, "port": PORT_NAME, "scheme": "HTTP"},
        "initialDelaySeconds": 0,
        "timeoutSeconds": spec.timeout_seconds,
        "successThreshold": 1,
    }
    return {
        "startupProbe": {
            **ask,
            "periodSeconds": STARTUP_PERIOD,
            "failureThreshold": max(1, math.ceil(spec.startup_seconds / STARTUP_PERIOD)),
        },
        "readinessProbe": {
            **ask,
            "periodSeconds": spec.readiness_period_seconds,
            "failureThreshold": 3,
        },
        "livenessProbe": {
            **ask,
            "periodSeconds": spec.liveness_period_seconds,
            "failureThreshold": spec.liveness_failures,
        },
    }


def _resources(spec: Effective) -> dict[str, Any]:
    device = {spec.device: str(spec.count)} if spec.device else {}
    return {
        "requests": _quantities({**spec.requests, **device}),
        "limits": _quantities({**spec.limits, **device}),
    }


def _quantities(amounts: Mapping[str, str]) -> dict[str, str]:
    return {name: canonical_quantity(amount) for name, amount in sorted(amounts.items())}


def _security(port: int) -> dict[str, Any]:
    capabilities: dict[str, Any] = {"drop": ["ALL"]}
    if port < _FIRST_UNPRIVILEGED_PORT:
        capabilities["add"] = ["NET_BIND_SERVICE"]
    return {"allowPrivilegeEscalation": False, "capabilities": capabilities}
