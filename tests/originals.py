"""Objects as the original monitor makes them: written by PUT and POST, without a word of ours.

`make(client, "web")` makes Deployment, Service and Ingress through a client whose field manager is
another than ours; `lease` is the Lease as that monitor writes it.
"""

from typing import Any

from gco.cluster.port import Cluster, Manifest
from gco.core.model.names import LEADER_LEASE
from gco.kinds.registry import DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER, INGRESS, LEASE, SERVICE

CLIENT = "OpenAPI-Generator"
"""What the API server calls a writer that uses Kubernetes' Python client."""
IMAGE = "vllm/vllm-openai:v0.8.4"
NAMESPACE = "gco-inference"


def labels(name: str) -> dict[str, str]:
    return {"app": name, "project": "gco", "gco.io/type": "inference"}


def deployment(
    name: str, *, replicas: int = 1, env: dict[str, str] | None = None, image: str = IMAGE
) -> Manifest:
    """A Deployment with probes on the prefixed path, and a port without a name."""
    prefix = f"/inference/{name}"
    devices = {"nvidia.com/gpu": "1"}
    probe = {"httpGet": {"path": f"{prefix}/health", "port": 8000}, "periodSeconds": 1}
    container: dict[str, Any] = {
        "name": "inference",
        "image": image,
        "args": ["--host", "0.0.0.0", "--root-path", prefix],  # noqa: S104
        "ports": [{"containerPort": 8000}],
        "env": [{"name": key, "value": value} for key, value in (env or {}).items()],
        "resources": {
            "requests": {"cpu": "1", "memory": "4Gi", **devices},
            "limits": {"cpu": "4", "memory": "16Gi", **devices},
        },
        "readinessProbe": probe,
        "livenessProbe": {**probe, "initialDelaySeconds": 120, "failureThreshold": 5},
    }
    toleration = {"key": "nvidia.com/gpu", "operator": "Equal", "value": "true"}
    pod = {
        "serviceAccountName": "gco-service-account",
        "containers": [container],
        "tolerations": [{**toleration, "effect": "NoSchedule"}],
        "nodeSelector": {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"},
    }
    return {
        **_head(DEPLOYMENT, name, name),
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels(name)}, "spec": pod},
        },
    }


def service(name: str) -> Manifest:
    port = {"port": 80, "targetPort": 8000, "protocol": "TCP"}
    spec = {"type": "ClusterIP", "selector": {"app": name}, "ports": [port]}
    return {**_head(SERVICE, name, name), "spec": spec}


def ingress(name: str) -> Manifest:
    """An Ingress that takes no prefix off."""
    backend = {"service": {"name": name, "port": {"number": 80}}}
    path = {"path": f"/inference/{name}", "pathType": "Prefix", "backend": backend}
    made = _head(INGRESS, f"inference-{name}", name)
    made["metadata"]["annotations"] = {
        "alb.ingress.kubernetes.io/healthcheck-path": f"/inference/{name}/health",
        "alb.ingress.kubernetes.io/healthcheck-interval-seconds": "15",
        "example.com/left-over": "by-the-original",
    }
    return {**made, "spec": {"ingressClassName": "alb", "rules": [{"http": {"paths": [path]}}]}}


def lease(holder: str, *, seconds: int = 45) -> Manifest:
    """The Lease as the original writes it: its pod's name, and no count of transitions."""
    return {
        "apiVersion": LEASE.api_version,
        "kind": LEASE.name,
        "metadata": {"name": LEADER_LEASE, "namespace": NAMESPACE},
        "spec": {"holderIdentity": holder, "leaseDurationSeconds": seconds},
    }


async def make(client: Cluster, name: str, **told: Any) -> Manifest:
    """Make everything of one endpoint; return the Deployment as it was made."""
    made = await client.create(DEPLOYMENT, deployment(name, **told))
    await client.create(SERVICE, service(name))
    await client.create(INGRESS, ingress(name))
    return made


def _head(kind: Any, name: str, app: str) -> dict[str, Any]:
    return {
        "apiVersion": kind.api_version,
        "kind": kind.name,
        "metadata": {"name": name, "namespace": NAMESPACE, "labels": labels(app)},
    }


def autoscaler(name: str) -> Manifest:
    """The HorizontalPodAutoscaler as the original makes it."""
    target = {"type": "Utilization", "averageUtilization": 70}
    spec = {
        "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "Deployment", "name": name},
        "minReplicas": 1,
        "maxReplicas": 10,
        "metrics": [{"type": "Resource", "resource": {"name": "cpu", "target": target}}],
    }
    return {**_head(HORIZONTAL_POD_AUTOSCALER, name, name), "spec": spec}
