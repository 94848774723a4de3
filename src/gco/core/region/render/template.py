"""The pod template, from a spec with its defaults; rendered once for a template key, then frozen.

Changing what is rendered here changes the pods of endpoints whose spec changes next, and of no
other. Rules of safety: no service-account token and no service links in a model's pod, no
privilege to escalate to, and every capability dropped that the port does not need.
"""

import math
from collections.abc import Mapping
from typing import Any

from gco.core.model.defaults import Effective, effective
from gco.core.model.ids import EndpointName
from gco.core.model.names import (
    APP_LABEL,
    CONTAINER,
    PORT_NAME,
    SERVICE_ACCOUNT,
    object_labels,
)
from gco.core.model.regional import Regional
from gco.core.region.render.container import STARTUP_PERIOD
from gco.core.region.render.overrides import overridden
from gco.core.region.render.placement import affinity, node_selector, tolerations
from gco.kinds.canonical import canonical_quantity

_DRAIN_SECONDS = 10
"""How long a pod on its way out goes on answering while load balancers forget it."""
_GRACE_SECONDS = 60
"""From the wish to end a pod until it is killed: the drain, then time for streams to finish."""
_FIRST_UNPRIVILEGED_PORT = 1024


def pod_template(regional: Regional) -> dict[str, Any]:
    """Return the pod template for the endpoint in this region."""
    spec = effective(regional.spec.endpoint)
    template = {
        "metadata": {"labels": object_labels(regional.name, regional.spec.labels)},
        "spec": {
            **_pod(spec),
            **_spread(spec, regional.name),
            "containers": [_container(spec)],
        },
    }
    overrides = regional.spec.endpoint.pod_overrides
    return overridden(template, overrides) if overrides else template


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


def _container(spec: Effective) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": CONTAINER,
        "image": spec.image,
        "command": list(spec.command),
        "args": list(spec.args),
        "envFrom": [dict(source) for source in spec.env_from],
        "ports": [{"name": PORT_NAME, "containerPort": spec.port, "protocol": "TCP"}],
        "resources": _resources(spec),
        **_probes(spec),
        "lifecycle": {"preStop": {"sleep": {"seconds": _DRAIN_SECONDS}}},
        "securityContext": _security(spec.port),
    }
    env = [
        variable.model_dump(mode="json", exclude_none=True, by_alias=True) for variable in spec.env
    ]
    return container | ({"env": env} if env else {})


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
