"""What a load balancer and its controller do: requests go where a region's routes say."""

from gco.sandbox.router.router import Router

__all__ = ["Router"]
