"""A Deployment as it is rendered, and helpers that stand in for what an API server does to it."""

import copy
from typing import Any

from gco.kinds.fieldset import fieldset

DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {
        "name": "llama",
        "namespace": "gco-inference",
        "labels": {"app": "llama", "gco.io/type": "inference"},
        "annotations": {"gco.io/rendered-hash": "abc"},
    },
    "spec": {
        "replicas": 2,
        "paused": False,
        "selector": {"matchLabels": {"app": "llama"}},
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}},
        "template": {
            "metadata": {"labels": {"app": "llama"}},
            "spec": {
                "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
                "nodeSelector": {"eks.amazonaws.com/instance-gpu-manufacturer": "nvidia"},
                "imagePullSecrets": [{"name": "registry"}],
                "volumes": [{"name": "scratch", "emptyDir": {}}],
                "containers": [
                    {
                        "name": "inference",
                        "image": "vllm/vllm-openai:v0.8.0",
                        "args": [],
                        "command": None,
                        "env": [
                            {"name": "MODE", "value": ""},
                            {
                                "name": "POD",
                                "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}},
                            },
                        ],
                        "ports": [{"containerPort": 8000}],
                        "volumeMounts": [{"name": "scratch", "mountPath": "/scratch"}],
                        "resources": {
                            "requests": {"cpu": "1", "nvidia.com/gpu": "1"},
                            "limits": {"cpu": "4", "memory": "16Gi", "nvidia.com/gpu": "1"},
                        },
                        "readinessProbe": {"httpGet": {"path": "/health", "port": 8000}},
                    }
                ],
            },
        },
    },
}


def stored(manifest: dict[str, Any], manager: str = "gco", **others: Any) -> dict[str, Any]:
    """Return `manifest` as it comes back from an apply, with other managers' entries beside ours."""
    obj = copy.deepcopy(manifest)
    entries = [
        {
            "manager": manager,
            "operation": "Apply",
            "time": "2026-01-01T00:00:00Z",
            "fieldsV1": copy.deepcopy(fieldset(manifest)),
        }
    ]
    entries += [
        {
            "manager": name,
            "operation": "Update",
            "time": "2026-01-02T00:00:00Z",
            "fieldsV1": fields,
        }
        for name, fields in others.items()
    ]
    obj["metadata"] |= {"uid": "u", "resourceVersion": "7", "managedFields": entries}
    return obj
