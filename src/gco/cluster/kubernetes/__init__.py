"""A Kubernetes cluster behind its HTTP API: aiohttp on the wire, orjson for bodies, plain dicts."""

from gco.cluster.kubernetes.client import KubernetesCluster
from gco.cluster.kubernetes.connecting import connect

__all__ = ["KubernetesCluster", "connect"]
