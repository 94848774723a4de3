"""The autoscaler: Kubernetes' own for cpu and memory, KEDA's ScaledObject for all else.

Of each pod only the server's container counts, so that a sidecar neither dilutes the measure nor,
having requested nothing, ends it. What Kubernetes or KEDA would default is stated where it decides
how many pods there are, so that an edit of it by hand is seen and undone.
"""

from typing import Any, Final

from gco.core.model.names import CONTAINER, autoscaler_name, deployment_name
from gco.core.model.profiles import profile_of
from gco.core.model.regional import Regional
from gco.core.model.scaling import OF_PODS, Scaling
from gco.core.model.spec import Metric, MetricType
from gco.core.region.actions import Rendered
from gco.core.region.render.objects import envelope, rendered
from gco.kinds.registry import DEPLOYMENT, HORIZONTAL_POD_AUTOSCALER, SCALED_OBJECT

_POLICY_SECONDS: Final = 15
_FAST_PODS: Final = 4
_WHOLE: Final = 100


def autoscaler(regional: Regional, task: Scaling) -> Rendered:
    """Return the autoscaler that does `task`."""
    return scaled_object(regional, task) if task.needs_keda else pod_autoscaler(regional, task)


def pod_autoscaler(regional: Regional, task: Scaling) -> Rendered:
    """Return the HorizontalPodAutoscaler; the metric that wants most replicas decides."""
    spec = {
        "scaleTargetRef": _target(regional),
        "minReplicas": task.least,
        "maxReplicas": task.most,
        "metrics": [_resource_metric(metric) for metric in task.metrics],
        "behavior": _behavior(task),
    }
    name = autoscaler_name(regional.name)
    return rendered({**envelope(HORIZONTAL_POD_AUTOSCALER, name, regional), "spec": spec})


def scaled_object(regional: Regional, task: Scaling) -> Rendered:
    """Return KEDA's ScaledObject; KEDA makes a HorizontalPodAutoscaler for it."""
    spec = {
        "scaleTargetRef": _target(regional),
        "minReplicaCount": task.least,
        "maxReplicaCount": task.most,
        "pollingInterval": task.interval,
        "cooldownPeriod": task.cooldown,
        "advanced": {
            "restoreToOriginalReplicaCount": False,
            "horizontalPodAutoscalerConfig": {"behavior": _behavior(task)},
        },
        "triggers": [_trigger(metric, task, regional) for metric in task.metrics],
    }
    name = autoscaler_name(regional.name)
    return rendered({**envelope(SCALED_OBJECT, name, regional), "spec": spec})


def server_query(metric: Metric, regional: Regional) -> str:
    """Return PromQL for a metric of the server, over the endpoint's pods and nobody else's.

    A pod's name is its Deployment's with two words behind it: a canary's has three.
    """
    endpoint = regional.spec.endpoint
    told = profile_of(endpoint.image, endpoint.server).metrics
    series = getattr(told, metric.type.value)
    pods = f'namespace="{regional.namespace}",pod=~"{deployment_name(regional.name)}-[^-]+-[^-]+"'
    if metric.type is MetricType.CACHE:
        return f"{_WHOLE} * avg({series}{{{pods}}})"
    return f"sum({series}{{{pods}}})"


def _target(regional: Regional) -> dict[str, Any]:
    name = deployment_name(regional.name)
    return {"apiVersion": DEPLOYMENT.api_version, "kind": DEPLOYMENT.name, "name": name}


def _resource_metric(metric: Metric) -> dict[str, Any]:
    source = {
        "name": metric.type.value,
        "container": CONTAINER,
        "target": {"type": "Utilization", "averageUtilization": metric.target},
    }
    return {"type": "ContainerResource", "containerResource": source}


def _behavior(task: Scaling) -> dict[str, Any]:
    """Kubernetes' own defaults, but for how long fewer replicas must have been enough."""
    percent = {"type": "Percent", "value": _WHOLE, "periodSeconds": _POLICY_SECONDS}
    pods = {"type": "Pods", "value": _FAST_PODS, "periodSeconds": _POLICY_SECONDS}
    return {
        "scaleUp": {
            "stabilizationWindowSeconds": 0,
            "selectPolicy": "Max",
            "policies": [pods, percent],
        },
        "scaleDown": {
            "stabilizationWindowSeconds": task.cooldown,
            "selectPolicy": "Max",
            "policies": [percent],
        },
    }


def _trigger(metric: Metric, task: Scaling, regional: Regional) -> dict[str, Any]:
    target = str(metric.target)
    if metric.type in OF_PODS:
        told = {"value": target, "containerName": CONTAINER}
        return {"type": metric.type.value, "metricType": "Utilization", "metadata": told}
    query = metric.query or server_query(metric, regional)
    told = {
        "serverAddress": task.prometheus,
        "query": query,
        "threshold": target,
        "ignoreNullValues": _absent_is_none(metric, task),
    }
    kind = "Value" if metric.type is MetricType.CACHE else "AverageValue"
    return {
        "type": "prometheus",
        "name": metric.type.value,
        "metricType": kind,
        "metadata": told,
    }


def _absent_is_none(metric: Metric, task: Scaling) -> str:
    """Whether a series that is not there counts as 0.

    A gateway has none before its first request, and a server none without pods. Where pods always
    run, it is a Prometheus that lost them: to count 0 would take replicas from under their load.
    """
    return str(metric.type is MetricType.REQUESTS or task.least == 0).lower()
