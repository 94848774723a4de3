"""A region's cluster for other processes of this machine: the part of Kubernetes' API that reads."""

from gco.sandbox.api.server import ApiFace

__all__ = ["ApiFace"]
