"""The Job that copies one model into a region's cache, for every endpoint that wants it.

Nothing in it is one endpoint's, so that all of them render the same. It has no token for the API
and no permission: what it has to say is in its log and in its termination message.
"""

from typing import Any, Final

from gco.core.model.model_source import MODELS_FOLDER, job_name, model_name, source_uri
from gco.core.model.model_sync import FINAL
from gco.core.model.names import (
    COPY_ACCOUNT,
    MODEL_CLAIM,
    MODEL_CONTAINER,
    MODEL_VOLUME,
    PROJECT,
    PROJECT_LABEL,
    TYPE_LABEL,
    TYPE_MODEL,
)
from gco.core.model.spec import ModelSource
from gco.core.region.actions import Rendered
from gco.core.region.render.objects import rendered
from gco.kinds.registry import JOB

KEPT_SECONDS: Final = 600
"""How long a Job that has ended stays: a failed one is made anew then, and so tried again."""
_TRIES: Final = 6
"""Pods after the first until the Job gives up; Kubernetes waits 10 s, 20 s, 40 s… between them."""
_USER: Final = 10001
"""As in GCO's image."""
_SETTINGS: Final = "gco-models"
"""A ConfigMap and a Secret of that name, where there are any, become variables of the copy."""
_LABELS: Final = {PROJECT_LABEL: PROJECT, TYPE_LABEL: TYPE_MODEL}


def model_job(model: ModelSource, namespace: str, image: str) -> Rendered:
    """Return the Job for `model`; `image` is GCO's own."""
    head = {
        "apiVersion": JOB.api_version,
        "kind": JOB.name,
        "metadata": {
            "name": job_name(model),
            "namespace": namespace,
            "labels": _LABELS,
            "annotations": {},
        },
    }
    spec = {
        "parallelism": 1,
        "completions": 1,
        "suspend": False,
        "backoffLimit": _TRIES,
        "ttlSecondsAfterFinished": KEPT_SECONDS,
        "podFailurePolicy": {"rules": _failure_rules()},
        "template": {"metadata": {"labels": _LABELS}, "spec": _pod(model, image)},
    }
    return rendered({**head, "spec": spec})


def _failure_rules() -> list[dict[str, Any]]:
    """Give up at once after what another try would not mend; a node that goes costs no try."""
    codes = {"containerName": MODEL_CONTAINER, "operator": "In", "values": sorted(map(int, FINAL))}
    disrupted = {"type": "DisruptionTarget", "status": "True"}
    return [
        {"action": "FailJob", "onExitCodes": codes},
        {"action": "Ignore", "onPodConditions": [disrupted]},
    ]


def _pod(model: ModelSource, image: str) -> dict[str, Any]:
    return {
        "serviceAccountName": COPY_ACCOUNT,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 30,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": _USER,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [_container(model, image)],
        "volumes": [{"name": MODEL_VOLUME, "persistentVolumeClaim": {"claimName": MODEL_CLAIM}}],
    }


def _container(model: ModelSource, image: str) -> dict[str, Any]:
    container: dict[str, Any] = {
        "name": MODEL_CONTAINER,
        "image": image,
        "command": [],
        "args": [_literal(word) for word in _arguments(model)],
        "envFrom": [
            {"configMapRef": {"name": _SETTINGS, "optional": True}},
            {"secretRef": {"name": _SETTINGS, "optional": True}},
        ],
        "resources": {
            "requests": {"cpu": "500m", "memory": "512Mi"},
            "limits": {"cpu": "4", "memory": "2Gi"},
        },
        "terminationMessagePolicy": "FallbackToLogsOnError",
        "volumeMounts": [{"name": MODEL_VOLUME, "mountPath": MODELS_FOLDER}],
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }
    if model.token_from is None:
        return container
    reference = model.token_from.model_dump(mode="json", by_alias=True)
    return {**container, "env": [{"name": "HF_TOKEN", "valueFrom": reference}]}


def _arguments(model: ModelSource) -> list[str]:
    told = [
        "model-sync",
        f"--source={source_uri(model)}",
        f"--name={model_name(model)}",
        f"--cache={MODELS_FOLDER}",
    ]
    return [*told, f"--digest={model.digest}"] if model.digest else told


def _literal(word: str) -> str:
    """Keep Kubernetes from reading `$(HF_TOKEN)` in a folder's name as the variable."""
    return word.replace("$(", "$$(")
