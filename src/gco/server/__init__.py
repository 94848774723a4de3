"""Faces over HTTP that serve machines: health, readiness and metrics."""
