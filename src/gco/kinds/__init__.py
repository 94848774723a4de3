"""What is known of Kubernetes kinds, shared by the pure core and the cluster adapters."""

from gco.kinds.registry import (
    CONTROLLER_REVISION,
    CUSTOM_RESOURCE_DEFINITION,
    DEPLOYMENT,
    EVENT,
    INFERENCE_ENDPOINT,
    INGRESS,
    KINDS,
    LEASE,
    NAMESPACE,
    NODE,
    POD,
    REPLICA_SET,
    SERVICE,
    Kind,
    kind_of,
)

__all__ = [
    "CONTROLLER_REVISION",
    "CUSTOM_RESOURCE_DEFINITION",
    "DEPLOYMENT",
    "EVENT",
    "INFERENCE_ENDPOINT",
    "INGRESS",
    "KINDS",
    "LEASE",
    "NAMESPACE",
    "NODE",
    "POD",
    "REPLICA_SET",
    "SERVICE",
    "Kind",
    "kind_of",
]
