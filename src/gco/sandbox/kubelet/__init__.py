"""A kubelet that runs containers as local processes, on loopback addresses of their own."""

from gco.sandbox.kubelet.kubelet import Kubelet

__all__ = ["Kubelet"]
