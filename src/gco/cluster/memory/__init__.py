"""A Kubernetes cluster in memory, for the sandbox and for scenarios: an API server's stand-in."""

from gco.cluster.memory.cluster import MemoryCluster
from gco.cluster.memory.faults import Faults

__all__ = ["Faults", "MemoryCluster"]
