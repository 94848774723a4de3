"""Manifests of the contract: small, complete and canonical, one builder a kind."""

from typing import Any

from gco.cluster.port import Manifest
from gco.kinds.registry import Kind

WIDGET = Kind("contract.gco.io", "v1", "Widget", "widgets")
"""A custom resource of the contract's own: a spec with known fields, free-form ones and a status."""
UNINSTALLED = Kind("absent.gco.io", "v1", "Nothing", "nothings")
"""A kind that no CRD was ever installed for."""


def metadata(name: str, namespace: str, **more: Any) -> Manifest:
    return {"name": name, "namespace": namespace, **more}


def deployment(
    name: str, namespace: str, *, image: str = "model:v1", replicas: int = 1, **more: Any
) -> Manifest:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": metadata(name, namespace, labels=labels, **more),
        "spec": {
            "replicas": replicas,
            "paused": False,
            "selector": {"matchLabels": labels},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0},
            },
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [container(image)], "tolerations": [TOLERATION]},
            },
        },
    }


TOLERATION = {"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}


def container(image: str) -> Manifest:
    return {
        "name": "inference",
        "image": image,
        "command": [],
        "args": ["--max-model-len=8192"],
        "env": [{"name": "MODE", "value": "fast"}],
        "ports": [{"name": "http", "containerPort": 8000}],
        "resources": {
            "requests": {"cpu": "1", "memory": "4Gi"},
            "limits": {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"},
        },
        "readinessProbe": {"httpGet": {"path": "/health", "port": "http"}, "periodSeconds": 10},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }


def service(name: str, namespace: str, *, port: int = 80, **more: Any) -> Manifest:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": metadata(name, namespace, **more),
        "spec": {
            "type": "ClusterIP",
            "selector": {"app": name},
            "ports": [{"name": "http", "port": port, "targetPort": 8000}],
        },
    }


def ingress(name: str, namespace: str, *, path: str = "/inference/web", **more: Any) -> Manifest:
    backend = {"service": {"name": name, "port": {"number": 80}}}
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": metadata(name, namespace, annotations={"gco.io/note": "a"}, **more),
        "spec": {
            "ingressClassName": "alb",
            "rules": [
                {"http": {"paths": [{"path": path, "pathType": "Prefix", "backend": backend}]}}
            ],
        },
    }


def controller_revision(name: str, namespace: str, **more: Any) -> Manifest:
    return {
        "apiVersion": "apps/v1",
        "kind": "ControllerRevision",
        "metadata": metadata(name, namespace, annotations={"gco.io/template-key": "k1"}, **more),
        "revision": 1,
        "data": {"spec": {"containers": [{"name": "inference", "image": "model:v1"}]}},
    }


def lease(name: str, namespace: str, *, holder: str = "a", **more: Any) -> Manifest:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": metadata(name, namespace, **more),
        "spec": {
            "holderIdentity": holder,
            "leaseDurationSeconds": 15,
            "renewTime": "2026-01-01T00:00:00.000000Z",
        },
    }


def widget(name: str, namespace: str, *, size: int = 1, **more: Any) -> Manifest:
    return {
        "apiVersion": WIDGET.api_version,
        "kind": WIDGET.name,
        "metadata": metadata(name, namespace, **more),
        "spec": {
            "size": size,
            "ports": [{"name": "http", "port": 80}],
            "tags": ["a", "b"],
            "free": {"any": {"thing": [1, {"deep": None}]}},
        },
    }


def pod(name: str, namespace: str, **more: Any) -> Manifest:
    """A pod that no scheduler looks at."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata(name, namespace, **more),
        "spec": {
            "schedulerName": "nobody",
            "containers": [{"name": "inference", "image": "model:v1"}],
        },
    }


def binding(name: str, namespace: str) -> Manifest:
    """Put a pod on the node that is called like its namespace, and that is not there.

    A real cluster collects pods from a node that has been missing for 40 s, so each test takes
    another.
    """
    return {
        "apiVersion": "v1",
        "kind": "Binding",
        "metadata": metadata(name, namespace),
        "target": {"apiVersion": "v1", "kind": "Node", "name": namespace},
    }


def owned_by(owner: Manifest, *, uid: str | None = None) -> Manifest:
    """An ownerReference to `owner`, or to one of that name which had another `uid`."""
    return {
        "apiVersion": owner["apiVersion"],
        "kind": owner["kind"],
        "name": owner["metadata"]["name"],
        "uid": uid or owner["metadata"]["uid"],
    }


def widget_definition() -> Manifest:
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": f"{WIDGET.plural}.{WIDGET.group}"},
        "spec": {
            "group": WIDGET.group,
            "scope": "Namespaced",
            "names": {
                "kind": WIDGET.name,
                "listKind": f"{WIDGET.name}List",
                "plural": WIDGET.plural,
                "singular": WIDGET.name.lower(),
            },
            "versions": [
                {
                    "name": WIDGET.version,
                    "served": True,
                    "storage": True,
                    "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": _widget_schema()},
                }
            ],
        },
    }


def _widget_schema() -> Manifest:
    port = {
        "type": "object",
        "required": ["name"],
        "properties": {"name": {"type": "string"}, "port": {"type": "integer"}},
    }
    free = {"type": "object", "x-kubernetes-preserve-unknown-fields": True}
    spec = {
        "size": {"type": "integer"},
        "ports": {
            "type": "array",
            "items": port,
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["name"],
        },
        "tags": {"type": "array", "items": {"type": "string"}},
        "free": free,
    }
    return {
        "type": "object",
        "properties": {"spec": {"type": "object", "properties": spec}, "status": free},
    }
