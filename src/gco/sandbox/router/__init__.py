"""What a load balancer and its controller do: requests go where the region's Ingresses say."""

from gco.sandbox.router.router import Router

__all__ = ["Router"]
