"""Logs and metrics. Metrics are in gco.telemetry.metrics: only who serves them pays their import."""

from gco.telemetry.logs import Logger, configure, get_logger, scope

__all__ = ["Logger", "configure", "get_logger", "scope"]
