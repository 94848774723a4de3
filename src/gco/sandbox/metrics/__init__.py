"""A metrics server: what the processes of pods use, for the autoscalers that ask for it."""

from gco.sandbox.metrics.server import MetricsServer

__all__ = ["MetricsServer"]
